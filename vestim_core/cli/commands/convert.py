"""`vestim convert FILE... --to bdf DIR`: any readable files as files of the Battery Data Format."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from vestim_core.cli.output import AsJson, plain, print_json, say
from vestim_core.cli.questions import Columns, absolute, answer, columns_of
from vestim_core.spec.errors import wrong_input


class Format(StrEnum):
    """What files can be written as."""

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
        raise wrong_input("name the files and, last, the folder for the new ones", place="DIR")
    *sources, folder = files
    asked = {"files": absolute(sources), "folder": str(Path(folder).expanduser().absolute())}
    written = answer("rewrite", **asked, columns=columns_of(column))["files"]
    if as_json:
        print_json({"format": to.value, "written": written}, indent=2)
    else:
        tell_written(written)


def tell_written(written: list[dict[str, Any]]) -> None:
    """One line for each new file."""
    for file in written:
        repairs = f", {file['repairs']} repairs" if file["repairs"] else ""
        say(f"{plain(file['source'])} -> {plain(file['path'])} ({file['rows']:,} rows{repairs})")
