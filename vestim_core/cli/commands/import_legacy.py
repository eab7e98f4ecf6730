"""`vestim import-legacy PATH...`: jobs of PyBattML, with their history, results and models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, console, plain, print_json, say
from vestim_core.cli.questions import absolute
from vestim_core.cli.results import new_table
from vestim_core.client import import_legacy as pages
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
        raise not_found(f"there is no file or folder '{paths[0]}': check the path", place="PATH")
    found: dict[str, list[dict[str, Any]]] = {"imported": [], "known": [], "skipped": []}
    with connected() as client:
        for page in pages(client.call, absolute(paths)):
            for kind, several in found.items():
                several += page[kind]
    if as_json:
        print_json(found, indent=2)
    else:
        _tell(found)
    return 0 if found["imported"] or found["known"] else ErrorCode.FAILED.exit_code


def _tell(found: dict[str, list[dict[str, Any]]]) -> None:
    if found["imported"]:
        table = new_table("Imported")
        for head in ("Job", "State", "Models", "From"):
            table.add_column(head, overflow="fold", justify="right" if head == "Models" else "left")
        for job in found["imported"]:
            table.add_row(*map(Text, (job["job_id"], job["state"], str(job["models"]), plain(job["source"]))))
        console().print(table)
    for job in found["imported"]:
        for note in job["notes"]:
            say(f"{job['job_id']}: {plain(note)}")
    if found["known"]:
        say(f"{len(found['known'])} were there already and are as they were.")
    for skipped in found["skipped"]:
        sentence = skipped["sentence"]
        named = "" if skipped["source"] in sentence else f"{skipped['source']}: "
        say(f"Not imported: {plain(named + sentence)}", stderr=True)
    if found["imported"]:
        say("'vestim test JOB FILE...' tests their models on new files.")
