"""`vestim check FILE...`: what is wrong or odd in data files, and the same files repaired."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.commands.convert import tell_written
from vestim_core.cli.output import AsJson, console, plain, print_json, say
from vestim_core.cli.questions import Columns, Files, absolute, answer, columns_of
from vestim_core.spec.finding import Severity

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: ""}
FOUND_ERRORS = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    files: Files,
    column: Columns = None,
    fix_to: Annotated[
        str, typer.Option("--fix-to", metavar="DIR", help="Write the files, with all proposed repairs, to this folder.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check data files: each by itself and all together.

    Ends with exit code 1 when something would make the numbers wrong. Nothing is changed; with --fix-to, repaired
    copies are written in the Battery Data Format.
    """
    columns = columns_of(column)
    found = answer("check", files=[{"path": path} for path in absolute(files)], columns=columns)
    written = _fixed(found, fix_to, columns) if fix_to else []
    if as_json:
        print_json({**found, "written": written}, indent=2)
    else:
        _tell(found)
        tell_written(written)
    if any(finding["severity"] == Severity.ERROR for finding in found["findings"]):
        raise typer.Exit(FOUND_ERRORS)


def _fixed(found: dict[str, Any], folder: str, columns: dict[str, str]) -> list[dict[str, Any]]:
    """Write the files with every repair that the check proposes."""
    readable = [file for file in found["files"] if file["readable"]]
    if not readable:
        return []
    paths = {file["name"]: file["path"] for file in readable}
    repairs = [
        {"file": paths[finding["file"]], "repair": finding["repair"]}
        for finding in found["findings"]
        if finding["repair"] and finding["file"] in paths
    ]
    asked = {"files": [file["path"] for file in readable], "folder": str(Path(folder).expanduser().absolute())}
    files: list[dict[str, Any]] = answer("rewrite", **asked, columns=columns, repairs=repairs)["files"]
    return files


def _tell(found: dict[str, Any]) -> None:
    out = console()
    for file in found["files"]:
        say(f"{plain(file['name'])}: {file['rows']:,} rows, {file['vendor'] or 'unknown'} ({plain(file['why'])})")
    order = list(STYLES)
    for finding in sorted(found["findings"], key=lambda finding: order.index(Severity(finding["severity"]))):
        severity = Severity(finding["severity"])
        mended = " [can be repaired: --fix-to DIR]" if finding["repair"] else ""
        line = Text(f"  {severity.value}: ", style=STYLES[severity])
        line.append(f"{plain(finding['sentence'])}{mended}", style="default")
        out.print(line, soft_wrap=True)
    if not found["findings"]:
        say("Nothing to complain about.")
