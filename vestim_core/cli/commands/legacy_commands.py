"""`vestim server|all|status`: commands of PyBattML, with the same meaning."""

from __future__ import annotations

import subprocess

import typer

from vestim_core.cli.commands import daemon
from vestim_core.cli.commands.gui import open_window, require_window
from vestim_core.cli.commands.serve import DEFAULT_PORT, Port, serve
from vestim_core.cli.output import AsJson, say
from vestim_core.system import program_command

GATEWAY_STOP_TIMEOUT_S = 10.0  # allows for a busy machine; arbitrary, 5 to 60 works


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    app.command("server", hidden=True)(server)
    app.command("all", hidden=True)(serve_and_open_window)


def status(as_json: AsJson = False) -> None:
    """Like 'vestim daemon status'."""
    print_current_command("daemon status", as_json=as_json)
    daemon.status(as_json=as_json)


def server(port: Port = DEFAULT_PORT) -> int:
    """Offer every operation over REST, like 'vestim serve'."""
    print_current_command("serve", as_json=False)
    return serve(port)


def serve_and_open_window(port: Port = DEFAULT_PORT) -> int:
    """Offer every operation over REST for as long as the window is open; jobs go on after both."""
    require_window("'vestim serve' offers REST alone")
    with subprocess.Popen(program_command("gateway", "--port", str(port))) as gateway:
        try:
            return open_window([])
        finally:
            gateway.terminate()
            gateway.wait(GATEWAY_STOP_TIMEOUT_S)


def print_current_command(command: str, *, as_json: bool) -> None:
    """Name the current command on standard error; nothing with `as_json`, so that programs read JSON alone."""
    if not as_json:
        say(f"Today's word is 'vestim {command}'.", stderr=True)
