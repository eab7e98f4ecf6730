"""Tables that qualify a job's errors: prediction bands and their coverage, the spread over seeds, errors explained by
labels, and the cost of sensor errors.
"""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from vestim_core.cli.output import plain_text
from vestim_core.cli.result_tables import new_table, tasks_with_errors
from vestim_core.cli.value_format import find_metric, format_number
from vestim_core.spec.display_format import metric_unit


def band_tables(job: dict[str, Any]) -> list[Table]:
    """Width and coverage of each model's prediction band; one table per target."""
    tables = []
    for target, tasks in tasks_with_errors(job).items():
        tasks_with_band = [task for task in tasks if task["result"].get("band")]
        if not tasks_with_band:
            continue
        name, _ = find_metric(tasks_with_band[0]["result"]["band"], "half_width")
        percent = format_number(100 * tasks_with_band[0]["result"]["band"]["level"])
        table = new_table(f"Band of {target} that held {percent} % of the validation rows")
        table.add_column("Model", overflow="fold")
        for title in (
            f"Half width / {metric_unit(name) or target}",
            "Holds of the test rows",
            "Test rows outside training",
        ):
            table.add_column(title, justify="right")
        for task in tasks_with_band:
            band = task["result"]["band"]
            coverage = "-" if band["coverage"] is None else f"{100 * band['coverage']:.1f} %"
            table.add_row(
                *map(
                    Text,
                    (
                        plain_text(task["title"]),
                        format_number(band[name]),
                        coverage,
                        _outside_rows_text(task["result"]),
                    ),
                )
            )
        tables.append(table)
    return tables


def _outside_rows_text(result: dict[str, Any]) -> str:
    """Number of test rows with an input outside the training range; "-" when unknown."""
    counts = [file["rows_outside"] for file in result["files"] if file["role"] == "test" and "rows_outside" in file]
    return f"{sum(counts):,}" if counts else "-"


def seed_spread_table(job: dict[str, Any]) -> Table | None:
    """RMSE over the repetitions of each combination; None without repetitions."""
    seed_results = [task["result"]["seeds"] for task in job["tasks"] if task["result"].get("seeds")]
    if not seed_results:
        return None
    table = new_table("Spread of the RMSE over seeds")
    table.add_column("Repetitions", overflow="fold")
    table.add_column("Files", no_wrap=True)
    for title in ("Seeds", "Mean", "Std", "Least", "Most"):
        table.add_column(title, justify="right", no_wrap=True)
    for seed_result in seed_results:
        combination = plain_text(seed_result["title"].removeprefix("Ensemble of "))
        for role, metrics in seed_result["spread"].items():
            name, spread = find_metric(metrics, "rmse")
            if spread is None:
                continue
            values = (format_number(spread[key]) for key in ("mean", "std", "min", "max"))
            role_unit = f"{role}, {metric_unit(name)}".rstrip(", ")
            table.add_row(*map(Text, (combination, role_unit, str(len(spread["values"])), *values)))
    return table


def label_error_table(job: dict[str, Any]) -> Table | None:
    """Error in each file that label errors explain; None when labels were not checked."""
    labels = next((task["result"]["labels"] for task in job["tasks"] if task["result"].get("labels")), None)
    if not labels:
        return None
    table = new_table("What label error would explain: RMSE of the circuit with SOC scaled and shifted, in mV")
    table.add_column("File", overflow="fold")
    for title in ("As labeled", "Aligned", "Scale", "Shift / %"):
        table.add_column(title, justify="right", no_wrap=True)
    for file in labels:
        errors = (format_number(file["rmse_mV"]), format_number(file["aligned_rmse_mV"]))
        soc_correction = (f"{file['soc_scale']:.3f}", f"{file['soc_shift_percent']:+.2f}")
        table.add_row(*map(Text, (plain_text(file["file"]), *errors, *soc_correction)))
    return table


def label_error_summary(job: dict[str, Any]) -> str:
    """Summary of the circuit error that label errors explain; empty when labels were not checked."""
    summaries = (task["result"]["label_check"]["message"] for task in job["tasks"] if task["result"].get("label_check"))
    return next(summaries, "")


def robustness_table(model_result: dict[str, Any]) -> Table:
    """Cost of each input disturbance for one model; one row per case."""
    model = model_result["model"]
    title = f"{plain_text(model['title'])} ({model['task_id']}): {model_result['target']} with disturbed inputs"
    unit = metric_unit(find_metric(model_result["cases"][0], "rmse")[0])
    table = new_table(f"{title}, in {unit}" if unit else title)
    table.add_column("Case", overflow="fold")
    for column_title in ("RMSE", "MAE", "Cost"):
        table.add_column(column_title, justify="right", no_wrap=True)
    for case in model_result["cases"]:
        values = [format_number(find_metric(case, name)[1]) for name in ("rmse", "mae")]
        cost = "" if case is model_result["cases"][0] else format_number(find_metric(case, "cost")[1])
        table.add_row(*map(Text, (case["case"], *values, cost)))
    return table
