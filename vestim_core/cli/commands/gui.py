"""`vestim` alone and `vestim gui [PATH...]`: open the window, a program of its own that is started by name."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from vestim_core.spec.errors import refused
from vestim_core.system import own_command

INTERRUPTED = 130
_INSTEAD = "use the commands that 'vestim --help' lists"

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="[PATH]...", help="Data files, job files or folders to open.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("gui")(gui)


def gui(paths: Paths = None) -> int:
    """Open the window, with these files.

    'vestim' without any word does the same. Jobs go on when the window closes.
    """
    return open_window(paths or [])


def open_window(paths: list[str]) -> int:
    """Open the window and wait until it closes; its exit code. `VestimError` where there can be none."""
    need_window(_INSTEAD)
    absolute = [str(Path(path).expanduser().absolute()) for path in paths]
    try:
        return subprocess.call(own_command("gui", *absolute))
    except KeyboardInterrupt:  # the window got it too
        return INTERRUPTED


def need_window(instead: str) -> None:
    """`VestimError` with one sentence where the window, what it is made with, or a screen is missing."""
    window = find_spec("vestim_gui")  # finding is not loading
    if window is None or window.origin is None:
        raise refused(f"this version of Vestim has no window: {instead}", place="vestim_gui")
    if find_spec("PyQt6") is None:
        raise refused(
            f"the window needs PyQt6, which is not installed: 'pip install PyQt6', or {instead}", place="PyQt6"
        )
    if sys.platform == "linux" and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))):
        raise refused(
            f"there is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set): {instead}",
            place="DISPLAY",
        )
