"""Failpoints: named moments at which a test may kill this process at once. Without a test they do nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

_NAME, _, _TOKEN = os.environ.get("VESTIM_FAILPOINT", "").partition("=")


def failpoint(name: str) -> None:
    """Die here by SIGKILL when VESTIM_FAILPOINT is `name=file` and the file is there; it is removed, so that only one
    process does so once."""
    if name == _NAME:
        try:
            Path(_TOKEN).unlink()
        except OSError:
            return
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
