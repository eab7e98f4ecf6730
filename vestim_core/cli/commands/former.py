"""`vestim server|all|status`: the words of the former program, in their sense."""

from __future__ import annotations

import subprocess

import typer

from vestim_core.cli.commands import daemon
from vestim_core.cli.commands.gui import need_window, open_window
from vestim_core.cli.commands.serve import PORT, Port, serve
from vestim_core.cli.output import AsJson, say
from vestim_core.system import own_command

GATEWAY_ENDS_S = 10.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    app.command("server", hidden=True)(server)
    app.command("all", hidden=True)(everything)


def status(as_json: AsJson = False) -> None:
    """Like 'vestim daemon status'."""
    todays_word("daemon status", as_json=as_json)
    daemon.status(as_json=as_json)


def server(port: Port = PORT) -> int:
    """Offer every operation over REST, like 'vestim serve'."""
    todays_word("serve", as_json=False)
    return serve(port)


def everything(port: Port = PORT) -> int:
    """Offer every operation over REST for as long as the window is open; jobs go on after both."""
    need_window("'vestim serve' offers REST alone")
    with subprocess.Popen(own_command("gateway", "--port", str(port))) as gateway:
        try:
            return open_window([])
        finally:
            gateway.terminate()
            gateway.wait(GATEWAY_ENDS_S)


def todays_word(command: str, *, as_json: bool) -> None:
    """Name the command of today to people; programs find nothing but JSON."""
    if not as_json:
        say(f"Today's word is 'vestim {command}'.", stderr=True)
