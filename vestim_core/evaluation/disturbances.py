"""What errors of the sensors and of the start cost a model: the same file again and again, disturbed in one way each.

A disturbance changes what the model reads, never what it is compared with. It is made on the physical columns that the
pipeline scales, so every case costs one more prediction and nothing is read or prepared again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepared import PreparedFile, Segment
from vestim_core.evaluation.metrics import ErrorSums, pooled
from vestim_core.evaluation.report import Predictor, compare
from vestim_core.spec.columns import makes, reads
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.signals import error_scale

SEED = 1


@dataclass(frozen=True)
class Disturbance:
    """One case. column: what it disturbs, empty for the whole file. change: new values (n,) of old ones, given a random
    generator; rows: what becomes of the file, instead."""

    name: str
    column: str = ""
    change: Callable[[np.ndarray, np.random.Generator], np.ndarray] = lambda values, random: values
    rows: Callable[[PreparedFile, np.random.Generator], PreparedFile] | None = None


def _offset(column: str, by: float, words: str) -> Disturbance:
    return Disturbance(words, column, lambda values, random: values + by)


def _gain(column: str, percent: float, words: str) -> Disturbance:
    return Disturbance(words, column, lambda values, random: values * (1 + percent / 100))


def _noise(column: str, deviation: float, words: str) -> Disturbance:
    return Disturbance(words, column, lambda values, random: values + random.normal(0.0, deviation, len(values)))


def _dropped(file: PreparedFile, random: np.random.Generator) -> PreparedFile:
    """One sample in ten never came: the one before still holds."""
    features = file.features.copy()
    for segment in file.segments:
        there = random.random(segment.stop - segment.start) >= 0.1
        there[0] = True
        held = np.maximum.accumulate(np.where(there, np.arange(len(there)), 0))
        features[segment.start : segment.stop] = file.features[segment.start : segment.stop][held]
    return replace(file, features=features)


def _in_the_middle(file: PreparedFile, random: np.random.Generator) -> PreparedFile:
    """Each segment begins in its middle, without a rest before."""
    segments = []
    for segment in file.segments:
        middle = (segment.scored_from + segment.stop) // 2
        segments += [Segment(segment.start, middle, middle), Segment(middle, segment.stop, middle)]
    return replace(file, segments=tuple(segments))


BATTERY: tuple[Disturbance, ...] = (
    _offset("voltage_V", 0.005, "voltage +5 mV"),
    _offset("voltage_V", -0.005, "voltage -5 mV"),
    _noise("voltage_V", 0.005, "voltage noise 5 mV"),
    _offset("current_A", 0.05, "current +50 mA"),
    _offset("current_A", -0.05, "current -50 mA"),
    _offset("current_A", 0.11, "current +110 mA"),
    _gain("current_A", 2.0, "current gain +2 %"),
    _gain("current_A", -2.0, "current gain -2 %"),
    _noise("current_A", 0.05, "current noise 50 mA"),
    _offset("temperature_degC", 5.0, "temperature +5 K"),
    _offset("temperature_degC", -5.0, "temperature -5 K"),
    _offset("soc", 0.1, "SOC +10 %"),
    _offset("soc", -0.1, "SOC -10 %"),
    Disturbance("one sample in ten dropped", rows=_dropped),
    Disturbance("start in mid-cycle", rows=_in_the_middle),
)
"""The cases of a battery; those that disturb a column which the model does not read are left out."""


def robustness(
    predictor: Predictor,
    files: Sequence[PreparedFile],
    pipeline: Pipeline,
    cases: Sequence[Disturbance] = BATTERY,
) -> list[dict[str, Any]]:
    """One record a case: `case`, rows, RMSE and MAE over all `files`, and `cost`, the RMSE above that of the same rows
    undisturbed. The first record is the undisturbed one.

    Raises wrong_input for a model whose features are made from others by steps: those would need to be made again.
    """
    _refuse_made(pipeline)
    target, features = pipeline.signals.target, pipeline.signals.features
    plain = [(file, predictor(file)) for file in files]
    records = [_record("undisturbed", [compare(file, found, target).sums for file, found in plain], None, target)]
    for number, case in enumerate(cases):
        if case.rows is None and case.column not in features:
            continue
        random = np.random.default_rng([SEED, number])
        disturbed = [_disturbed(case, file, pipeline, random) for file in files]
        sums = [compare(file, predictor(file), target).sums for file in disturbed]
        same = [compare(file, found, target).sums for file, (_, found) in zip(disturbed, plain, strict=True)]
        records.append(_record(case.name, sums, same, target))
    return records


def _refuse_made(pipeline: Pipeline) -> None:
    made = {makes(step) for step in pipeline.steps}
    for name in pipeline.signals.features:
        if name in made:
            step = next(step for step in pipeline.steps if makes(step) == name)
            raise wrong_input(
                f"'{name}' is made from {', '.join(reads(step))} while a file is prepared, so a prepared file cannot "
                f"be disturbed: test the model on files with those errors in them."
            )


def _disturbed(case: Disturbance, file: PreparedFile, pipeline: Pipeline, random: np.random.Generator) -> PreparedFile:
    if case.rows is not None:
        return case.rows(file, random)
    at = pipeline.signals.features.index(case.column)
    columns = [file.column(name) for name in pipeline.signals.features]
    columns[at] = case.change(columns[at], random)
    return replace(file, features=pipeline.feature_scale.forward(np.column_stack(columns)))


def _record(
    name: str, sums: Sequence[ErrorSums], undisturbed: Sequence[ErrorSums] | None, target: str
) -> dict[str, Any]:
    suffix, _ = error_scale(target)
    total = pooled(sums)
    metrics = total.metrics(target)
    rmse = metrics[f"rmse{suffix}"]
    before = pooled(undisturbed).metrics(target)[f"rmse{suffix}"] if undisturbed is not None else rmse
    cost = None if rmse is None or before is None else rmse - before
    return {
        "case": name,
        "rows": total.rows,
        f"rmse{suffix}": rmse,
        f"mae{suffix}": metrics[f"mae{suffix}"],
        f"cost{suffix}": cost,
    }
