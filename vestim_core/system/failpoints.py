"""Failpoints: named moments at which a test may kill this process at once. Without a test they do nothing."""

from __future__ import annotations

import os
import signal

_NAME, _, _COUNT = os.environ.get("VESTIM_FAILPOINT", "").partition(":")
_left = int(_COUNT or 1)


def failpoint(name: str) -> None:
    """Die here by SIGKILL when VESTIM_FAILPOINT is `name`, or `name:n` at the n-th time."""
    global _left
    if name == _NAME:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
