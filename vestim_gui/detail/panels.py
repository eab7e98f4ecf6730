"""Contents of a job's plots: panels made from its history, its results and its predictions. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from vestim_core.spec.display_format import metric_unit, unit_symbol
from vestim_core.spec.signals import QUANTITIES, error_scale
from vestim_gui.detail.job_results import baseline_rmse, best_epoch, find_rmse_name, ranked_test_results
from vestim_gui.detail.prediction import Prediction
from vestim_gui.display_numbers import format_metric
from vestim_gui.plots.content import BarGroup, Curve, Ink, Level, Marker, Panel, curve
from vestim_gui.store.job_history import JobHistory, TaskHistory

Axis = Literal["epoch", "time"]
SECONDS_PER_HOUR = 3600.0  # exact
SHOW_HOURS_ABOVE_S = 3 * SECONDS_PER_HOUR
"""Duration, in s, from which on time is shown in hours."""
MAX_BAR_MODELS = 3  # with the circuit's, four groups of bars: more cannot be told apart


def axis_title(quantity: str, unit: str) -> str:
    """`RMSE / mV`."""
    return f"{quantity} / {unit}" if unit else quantity


def loss_panel(
    tasks: Sequence[tuple[TaskHistory, str]],
    history: JobHistory,
    *,
    axis: Axis = "epoch",
    train: bool = True,
    validation: bool = True,
    title: str = "RMSE",
) -> Panel:
    """Errors of trainings over their epochs, with the circuit's error as a level and the best epochs marked.

    tasks: each with the title that it is shown under. train, validation: include that error.
    """
    curves: list[Curve] = []
    marks: list[Marker] = []
    unit = ""
    for index, (task, name) in enumerate(tasks):
        last = task.last or {}
        names = {part: find_rmse_name(last, f"{part}_rmse") for part in ("train", "validation")}
        unit = unit or metric_unit(names["validation"] or names["train"])
        x = task.series("elapsed_s")[1] if axis == "time" else None
        is_single = len(tasks) == 1
        inks: dict[str, Ink] = {"train": 0 if is_single else index, "validation": 1 if is_single else index}
        for part, is_included in (("train", train), ("validation", validation)):
            if not is_included or not names[part]:
                continue
            epochs, values = task.series(names[part])
            label = part if is_single else name if part == "validation" or not validation else f"{name}, train"
            is_dashed = not is_single and part == "train" and validation
            x_values = x if x is not None else epochs
            has_label = is_single or part == "validation" or not validation
            curves.append(
                curve(label, x_values, values, ink=inks[part], dashed=is_dashed, smoothable=True, label=has_label)
            )
        best = best_epoch(task)
        if validation and best is not None and best.epoch in task.epochs:
            best_x = best.epoch if axis == "epoch" else float(task.epochs[best.epoch].get("elapsed_s") or np.nan)
            marks.append(Marker("best" if is_single else f"best of {name}", best_x, best.value, inks["validation"]))
    circuit = baseline_rmse(history, "validation")
    levels = (Level(f"circuit {format_metric(*circuit)}", circuit[1]),) if circuit and validation and curves else ()
    return Panel(
        axis_title(title, unit),
        "time / s" if axis == "time" else "epoch",
        tuple(curves),
        levels,
        tuple(marks),
        grows=True,
        may_be_log=True,
    )


def file_bar_panel(history: JobHistory, title_of: Mapping[str, str]) -> Panel | None:
    """RMSE of each test file (of each validation file if there is none), of the circuit and the best models.

    title_of: titles of models by their training's id. None if nothing was tested yet.
    """
    models = list(ranked_test_results(history).values())[:MAX_BAR_MODELS]
    circuits = [result for task, result in sorted(history.results.items()) if task.startswith("baseline")][:1]
    results = [*circuits, *models]
    files = [file for result in results for file in result.get("files") or ()]
    role = "test" if any(file["role"] == "test" for file in files) else "validation"
    names = list(dict.fromkeys(str(file["file"]) for file in files if file["role"] == role))
    if not names:
        return None
    name = next((find_rmse_name(file, "rmse") for file in files), "rmse")
    groups = [BarGroup("circuit", _rmse_by_file(result, names, role), "muted") for result in circuits]
    for index, result in enumerate(models):
        model = str(result["model"]["task_id"])
        groups.append(BarGroup(title_of.get(model, model), _rmse_by_file(result, names, role), index))
    color_note = " (gray: circuit)" if circuits and len(models) == 1 else ""
    title = f"{role.capitalize()} RMSE by file{f' / {metric_unit(name)}' if metric_unit(name) else ''}{color_note}"
    return Panel(title, categories=tuple(names), bars=tuple(groups))


def _rmse_by_file(result: Mapping[str, Any], names: Sequence[str], role: str) -> tuple[float, ...]:
    rmse_by_name = {
        file["file"]: file.get(find_rmse_name(file, "rmse"))
        for file in result.get("files") or ()
        if file["role"] == role
    }
    return tuple(float(value) if (value := rmse_by_name.get(name)) is not None else float("nan") for name in names)


def prediction_panels(file: str, target: str, predictions: Sequence[tuple[str, Prediction, Ink]]) -> list[Panel]:
    """Measured and predicted values over time, and the residuals below them in the unit of errors.

    predictions: name of the model, its prediction, its color; the measured line is taken from the first one.
    """
    if not predictions:
        return []
    first = predictions[0][1]
    in_hours = len(first.time_s) > 0 and float(first.time_s[-1] - first.time_s[0]) > SHOW_HOURS_ABOVE_S
    seconds_per_unit, x_label = (SECONDS_PER_HOUR, "time / h") if in_hours else (1.0, "time / s")
    suffix, scale = error_scale(target)
    curves = [curve("measured", first.time_s / seconds_per_unit, first.measured, ink="text")]
    residuals = []
    for name, prediction, ink in predictions:
        x = prediction.time_s / seconds_per_unit
        curves.append(curve(name, x, prediction.predicted, ink=ink, dashed=True))
        error = scale * (prediction.predicted - prediction.measured)
        residuals.append(curve(f"error of {name}", x, error, ink=ink, label=False))
    upper = axis_title(f"{file}: measured and predicted (dashed)", unit_symbol(QUANTITIES.get(target, "")))
    lower = axis_title("Error (predicted − measured)", metric_unit(f"rmse{suffix}"))
    return [
        Panel(upper, x_label, tuple(curves)),
        Panel(lower, x_label, tuple(residuals), share=0.42, has_zero_line=True),
    ]
