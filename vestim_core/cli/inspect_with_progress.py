"""Inspection of data files on the command line: sends absolute paths, shows progress per file, returns the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.output import console, plain_text
from vestim_core.client.inspection_calls import run_inspection
from vestim_core.spec.errors import wrong_input

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Data files, or folders of them.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME=HEADER", help='What a column is, e.g. --column "current_A=I/mA".'),
]


def inspect_files(method: str, **params: Any) -> dict[str, Any]:
    """Run an inspection and return its answer, with a progress bar on a terminal. Raises `VestimError` on failure."""
    with connect() as client, progress_bar() as update:
        return run_inspection(client, method, progress=update, **params)


@contextmanager
def progress_bar() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Show a progress bar on a terminal and yield the function that updates it from a worker's progress."""
    terminal = console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bars:
        task = bars.add_task("reading", total=1.0)

        def update(progress: dict[str, Any]) -> None:
            description = plain_text(progress.get("message", "reading"))
            bars.update(task, completed=float(progress.get("fraction", 0.0)), description=description)

        yield update


def absolute_paths(paths: list[str]) -> list[str]:
    """Absolute paths, for a process that works in another folder."""
    return [str(Path(path).expanduser().absolute()) for path in paths]


def parse_columns(assignments: list[str] | None) -> dict[str, str]:
    """`["current_A=I/mA"]` as a mapping. Raises `VestimError` for an entry that is not a pair."""
    pairs = [assignment.partition("=") for assignment in assignments or []]
    for name, equals_sign, header in pairs:
        if not name.strip() or not equals_sign or not header.strip():
            raise wrong_input(
                f"'{name}{equals_sign}{header}' is no column: write NAME=HEADER, e.g. current_A=I/mA",
                location="--column",
            )
    return {name.strip(): header.strip() for name, _, header in pairs}
