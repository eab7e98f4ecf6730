"""`vestim import-legacy PATH...`: imports jobs of PyBattML with their history, results and models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.inspect_with_progress import absolute_paths
from vestim_core.cli.output import AsJson, console, plain_text, print_json, say
from vestim_core.cli.result_tables import new_table
from vestim_core.client import import_legacy_jobs as import_pages
from vestim_core.spec.errors import ErrorCode, not_found


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import-legacy")(import_legacy)


def import_legacy(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Job folders, folders of them, or a job_registry.json.")
    ],
    as_json: AsJson = False,
) -> int:
    """Bring in jobs of PyBattML: settings, history, results and models. Its files are only read.

    Importing twice changes nothing. Ends with code 1 when nothing could be brought in.
    """
    if not any(Path(path).expanduser().exists() for path in paths):
        raise not_found(f"there is no file or folder '{paths[0]}': check the path", location="PATH")
    report: dict[str, list[dict[str, Any]]] = {"imported": [], "known": [], "skipped": []}
    with connect() as client:
        for page in import_pages(client.call, absolute_paths(paths)):
            for kind, rows in report.items():
                rows += page[kind]
    if as_json:
        print_json(report, indent=2)
    else:
        _print_report(report)
    return 0 if report["imported"] or report["known"] else ErrorCode.FAILED.exit_code


def _print_report(report: dict[str, list[dict[str, Any]]]) -> None:
    if report["imported"]:
        table = new_table("Imported")
        for title in ("Job", "State", "Models", "From"):
            table.add_column(title, overflow="fold", justify="right" if title == "Models" else "left")
        for job in report["imported"]:
            table.add_row(*map(Text, (job["job_id"], job["state"], str(job["models"]), plain_text(job["source"]))))
        console().print(table)
    for job in report["imported"]:
        for note in job["notes"]:
            say(f"{job['job_id']}: {plain_text(note)}")
    if report["known"]:
        say(f"{len(report['known'])} were there already and are as they were.")
    for skipped in report["skipped"]:
        reason = skipped["message"]
        source_prefix = "" if skipped["source"] in reason else f"{skipped['source']}: "
        say(f"Not imported: {plain_text(source_prefix + reason)}", stderr=True)
    if report["imported"]:
        say("'vestim test JOB FILE...' tests their models on new files.")
