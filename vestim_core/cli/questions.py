"""Asking about files on the command line: absolute paths out, progress by file on a terminal, the answer back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn

from vestim_core.cli.link import connected
from vestim_core.cli.output import console, plain
from vestim_core.client.inspection import ask
from vestim_core.spec.errors import wrong_input

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Data files, or folders of them.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME=HEADER", help='What a column is, e.g. --column "current_A=I/mA".'),
]


def answer(method: str, **params: Any) -> dict[str, Any]:
    """The answer of an inspecting worker, with a bar on a terminal while it works; `VestimError` when there is none."""
    with connected() as client, bar() as progress:
        return ask(client, method, progress=progress, **params)


@contextmanager
def bar() -> Iterator[Callable[[dict[str, Any]], None]]:
    """A bar on a terminal, and what moves it as a worker's progress comes in."""
    out = console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bars:
        task = bars.add_task("reading", total=1.0)

        def progress(news: dict[str, Any]) -> None:
            words = plain(news.get("message", "reading"))
            bars.update(task, completed=float(news.get("fraction", 0.0)), description=words)

        yield progress


def absolute(paths: list[str]) -> list[str]:
    """The same files for a process that works in another folder."""
    return [str(Path(path).expanduser().absolute()) for path in paths]


def columns_of(given: list[str] | None) -> dict[str, str]:
    """`["current_A=I/mA"]` as a mapping; `VestimError` for what is no such pair."""
    pairs = [text.partition("=") for text in given or []]
    for name, sign, header in pairs:
        if not name.strip() or not sign or not header.strip():
            raise wrong_input(
                f"'{name}{sign}{header}' is no column: write NAME=HEADER, e.g. current_A=I/mA", place="--column"
            )
    return {name.strip(): header.strip() for name, _, header in pairs}
