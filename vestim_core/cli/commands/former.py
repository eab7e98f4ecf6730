"""`vestim server|gui|all|status`: the words of the former program, in their sense where the part exists."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec

import typer

from vestim_core.cli.commands import daemon
from vestim_core.cli.output import AsJson, say
from vestim_core.spec.errors import refused
from vestim_core.system import own_command


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    app.command("server", hidden=True)(server)
    app.command("gui")(gui)
    app.command("all", hidden=True)(everything)


def status(as_json: AsJson = False) -> None:
    """Like 'vestim daemon status'."""
    todays_word("daemon status", as_json=as_json)
    daemon.status(as_json=as_json)


def server(as_json: AsJson = False) -> None:
    """Start the daemon, like 'vestim daemon start'."""
    daemon.start(as_json=as_json)
    todays_word("daemon start", as_json=as_json)


def gui() -> int:
    """Open the window."""
    _need_window("use the commands that 'vestim --help' lists")
    return subprocess.call(own_command("gui"))


def everything() -> int:
    """Start the daemon and open the window."""
    _need_window("'vestim daemon start' starts the daemon alone")
    daemon.start()
    return gui()


def todays_word(command: str, *, as_json: bool) -> None:
    """Name the command of today to people; programs find nothing but JSON."""
    if not as_json:
        say(f"Today's word is 'vestim {command}'.", stderr=True)


def _need_window(instead: str) -> None:
    if find_spec("vestim_gui") is None:
        raise refused(f"this version of Vestim has no window yet: {instead}", place="vestim_gui")
