"""`vestim verify`: the promises of this installation, checked by a program of its own that is started by name."""

from __future__ import annotations

import subprocess
from typing import Annotated

import typer

from vestim_core.cli.output import AsJson
from vestim_core.system import own_command

INTERRUPTED = 130


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
    words = [*(["--list"] if only_list else []), *(["--json"] if as_json else [])]
    with subprocess.Popen(own_command("verify", *words)) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:  # it has got the same Ctrl+C, and puts away what it started
            process.wait()
            return INTERRUPTED
