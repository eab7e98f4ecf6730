"""`vestim` and `vestim gui [PATH...]`: opens the window, which runs as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from vestim_core.spec.errors import refused
from vestim_core.system import program_command

INTERRUPTED = 130  # exit code after Ctrl+C, as shells report it: 128 + SIGINT (2)
_ALTERNATIVE = "use the commands that 'vestim --help' lists"

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
    """Open the window, wait until it closes and return its exit code. Raises `VestimError` when it cannot open."""
    require_window(_ALTERNATIVE)
    absolute = [str(Path(path).expanduser().absolute()) for path in paths]
    try:
        return subprocess.call(program_command("gui", *absolute))
    except KeyboardInterrupt:  # the window has received the same signal
        return INTERRUPTED


def require_window(alternative: str) -> None:
    """Raise `VestimError` when the window's package, PyQt6 or a screen is missing. alternative: suggested instead."""
    window_spec = find_spec("vestim_gui")  # finds without importing
    if window_spec is None or window_spec.origin is None:
        raise refused(f"this version of Vestim has no window: {alternative}", location="vestim_gui")
    if find_spec("PyQt6") is None:
        raise refused(
            f"the window needs PyQt6, which is not installed: 'pip install PyQt6', or {alternative}", location="PyQt6"
        )
    if sys.platform == "linux" and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))):
        raise refused(
            f"there is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set): {alternative}",
            location="DISPLAY",
        )
