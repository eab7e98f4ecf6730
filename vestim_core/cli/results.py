"""A job's errors as tables: one row a model, or one row a model and file; the best model of each target marked."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from vestim_core.cli.output import plain
from vestim_core.cli.values import named, number
from vestim_core.spec.figures import unit_of
from vestim_core.spec.states import TaskKind

METRICS = ("rmse", "mae", "max", "r2")
HEADS = {"rmse": "RMSE", "mae": "MAE", "max": "max", "r2": "R2"}


def new_table(title: str = "") -> Table:
    """An empty table in the one look that all tables have."""
    return Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def tested_tasks(job: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The tasks of a job that have errors to show, for each target, best first."""
    by_target: dict[str, list[dict[str, Any]]] = {}
    for task in job["tasks"]:
        if task["result"].get("overall"):
            by_target.setdefault(task["result"]["target"], []).append(task)
    return {target: sorted(tasks, key=_rank) for target, tasks in by_target.items()}


def judged_by(task: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The role that a model is judged by and its metrics over that role's files: test, else validation."""
    overall = task["result"]["overall"]
    role = "test" if "test" in overall else next(iter(overall))
    return role, overall[role]


def errors_tables(job: dict[str, Any]) -> list[Table]:
    """One row a model, one table a target."""
    return [_errors_table(target, tasks) for target, tasks in tested_tasks(job).items()]


def _errors_table(target: str, tasks: list[dict[str, Any]]) -> Table:
    role, first = judged_by(tasks[0])
    table = new_table(_title(f"Errors of {target} on the {role} files", first))
    table.add_column("Model", overflow="fold")
    for name in METRICS:
        table.add_column(HEADS[name], justify="right", no_wrap=True)
    with_validation = role != "validation" and any("validation" in task["result"]["overall"] for task in tasks)
    if with_validation:
        table.add_column("RMSE validation", justify="right", no_wrap=True)
    best = next((task for task in tasks if task["kind"] != TaskKind.ENSEMBLE), None) if len(tasks) > 1 else None
    for task in tasks:
        metrics = judged_by(task)[1]
        cells = [f"{plain(task['title'])}{' (best)' if task is best else ''}"]
        cells += [number(named(metrics, name)[1]) for name in METRICS]
        if with_validation:
            cells.append(number(named(task["result"]["overall"].get("validation", {}), "rmse")[1]))
        table.add_row(*map(Text, cells), style="bold green" if task is best else "")
    return table


def files_tables(job: dict[str, Any]) -> list[Table]:
    """One row a model and file, one table a target."""
    tables = []
    for target, tasks in tested_tasks(job).items():
        table = new_table(_title(f"Errors of {target} in each file", judged_by(tasks[0])[1]))
        table.add_column("Model", overflow="fold")
        table.add_column("File", overflow="fold")
        table.add_column("Role", no_wrap=True)
        for name in METRICS:
            table.add_column(HEADS[name], justify="right", no_wrap=True)
        for task in tasks:
            for file in task["result"]["files"]:
                values = [number(named(file, name)[1]) for name in METRICS]
                table.add_row(*map(Text, (plain(task["title"]), plain(file["file"]), file["role"], *values)))
        tables.append(table)
    return tables


def _title(words: str, metrics: dict[str, Any]) -> str:
    unit = unit_of(named(metrics, "rmse")[0])
    return f"{words}, in {unit} (R2 has no unit)" if unit else words


def _rank(task: dict[str, Any]) -> float:
    value = named(judged_by(task)[1], "rmse")[1]
    return float(value) if isinstance(value, int | float) else float("inf")
