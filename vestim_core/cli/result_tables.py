"""Tables of a job's errors, per model or per model and file. The best model of each target is marked."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from vestim_core.cli.output import plain_text
from vestim_core.cli.value_format import find_metric, format_number
from vestim_core.spec.display_format import metric_unit
from vestim_core.spec.states import TaskKind

METRICS = ("rmse", "mae", "max", "r2")
METRIC_TITLES = {"rmse": "RMSE", "mae": "MAE", "max": "max", "r2": "R2"}


def new_table(title: str = "") -> Table:
    """An empty table in the style that all tables share."""
    return Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def tasks_with_errors(job: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Tasks of a job that have errors, by target, best first."""
    by_target: dict[str, list[dict[str, Any]]] = {}
    for task in job["tasks"]:
        if task["result"].get("overall"):
            by_target.setdefault(task["result"]["target"], []).append(task)
    return {target: sorted(tasks, key=_rmse_rank) for target, tasks in by_target.items()}


def judging_metrics(task: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Role whose files a model is judged on (test, else validation), and its metrics over them."""
    overall = task["result"]["overall"]
    role = "test" if "test" in overall else next(iter(overall))
    return role, overall[role]


def error_tables(job: dict[str, Any]) -> list[Table]:
    """One table per target with one row per model."""
    return [_error_table(target, tasks) for target, tasks in tasks_with_errors(job).items()]


def _error_table(target: str, tasks: list[dict[str, Any]]) -> Table:
    role, best_metrics = judging_metrics(tasks[0])
    table = new_table(_title(f"Errors of {target} on the {role} files", best_metrics))
    table.add_column("Model", overflow="fold")
    for name in METRICS:
        table.add_column(METRIC_TITLES[name], justify="right", no_wrap=True)
    with_validation = role != "validation" and any("validation" in task["result"]["overall"] for task in tasks)
    if with_validation:
        table.add_column("RMSE validation", justify="right", no_wrap=True)
    best = next((task for task in tasks if task["kind"] != TaskKind.ENSEMBLE), None) if len(tasks) > 1 else None
    for task in tasks:
        metrics = judging_metrics(task)[1]
        cells = [f"{plain_text(task['title'])}{' (best)' if task is best else ''}"]
        cells += [format_number(find_metric(metrics, name)[1]) for name in METRICS]
        if with_validation:
            cells.append(format_number(find_metric(task["result"]["overall"].get("validation", {}), "rmse")[1]))
        table.add_row(*map(Text, cells), style="bold green" if task is best else "")
    return table


def file_error_tables(job: dict[str, Any]) -> list[Table]:
    """One table per target with one row per model and file."""
    tables = []
    for target, tasks in tasks_with_errors(job).items():
        table = new_table(_title(f"Errors of {target} in each file", judging_metrics(tasks[0])[1]))
        table.add_column("Model", overflow="fold")
        table.add_column("File", overflow="fold")
        table.add_column("Role", no_wrap=True)
        for name in METRICS:
            table.add_column(METRIC_TITLES[name], justify="right", no_wrap=True)
        for task in tasks:
            for file in task["result"]["files"]:
                values = [format_number(find_metric(file, name)[1]) for name in METRICS]
                table.add_row(*map(Text, (plain_text(task["title"]), plain_text(file["file"]), file["role"], *values)))
        tables.append(table)
    return tables


def _title(text: str, metrics: dict[str, Any]) -> str:
    unit = metric_unit(find_metric(metrics, "rmse")[0])
    return f"{text}, in {unit} (R2 has no unit)" if unit else text


def _rmse_rank(task: dict[str, Any]) -> float:
    value = find_metric(judging_metrics(task)[1], "rmse")[1]
    return float(value) if isinstance(value, int | float) else float("inf")
