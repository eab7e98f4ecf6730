"""`vestim data add|list|show|check|rename|delete`: named data sets, which jobs refer to by `data.data_set`."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, console, plain, print_json, say
from vestim_core.cli.questions import Columns, absolute, bar, columns_of
from vestim_core.cli.results import new_table
from vestim_core.cli.values import duration, number
from vestim_core.client import Client
from vestim_core.client.inspection import await_data_set
from vestim_core.spec.errors import VestimError, refused, wrong_input
from vestim_core.spec.finding import Severity

FOUND_ERRORS = 1
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: ""}
DataSetName = Annotated[str, typer.Argument(metavar="DATA_SET", help="Name or id of a data set.")]
Paths = list[str] | None
Repair = Annotated[bool, typer.Option("--repair", help="Keep all repairs that the check proposes, and check again.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Keep named data sets: files with roles, which jobs refer to.", rich_markup_mode=None)
    group.command("add")(add)
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("check")(check)
    group.command("rename")(rename)
    group.command("delete")(delete)
    app.add_typer(group, name="data")


def add(
    name: Annotated[str, typer.Argument(help="What the data set is called.")],
    files: Annotated[
        Paths, typer.Argument(metavar="[FILE]...", help="Files, folders or patterns: to be split, else for training.")
    ] = None,
    train: Annotated[Paths, typer.Option("--train", metavar="FILE", help="Files to learn from.")] = None,
    validation: Annotated[Paths, typer.Option("--validation", metavar="FILE", help="Files to choose by.")] = None,
    test: Annotated[Paths, typer.Option("--test", metavar="FILE", help="Files for the final figures.")] = None,
    split: Annotated[
        Paths,
        typer.Option("--split", metavar="ROLE=N", help="validation=0.2 or test=3: share of FILES, or their number."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another split.")] = 1,
    column: Columns = None,
    repair: Repair = False,
    replace: Annotated[bool, typer.Option("--replace", help="Change the data set of that name.")] = False,
    as_json: AsJson = False,
) -> int:
    """Keep a data set and check its files.

    Each FILE is a file, a folder, or a pattern in quotes, e.g. --test "cells/*_45C.csv". A file has one role and is
    never split inside. Ends with exit code 1 when something would make the numbers wrong.
    """
    spec: dict[str, Any] = {"columns": columns_of(column)}
    for role, given in (("files", files), ("train", train), ("validation", validation), ("test", test)):
        spec[role] = absolute(given or [])
    if split:
        spec["split"] = _split(split, seed)
    with connected() as client:
        answer = client.call("save_data_set", name=name, spec=spec, data_set=name if replace else "")
        try:
            found = _awaited(client, answer)
        except VestimError:
            if not replace:  # whoever corrects the command finds the name free
                client.call("delete_data_set", data_set=answer["data_set_id"])
            raise
        return _end(_repaired(client, found) if repair else found, as_json)


def check(data_set: DataSetName, repair: Repair = False, as_json: AsJson = False) -> int:
    """Look at the files again; jobs from then on take what is there now.

    Ends with exit code 1 when something would make the numbers wrong.
    """
    with connected() as client:
        found = _awaited(client, client.call("check_data_set", data_set=data_set))
        return _end(_repaired(client, found) if repair else found, as_json)


def list_all(as_json: AsJson = False) -> None:
    """List all data sets."""
    with connected() as client:
        found = client.call("list_data_sets")["data_sets"]
    if as_json:
        print_json(found, indent=2)
    elif not found:
        say("There are no data sets yet: 'vestim data add NAME FILE...' keeps one.")
    else:
        console().print(_sets_table(found))


def show(data_set: DataSetName, as_json: AsJson = False) -> None:
    """Show the files of a data set and what was found in them."""
    with connected() as client:
        found = client.call("show_data_set", data_set=data_set)
    if as_json:
        print_json(found, indent=2)
    else:
        _tell(found)


def rename(
    data_set: DataSetName, name: Annotated[str, typer.Argument(help="The new name.")], as_json: AsJson = False
) -> None:
    """Give a data set another name."""
    with connected() as client:
        answer = client.call("rename_data_set", data_set=data_set, name=name)
    if as_json:
        print_json(answer)
    else:
        say(f"{answer['data_set_id']} is called '{answer['name']}'.")


def delete(
    data_set: DataSetName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a data set; its files stay, and so do all jobs."""
    with connected() as client:
        found = client.call("show_data_set", data_set=data_set)
        if not yes:
            _ask(found)
        answer = client.call("delete_data_set", data_set=found["data_set_id"])
    if as_json:
        print_json(answer)
    else:
        say(f"Data set '{answer['name']}' is forgotten; its files are where they were.")


def _ask(found: dict[str, Any]) -> None:
    if not sys.stdin.isatty():
        raise refused(f"data set '{found['name']}' is forgotten only when you say so: add --yes")
    if not typer.confirm(f"Forget data set '{plain(found['name'])}' ({found['data_set_id']})? Its files stay."):
        raise refused(f"data set '{found['name']}' was not forgotten")


def _split(given: list[str], seed: int) -> dict[str, Any]:
    """`["validation=0.2", "test=3"]` as a split; `VestimError` for what is no such pair."""
    split: dict[str, Any] = {"validation": 0.0, "seed": seed}
    for text in given:
        role, _, amount = text.partition("=")
        try:
            split[{"validation": "validation", "test": "test"}[role.strip()]] = float(amount)
        except (KeyError, ValueError):
            raise wrong_input(
                f"'{text}' is no split: write validation=0.2 or test=3, and training has the rest", place="--split"
            ) from None
    return split


def _awaited(client: Client, answer: dict[str, Any]) -> dict[str, Any]:
    with bar() as progress:
        return await_data_set(client, answer, progress)


def _repaired(client: Client, found: dict[str, Any]) -> dict[str, Any]:
    """The same data set with every repair that its findings propose."""
    names = [_name_of(file) for file in found["content"]["files"]]
    proposed = [
        {"file": finding["file"], "repair": finding["repair"]}
        for finding in found["content"]["findings"]
        if finding["repair"] and names.count(finding["file"]) <= 1  # earlier versions named no folders
    ]
    if not proposed:
        return found
    spec = {**found["spec"], "repairs": [*found["content"]["repairs"], *proposed]}
    asked = {"name": found["name"], "spec": spec, "data_set": found["data_set_id"]}
    return _awaited(client, client.call("save_data_set", **asked))


def _end(found: dict[str, Any], as_json: bool) -> int:
    if as_json:
        print_json(found, indent=2)
    else:
        _tell(found)
    return FOUND_ERRORS if found["findings"].get(Severity.ERROR) else 0


def _tell(found: dict[str, Any]) -> None:
    out = console()
    say(f"{plain(found['name'])} ({found['data_set_id']}) is {found['state']}.")
    if found["error"]:
        say(f"Error: {plain(found['error']['message'])}")
    for change in found["changes"]:
        say(f"Since the check before: {plain(change)}")
    content = found["content"]
    if content is None:
        return
    out.print(_files_table(content["files"]))
    if content["repairs"]:
        say(f"Repairs kept: {len(content['repairs'])}.")
    for finding in content["findings"]:
        severity = Severity(finding["severity"])
        mended = " [can be repaired: --repair]" if finding["repair"] else ""
        line = Text(f"  {severity.value}: ", style=STYLES[severity])
        line.append(f"{plain(finding['sentence'])}{mended}", style="default")
        out.print(line, soft_wrap=True)
    left_out = sum(content["finding_counts"].values()) - len(content["findings"])
    if left_out:
        say(f"  and {left_out} more findings.")


def _files_table(files: list[dict[str, Any]]) -> Any:
    """Files by name; by path where two have one name."""
    table = new_table()
    table.add_column("Role", no_wrap=True)
    table.add_column("File", overflow="fold")
    for head in ("Rows", "Duration", "Sample time", "Temperature"):
        table.add_column(head, justify="right", no_wrap=True)
    names = Counter(_name_of(file) for file in files)
    for file in files:
        called = _name_of(file) if names[_name_of(file)] == 1 else file["path"]
        took = duration(file["duration_s"]) if file["duration_s"] is not None else "-"
        sample = f"{number(file['sample_time_s'])} s" if file["sample_time_s"] is not None else "-"
        warmth = f"{number(file['temperature_degC'])} degC" if file["temperature_degC"] is not None else "-"
        rows = f"{file['rows']:,}" if file["readable"] else "unreadable"
        table.add_row(*map(Text, (file["role"], plain(called), rows, took, sample, warmth)))
    return table


def _name_of(file: dict[str, Any]) -> str:
    return str(file["path"]).replace("\\", "/").rpartition("/")[2]


def _sets_table(found: list[dict[str, Any]]) -> Any:
    """One row a data set; its files as training + validation + test."""
    table = new_table()
    table.add_column("Name", overflow="fold")
    table.add_column("State", no_wrap=True)
    for head in ("Files", "Rows", "Duration", "Errors", "Warnings"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in found:
        files = " + ".join(str(one["files"][role]) for role in ("train", "validation", "test"))
        issues = [str(one["findings"].get(severity.value, 0)) for severity in (Severity.ERROR, Severity.WARNING)]
        cells = (plain(one["name"]), one["state"], files, f"{one['rows']:,}", duration(one["duration_s"]), *issues)
        table.add_row(*map(Text, cells))
    return table
