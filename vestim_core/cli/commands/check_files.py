"""`vestim check FILE...`: reports problems in data files and writes repaired copies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.commands.convert import print_written_files
from vestim_core.cli.inspect_with_progress import Columns, Files, absolute_paths, inspect_files, parse_columns
from vestim_core.cli.output import AsJson, console, plain_text, print_json, say
from vestim_core.spec.finding import Severity

SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: ""}
EXIT_FOUND_ERRORS = 1  # exit code: at least one finding of severity error


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
    columns = parse_columns(column)
    report = inspect_files("check", files=[{"path": path} for path in absolute_paths(files)], columns=columns)
    written_files = _write_repaired(report, fix_to, columns) if fix_to else []
    if as_json:
        print_json({**report, "written": written_files}, indent=2)
    else:
        _print_report(report)
        print_written_files(written_files)
    if any(finding["severity"] == Severity.ERROR for finding in report["findings"]):
        raise typer.Exit(EXIT_FOUND_ERRORS)


def _write_repaired(report: dict[str, Any], folder: str, columns: dict[str, str]) -> list[dict[str, Any]]:
    """Write copies of the files with every repair that the check proposes; one record per copy."""
    readable = [file for file in report["files"] if file["readable"]]
    if not readable:
        return []
    paths = {file["name"]: file["path"] for file in readable}
    repairs = [
        {"file": paths[finding["file"]], "repair": finding["repair"]}
        for finding in report["findings"]
        if finding["repair"] and finding["file"] in paths
    ]
    params = {"files": [file["path"] for file in readable], "folder": str(Path(folder).expanduser().absolute())}
    files: list[dict[str, Any]] = inspect_files("rewrite", **params, columns=columns, repairs=repairs)["files"]
    return files


def _print_report(report: dict[str, Any]) -> None:
    terminal = console()
    for file in report["files"]:
        vendor = f"{file['vendor'] or 'unknown'} ({plain_text(file['why'])})"
        say(f"{plain_text(file['name'])}: {file['rows']:,} rows, {vendor}")
    order = list(SEVERITY_STYLES)
    for finding in sorted(report["findings"], key=lambda finding: order.index(Severity(finding["severity"]))):
        severity = Severity(finding["severity"])
        repair_hint = " [can be repaired: --fix-to DIR]" if finding["repair"] else ""
        line = Text(f"  {severity.value}: ", style=SEVERITY_STYLES[severity])
        line.append(f"{plain_text(finding['message'])}{repair_hint}", style="default")
        terminal.print(line, soft_wrap=True)
    if not report["findings"]:
        say("Nothing to complain about.")
