"""`vestim serve`: offers every operation over REST, on this machine only."""

from __future__ import annotations

import subprocess
from typing import Annotated

import typer

from vestim_core.system import program_command

DEFAULT_PORT = 8001  # TCP port of PyBattML's server, so that scripts written for it connect

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of 127.0.0.1; 0 takes any that is free.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    port: Port = DEFAULT_PORT,
    show_token: Annotated[bool, typer.Option("--show-token", help="Print the token and end.")] = False,
) -> int:
    """Offer every operation over REST on 127.0.0.1, until Ctrl+C.

    Starts the daemon when none runs; jobs go on when this ends. Requests carry 'Authorization: Bearer TOKEN'.
    """
    arguments = ["--show-token"] if show_token else ["--port", str(port)]
    try:
        return subprocess.call(program_command("gateway", *arguments))
    except KeyboardInterrupt:  # the gateway ends by itself on the same Ctrl+C
        return 0
