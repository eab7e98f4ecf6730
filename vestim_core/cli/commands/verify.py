"""`vestim verify`: checks this installation, in a process of its own."""

from __future__ import annotations

import subprocess
from typing import Annotated

import typer

from vestim_core.cli.output import AsJson
from vestim_core.system import program_command

INTERRUPTED = 130  # exit code after Ctrl+C, as shells report it: 128 + SIGINT (2)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(
    only_list: Annotated[bool, typer.Option("--list", help="Print what is checked, and check nothing.")] = False,
    as_json: AsJson = False,
) -> int:
    """Check that this installation keeps its promises, in a home of its own that is gone afterwards.

    Containers, the manager, the whole life of a job in real processes, and every REST path of PyBattML.
    """
    arguments = [*(["--list"] if only_list else []), *(["--json"] if as_json else [])]
    with subprocess.Popen(program_command("verify", *arguments)) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:  # it has received the same Ctrl+C and cleans up after itself
            process.wait()
            return INTERRUPTED
