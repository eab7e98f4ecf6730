"""`vestim sniff`, `preview` and `map`: identifies data files, shows their signals and maps their columns."""

from __future__ import annotations

from typing import Annotated

import typer

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.inspect_with_progress import Columns, Files, absolute_paths, inspect_files, parse_columns
from vestim_core.cli.output import AsJson, plain_text, print_json, say
from vestim_core.cli.value_format import format_number
from vestim_core.spec.errors import wrong_input

File = Annotated[str, typer.Argument(metavar="FILE", help="One data file.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("sniff")(sniff)
    app.command("preview")(preview)
    app.command("map")(map_columns)


def sniff(files: Files, column: Columns = None, as_json: AsJson = False) -> None:
    """Say what kind of files these are: vendor and why, columns and what they are taken for."""
    report = inspect_files("sniff", files=absolute_paths(files), columns=parse_columns(column))
    if as_json:
        print_json(report, indent=2)
        return
    for file in report["files"]:
        if not file["readable"]:
            say(plain_text(file["error"]))
            continue
        say(f"{plain_text(file['name'])}: {file['vendor'] or 'unknown'} ({plain_text(file['why'])})")
        for matched_column in file["columns"]:
            unit = f" [{plain_text(matched_column['unit'])}]" if matched_column["unit"] else ""
            say(f"  {matched_column['name']} = {plain_text(matched_column['header'])}{unit}")
        if file["missing"]:
            say(f"  missing: {', '.join(file['missing'])}. Columns there: {plain_text(', '.join(file['headers']))}")


def preview(
    file: File,
    column: Columns = None,
    signal: Annotated[list[str] | None, typer.Option("--signal", help="Only this column, e.g. voltage_V.")] = None,
    points: Annotated[int, typer.Option(min=4, max=20_000, help="At most this many points of each.")] = 2_000,
    as_json: AsJson = False,
) -> None:
    """Summarize the signals of a file; with --json, give them, thinned so that single spikes stay."""
    params = {
        "file": absolute_paths([file])[0],
        "columns": parse_columns(column),
        "signals": signal or [],
        "points": points,
    }
    curves = inspect_files("preview", **params)
    if as_json:
        print_json(curves)
        return
    say(f"{plain_text(curves['name'])}: {curves['rows']:,} rows")
    for name, curve in curves["signals"].items():
        values = [value for value in curve["value"] if value is not None]
        value_range = f"{format_number(min(values))} to {format_number(max(values))}" if values else "no numbers"
        say(f"  {name}: {value_range}")


def map_columns(
    file: File,
    columns: Annotated[list[str] | None, typer.Argument(metavar="[NAME=HEADER]...", help="None forgets.")] = None,
    as_json: AsJson = False,
) -> None:
    """Remember what the columns of files with this header are."""
    mapping = parse_columns(columns)
    (file_report,) = inspect_files("sniff", files=absolute_paths([file]), columns=mapping)["files"]
    if not file_report["readable"]:
        raise wrong_input(file_report["error"], location=file)
    header = file_report["headers"]
    with connect() as client:
        saved_mapping = client.call("map_columns", header=header, columns=mapping)
    if as_json:
        print_json(saved_mapping)
    elif mapping:
        say(f"Files with the header of {plain_text(file)} are read so from now on.")
    else:
        say(f"What was remembered for the header of {plain_text(file)} is forgotten.")
