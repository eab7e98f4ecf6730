"""Failpoints: named points in the code at which a test can kill the process. Outside of tests they do nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

_NAME, _, _TOKEN = os.environ.get("VESTIM_FAILPOINT", "").partition("=")


def failpoint(name: str) -> None:
    """Kill this process by SIGKILL if VESTIM_FAILPOINT is `name=file` and the file exists.

    The file is removed first, so that it happens only once and in one process.
    """
    if name == _NAME:
        try:
            Path(_TOKEN).unlink()
        except OSError:
            return
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
