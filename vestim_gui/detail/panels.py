"""What the plots of a job show: panels made from its history, its results and its predictions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from vestim_core.spec.figures import unit_of, written
from vestim_core.spec.signals import QUANTITIES, error_scale
from vestim_gui.detail.facts import baseline_rmse, best_of_task, rmse_name, tested
from vestim_gui.detail.prediction import Prediction
from vestim_gui.numbers import metric
from vestim_gui.plots.content import BarGroup, Curve, Ink, Level, Mark, Panel, curve
from vestim_gui.store.job_history import JobHistory, TaskHistory

Axis = Literal["epoch", "time"]
HOUR_S = 3600.0
LONG_S = 3 * HOUR_S
"""Beyond this, time is shown in hours."""
MOST_BAR_MODELS = 3


def titled(words: str, unit: str) -> str:
    """`RMSE / mV`."""
    return f"{words} / {unit}" if unit else words


def loss_panel(
    tasks: Sequence[tuple[TaskHistory, str]],
    history: JobHistory,
    *,
    axis: Axis = "epoch",
    train: bool = True,
    validation: bool = True,
    words: str = "RMSE",
) -> Panel:
    """Errors of trainings over their epochs, with the circuit's as a level and the best epochs marked.

    tasks: each with the name that it is shown under. train, validation: which of the two are wanted.
    """
    curves: list[Curve] = []
    marks: list[Mark] = []
    unit = ""
    for number, (task, name) in enumerate(tasks):
        last = task.last or {}
        names = {part: rmse_name(last, f"{part}_rmse") for part in ("train", "validation")}
        unit = unit or unit_of(names["validation"] or names["train"])
        x = task.series("elapsed_s")[1] if axis == "time" else None
        alone = len(tasks) == 1
        inks: dict[str, Ink] = {"train": 0 if alone else number, "validation": 1 if alone else number}
        for part, wanted in (("train", train), ("validation", validation)):
            if not wanted or not names[part]:
                continue
            epochs, values = task.series(names[part])
            label = part if alone else name if part == "validation" or not validation else f"{name}, train"
            dashed = not alone and part == "train" and validation
            shown = x if x is not None else epochs
            named = alone or part == "validation" or not validation
            curves.append(curve(label, shown, values, ink=inks[part], dashed=dashed, smoothable=True, label=named))
        best = best_of_task(task)
        if validation and best is not None and best.epoch in task.epochs:
            at = best.epoch if axis == "epoch" else float(task.epochs[best.epoch].get("elapsed_s") or np.nan)
            marks.append(Mark("best" if alone else f"best of {name}", at, best.value, inks["validation"]))
    circuit = baseline_rmse(history, "validation")
    levels = (Level(f"circuit {metric(*circuit)}", circuit[1]),) if circuit and validation and curves else ()
    return Panel(
        titled(words, unit),
        "time / s" if axis == "time" else "epoch",
        tuple(curves),
        levels,
        tuple(marks),
        grows=True,
        may_be_log=True,
    )


def file_bars(history: JobHistory, title_of: Mapping[str, str]) -> Panel | None:
    """RMSE of each test file (of each validation file where there is none), of the circuit and the best models.

    title_of: what models are called, by their training's id. None where nothing was tested yet.
    """
    models = list(tested(history).values())[:MOST_BAR_MODELS]
    circuits = [result for task, result in sorted(history.results.items()) if task.startswith("baseline")][:1]
    results = [*circuits, *models]
    files = [file for result in results for file in result.get("files") or ()]
    role = "test" if any(file["role"] == "test" for file in files) else "validation"
    names = list(dict.fromkeys(str(file["file"]) for file in files if file["role"] == role))
    if not names:
        return None
    name = next((rmse_name(file, "rmse") for file in files), "rmse")
    groups = [BarGroup("circuit", _values(result, names, role), "muted") for result in circuits]
    for number, result in enumerate(models):
        model = str(result["model"]["task_id"])
        groups.append(BarGroup(title_of.get(model, model), _values(result, names, role), number))
    grey = " (grey: circuit)" if circuits and len(models) == 1 else ""
    title = f"{role.capitalize()} RMSE by file{f' / {unit_of(name)}' if unit_of(name) else ''}{grey}"
    return Panel(title, categories=tuple(names), bars=tuple(groups))


def _values(result: Mapping[str, Any], names: Sequence[str], role: str) -> tuple[float, ...]:
    of_file = {
        file["file"]: file.get(rmse_name(file, "rmse")) for file in result.get("files") or () if file["role"] == role
    }
    return tuple(float(value) if (value := of_file.get(name)) is not None else float("nan") for name in names)


def prediction_panels(file: str, target: str, predictions: Sequence[tuple[str, Prediction, Ink]]) -> list[Panel]:
    """Measured and predicted over time, and the residual strip below it in the unit that errors have.

    predictions: name of the model, its prediction, its colour; the measured line is the first one's.
    """
    if not predictions:
        return []
    first = predictions[0][1]
    long = len(first.time_s) > 0 and float(first.time_s[-1] - first.time_s[0]) > LONG_S
    per, x_label = (HOUR_S, "time / h") if long else (1.0, "time / s")
    suffix, scale = error_scale(target)
    curves = [curve("measured", first.time_s / per, first.measured, ink="text")]
    residuals = []
    for name, prediction, ink in predictions:
        x = prediction.time_s / per
        curves.append(curve(name, x, prediction.predicted, ink=ink, dashed=True))
        error = scale * (prediction.predicted - prediction.measured)
        residuals.append(curve(f"error of {name}", x, error, ink=ink, label=False))
    upper = titled(f"{file}: measured and predicted (dashed)", written(QUANTITIES.get(target, "")))
    lower = titled("Error (predicted − measured)", unit_of(f"rmse{suffix}"))
    return [
        Panel(upper, x_label, tuple(curves)),
        Panel(lower, x_label, tuple(residuals), share=0.42, zero=True),
    ]
