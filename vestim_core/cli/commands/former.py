"""`vestim server|all|status`: the words of the former program, in their sense where the part exists."""

from __future__ import annotations

import typer

from vestim_core.cli.commands import daemon
from vestim_core.cli.commands.gui import need_window, open_window
from vestim_core.cli.output import AsJson, say


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    app.command("server", hidden=True)(server)
    app.command("all", hidden=True)(everything)


def status(as_json: AsJson = False) -> None:
    """Like 'vestim daemon status'."""
    todays_word("daemon status", as_json=as_json)
    daemon.status(as_json=as_json)


def server(as_json: AsJson = False) -> None:
    """Start the daemon, like 'vestim daemon start'."""
    daemon.start(as_json=as_json)
    todays_word("daemon start", as_json=as_json)


def everything() -> int:
    """Start the daemon and open the window."""
    need_window("'vestim daemon start' starts the daemon alone")
    daemon.start()
    return open_window([])


def todays_word(command: str, *, as_json: bool) -> None:
    """Name the command of today to people; programs find nothing but JSON."""
    if not as_json:
        say(f"Today's word is 'vestim {command}'.", stderr=True)
