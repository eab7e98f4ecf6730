"""`vestim data add|list|show|check|rename|delete`: named data sets, which jobs refer to by `data.data_set`."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.inspect_with_progress import Columns, absolute_paths, parse_columns, progress_bar
from vestim_core.cli.output import AsJson, console, plain_text, print_json, say
from vestim_core.cli.result_tables import new_table
from vestim_core.cli.value_format import format_duration, format_number
from vestim_core.client import Client
from vestim_core.client.inspection_calls import wait_for_data_set
from vestim_core.spec.errors import VestimError, refused, wrong_input
from vestim_core.spec.finding import Severity

EXIT_FOUND_ERRORS = 1  # exit code: at least one finding of severity error
SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: ""}
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
    spec: dict[str, Any] = {"columns": parse_columns(column)}
    for role, role_files in (("files", files), ("train", train), ("validation", validation), ("test", test)):
        spec[role] = absolute_paths(role_files or [])
    if split:
        spec["split"] = _parse_split(split, seed)
    with connect() as client:
        answer = client.call("save_data_set", name=name, spec=spec, data_set=name if replace else "")
        try:
            checked_set = _await_check(client, answer)
        except VestimError:
            if not replace:  # frees the name for the corrected command
                client.call("delete_data_set", data_set=answer["data_set_id"])
            raise
        return _print_and_get_exit_code(_apply_repairs(client, checked_set) if repair else checked_set, as_json)


def check(data_set: DataSetName, repair: Repair = False, as_json: AsJson = False) -> int:
    """Look at the files again; jobs from then on take what is there now.

    Ends with exit code 1 when something would make the numbers wrong.
    """
    with connect() as client:
        checked_set = _await_check(client, client.call("check_data_set", data_set=data_set))
        return _print_and_get_exit_code(_apply_repairs(client, checked_set) if repair else checked_set, as_json)


def list_all(as_json: AsJson = False) -> None:
    """List all data sets."""
    with connect() as client:
        data_sets = client.call("list_data_sets")["data_sets"]
    if as_json:
        print_json(data_sets, indent=2)
    elif not data_sets:
        say("There are no data sets yet: 'vestim data add NAME FILE...' keeps one.")
    else:
        console().print(_data_sets_table(data_sets))


def show(data_set: DataSetName, as_json: AsJson = False) -> None:
    """Show the files of a data set and what was found in them."""
    with connect() as client:
        record = client.call("show_data_set", data_set=data_set)
    if as_json:
        print_json(record, indent=2)
    else:
        _print_data_set(record)


def rename(
    data_set: DataSetName, name: Annotated[str, typer.Argument(help="The new name.")], as_json: AsJson = False
) -> None:
    """Give a data set another name."""
    with connect() as client:
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
    with connect() as client:
        record = client.call("show_data_set", data_set=data_set)
        if not yes:
            _confirm_deletion(record)
        answer = client.call("delete_data_set", data_set=record["data_set_id"])
    if as_json:
        print_json(answer)
    else:
        say(f"Data set '{answer['name']}' is forgotten; its files are where they were.")


def _confirm_deletion(record: dict[str, Any]) -> None:
    if not sys.stdin.isatty():
        raise refused(f"data set '{record['name']}' is forgotten only when you say so: add --yes")
    if not typer.confirm(f"Forget data set '{plain_text(record['name'])}' ({record['data_set_id']})? Its files stay."):
        raise refused(f"data set '{record['name']}' was not forgotten")


def _parse_split(assignments: list[str], seed: int) -> dict[str, Any]:
    """`["validation=0.2", "test=3"]` as a split. Raises `VestimError` for an entry that is not such a pair."""
    split: dict[str, Any] = {"validation": 0.0, "seed": seed}
    for assignment in assignments:
        role, _, amount = assignment.partition("=")
        try:
            split[{"validation": "validation", "test": "test"}[role.strip()]] = float(amount)
        except (KeyError, ValueError):
            raise wrong_input(
                f"'{assignment}' is no split: write validation=0.2 or test=3, and training has the rest",
                location="--split",
            ) from None
    return split


def _await_check(client: Client, answer: dict[str, Any]) -> dict[str, Any]:
    with progress_bar() as update:
        return wait_for_data_set(client, answer, update)


def _apply_repairs(client: Client, record: dict[str, Any]) -> dict[str, Any]:
    """Save the data set with every repair that its findings propose and check it again."""
    names = [_file_name(file) for file in record["content"]["files"]]
    proposed_repairs = [
        {"file": finding["file"], "repair": finding["repair"]}
        for finding in record["content"]["findings"]
        # data sets of earlier versions name files without folders, so that a name can be ambiguous
        if finding["repair"] and names.count(finding["file"]) <= 1
    ]
    if not proposed_repairs:
        return record
    spec = {**record["spec"], "repairs": [*record["content"]["repairs"], *proposed_repairs]}
    params = {"name": record["name"], "spec": spec, "data_set": record["data_set_id"]}
    return _await_check(client, client.call("save_data_set", **params))


def _print_and_get_exit_code(record: dict[str, Any], as_json: bool) -> int:
    if as_json:
        print_json(record, indent=2)
    else:
        _print_data_set(record)
    return EXIT_FOUND_ERRORS if record["findings"].get(Severity.ERROR) else 0


def _print_data_set(record: dict[str, Any]) -> None:
    terminal = console()
    say(f"{plain_text(record['name'])} ({record['data_set_id']}) is {record['state']}.")
    if record["error"]:
        say(f"Error: {plain_text(record['error']['message'])}")
    for change in record["changes"]:
        say(f"Since the check before: {plain_text(change)}")
    content = record["content"]
    if content is None:
        return
    terminal.print(_files_table(content["files"]))
    if content["repairs"]:
        say(f"Repairs kept: {len(content['repairs'])}.")
    for finding in content["findings"]:
        severity = Severity(finding["severity"])
        repair_hint = " [can be repaired: --repair]" if finding["repair"] else ""
        line = Text(f"  {severity.value}: ", style=SEVERITY_STYLES[severity])
        line.append(f"{plain_text(finding['message'])}{repair_hint}", style="default")
        terminal.print(line, soft_wrap=True)
    omitted_count = sum(content["finding_counts"].values()) - len(content["findings"])
    if omitted_count:
        say(f"  and {omitted_count} more findings.")


def _files_table(files: list[dict[str, Any]]) -> Any:
    """One row per file, named by its path where two files have one name."""
    table = new_table()
    table.add_column("Role", no_wrap=True)
    table.add_column("File", overflow="fold")
    for title in ("Rows", "Duration", "Sample time", "Temperature"):
        table.add_column(title, justify="right", no_wrap=True)
    names = Counter(_file_name(file) for file in files)
    for file in files:
        label = _file_name(file) if names[_file_name(file)] == 1 else file["path"]
        duration_text = format_duration(file["duration_s"]) if file["duration_s"] is not None else "-"
        sample_time = f"{format_number(file['sample_time_s'])} s" if file["sample_time_s"] is not None else "-"
        temperature = f"{format_number(file['temperature_degC'])} degC" if file["temperature_degC"] is not None else "-"
        rows = f"{file['rows']:,}" if file["readable"] else "unreadable"
        table.add_row(*map(Text, (file["role"], plain_text(label), rows, duration_text, sample_time, temperature)))
    return table


def _file_name(file: dict[str, Any]) -> str:
    return str(file["path"]).replace("\\", "/").rpartition("/")[2]


def _data_sets_table(data_sets: list[dict[str, Any]]) -> Any:
    """One row per data set; files are counted as training + validation + test."""
    table = new_table()
    table.add_column("Name", overflow="fold")
    table.add_column("State", no_wrap=True)
    for title in ("Files", "Rows", "Duration", "Errors", "Warnings"):
        table.add_column(title, justify="right", no_wrap=True)
    for data_set in data_sets:
        files = " + ".join(str(data_set["files"][role]) for role in ("train", "validation", "test"))
        issues = [str(data_set["findings"].get(severity.value, 0)) for severity in (Severity.ERROR, Severity.WARNING)]
        cells = (
            plain_text(data_set["name"]),
            data_set["state"],
            files,
            f"{data_set['rows']:,}",
            format_duration(data_set["duration_s"]),
            *issues,
        )
        table.add_row(*map(Text, cells))
    return table
