"""`vestim convert FILE... --to bdf DIR`: writes readable files in the Battery Data Format."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from vestim_core.cli.inspect_with_progress import Columns, absolute_paths, inspect_files, parse_columns
from vestim_core.cli.output import AsJson, plain_text, print_json, say
from vestim_core.spec.errors import wrong_input


class Format(StrEnum):
    """Output formats."""

    BDF = "bdf"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert")(convert)


def convert(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE... DIR", help="Data files, or folders of them; last, where to.")
    ],
    to: Annotated[Format, typer.Option("--to", help="Format of the new files.")] = Format.BDF,
    column: Columns = None,
    as_json: AsJson = False,
) -> None:
    """Write data files anew in the Battery Data Format: canonical units, charge positive.

    Nothing is repaired and nothing in the folder is overwritten.
    """
    if len(files) < 2:
        raise wrong_input("name the files and, last, the folder for the new ones", location="DIR")
    *sources, folder = files
    params = {"files": absolute_paths(sources), "folder": str(Path(folder).expanduser().absolute())}
    written_files = inspect_files("rewrite", **params, columns=parse_columns(column))["files"]
    if as_json:
        print_json({"format": to.value, "written": written_files}, indent=2)
    else:
        print_written_files(written_files)


def print_written_files(written_files: list[dict[str, Any]]) -> None:
    """Print one line for each new file."""
    for file in written_files:
        repairs = f", {file['repairs']} repairs" if file["repairs"] else ""
        say(f"{plain_text(file['source'])} -> {plain_text(file['path'])} ({file['rows']:,} rows{repairs})")
