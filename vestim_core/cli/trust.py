"""How far a job's figures can be trusted, as tables: bands and what they cover, the spread over seeds, what label error
would explain, what errors of the sensors cost."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from vestim_core.cli.output import plain
from vestim_core.cli.results import new_table, tested_tasks
from vestim_core.cli.values import named, number
from vestim_core.spec.figures import unit_of


def bands_tables(job: dict[str, Any]) -> list[Table]:
    """How wide the band of each model is and what it covers; one table a target."""
    tables = []
    for target, tasks in tested_tasks(job).items():
        known = [task for task in tasks if task["result"].get("band")]
        if not known:
            continue
        name, _ = named(known[0]["result"]["band"], "half_width")
        percent = number(100 * known[0]["result"]["band"]["level"])
        table = new_table(f"Band of {target} that held {percent} % of the validation rows")
        table.add_column("Model", overflow="fold")
        for head in (f"Half width / {unit_of(name) or target}", "Holds of the test rows", "Test rows outside training"):
            table.add_column(head, justify="right")
        for task in known:
            band = task["result"]["band"]
            held = "-" if band["coverage"] is None else f"{100 * band['coverage']:.1f} %"
            table.add_row(*map(Text, (plain(task["title"]), number(band[name]), held, _outside(task["result"]))))
        tables.append(table)
    return tables


def _outside(result: dict[str, Any]) -> str:
    """Test rows in which an input leaves the range of training; "-" where that is not known."""
    known = [file["rows_outside"] for file in result["files"] if file["role"] == "test" and "rows_outside" in file]
    return f"{sum(known):,}" if known else "-"


def seeds_table(job: dict[str, Any]) -> Table | None:
    """RMSE over the repetitions of each combination; None where there are none."""
    found = [task["result"]["seeds"] for task in job["tasks"] if task["result"].get("seeds")]
    if not found:
        return None
    table = new_table("Spread of the RMSE over seeds")
    table.add_column("Repetitions", overflow="fold")
    table.add_column("Files", no_wrap=True)
    for head in ("Seeds", "Mean", "Std", "Least", "Most"):
        table.add_column(head, justify="right", no_wrap=True)
    for seeds in found:
        title = plain(seeds["title"].removeprefix("Ensemble of "))
        for role, metrics in seeds["spread"].items():
            name, spread = named(metrics, "rmse")
            if spread is None:
                continue
            values = (number(spread[key]) for key in ("mean", "std", "min", "max"))
            role_unit = f"{role}, {unit_of(name)}".rstrip(", ")
            table.add_row(*map(Text, (title, role_unit, str(len(spread["values"])), *values)))
    return table


def labels_table(job: dict[str, Any]) -> Table | None:
    """What label error would explain in each file; None where labels were not checked."""
    labels = next((task["result"]["labels"] for task in job["tasks"] if task["result"].get("labels")), None)
    if not labels:
        return None
    table = new_table("What label error would explain: RMSE of the circuit with SOC scaled and shifted, in mV")
    table.add_column("File", overflow="fold")
    for head in ("As labelled", "Aligned", "Scale", "Shift / %"):
        table.add_column(head, justify="right", no_wrap=True)
    for file in labels:
        errors = (number(file["rmse_mV"]), number(file["aligned_rmse_mV"]))
        moved = (f"{file['soc_scale']:.3f}", f"{file['soc_shift_percent']:+.2f}")
        table.add_row(*map(Text, (plain(file["file"]), *errors, *moved)))
    return table


def label_sentence(job: dict[str, Any]) -> str:
    """What label error would explain of the circuit's error; empty where labels were not checked."""
    found = (task["result"]["label_check"]["sentence"] for task in job["tasks"] if task["result"].get("label_check"))
    return next(found, "")


def robustness_table(found: dict[str, Any]) -> Table:
    """What each disturbance costs one model: one row a case."""
    title = f"{plain(found['model']['title'])} ({found['model']['task_id']}): {found['target']} with disturbed inputs"
    unit = unit_of(named(found["cases"][0], "rmse")[0])
    table = new_table(f"{title}, in {unit}" if unit else title)
    table.add_column("Case", overflow="fold")
    for head in ("RMSE", "MAE", "Cost"):
        table.add_column(head, justify="right", no_wrap=True)
    for case in found["cases"]:
        values = [number(named(case, name)[1]) for name in ("rmse", "mae")]
        cost = "" if case is found["cases"][0] else number(named(case, "cost")[1])
        table.add_row(*map(Text, (case["case"], *values, cost)))
    return table
