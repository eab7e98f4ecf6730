"""`vestim sniff`, `preview` and `map`: what kind of files these are, what they hold, and what their columns mean."""

from __future__ import annotations

from typing import Annotated

import typer

from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, plain, print_json, say
from vestim_core.cli.questions import Columns, Files, absolute, answer, columns_of
from vestim_core.cli.values import number
from vestim_core.spec.errors import wrong_input

File = Annotated[str, typer.Argument(metavar="FILE", help="One data file.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("sniff")(sniff)
    app.command("preview")(preview)
    app.command("map")(map_columns)


def sniff(files: Files, column: Columns = None, as_json: AsJson = False) -> None:
    """Say what kind of files these are: vendor and why, columns and what they are taken for."""
    found = answer("sniff", files=absolute(files), columns=columns_of(column))
    if as_json:
        print_json(found, indent=2)
        return
    for file in found["files"]:
        if not file["readable"]:
            say(plain(file["error"]))
            continue
        say(f"{plain(file['name'])}: {file['vendor'] or 'unknown'} ({plain(file['why'])})")
        for column_found in file["columns"]:
            unit = f" [{plain(column_found['unit'])}]" if column_found["unit"] else ""
            say(f"  {column_found['name']} = {plain(column_found['header'])}{unit}")
        if file["missing"]:
            say(f"  missing: {', '.join(file['missing'])}. Columns there: {plain(', '.join(file['headers']))}")


def preview(
    file: File,
    column: Columns = None,
    signal: Annotated[list[str] | None, typer.Option("--signal", help="Only this column, e.g. voltage_V.")] = None,
    points: Annotated[int, typer.Option(min=4, max=20_000, help="At most this many points of each.")] = 2_000,
    as_json: AsJson = False,
) -> None:
    """Summarise the signals of a file; with --json, give them, thinned so that single spikes stay."""
    asked = {"file": absolute([file])[0], "columns": columns_of(column), "signals": signal or [], "points": points}
    found = answer("preview", **asked)
    if as_json:
        print_json(found)
        return
    say(f"{plain(found['name'])}: {found['rows']:,} rows")
    for name, curve in found["signals"].items():
        values = [value for value in curve["value"] if value is not None]
        span = f"{number(min(values))} to {number(max(values))}" if values else "no numbers"
        say(f"  {name}: {span}")


def map_columns(
    file: File,
    columns: Annotated[list[str] | None, typer.Argument(metavar="[NAME=HEADER]...", help="None forgets.")] = None,
    as_json: AsJson = False,
) -> None:
    """Remember what the columns of files with this header are."""
    mapping = columns_of(columns)
    (found,) = answer("sniff", files=absolute([file]), columns=mapping)["files"]
    if not found["readable"]:
        raise wrong_input(found["error"], place=file)
    header = found["headers"]
    with connected() as client:
        kept = client.call("map_columns", header=header, columns=mapping)
    if as_json:
        print_json(kept)
    elif mapping:
        say(f"Files with the header of {plain(file)} are read so from now on.")
    else:
        say(f"What was remembered for the header of {plain(file)} is forgotten.")
