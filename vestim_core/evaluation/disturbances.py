"""What errors of the sensors and of the start cost a model: the same file again and again, disturbed in one way each.

A disturbance changes what was measured, on its even grid; the model's own steps (filters, formulas, counted SOC) are
run on that again. What the predictions are compared with is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepared import PreparedFile
from vestim_core.data.remade import columns_behind, measured_rows, prepared_again, segments_of
from vestim_core.data.steps.even import EvenRows
from vestim_core.evaluation.comparison import scored_rows
from vestim_core.evaluation.metrics import Array, ErrorSums, pooled
from vestim_core.evaluation.report import Predictor
from vestim_core.spec.preparation import CoulombSoc, Step
from vestim_core.spec.signals import error_scale

SCHEMA_VERSION = 1
SEED = 1


@dataclass(frozen=True)
class Disturbance:
    """One case. column: the one that it disturbs; a model that does not depend on it is spared the case. change: new
    values (n,) of old ones, given a random generator. rows: what becomes of all rows, instead. start_soc: by how much
    the SOC is off from which a counted one starts."""

    name: str
    column: str = ""
    change: Callable[[np.ndarray, np.random.Generator], np.ndarray] = lambda values, random: values
    rows: Callable[[EvenRows, np.random.Generator], EvenRows] | None = None
    start_soc: float = 0.0


def _offset(column: str, by: float, words: str) -> Disturbance:
    return Disturbance(words, column, lambda values, random: values + by)


def _gain(column: str, percent: float, words: str) -> Disturbance:
    return Disturbance(words, column, lambda values, random: values * (1 + percent / 100))


def _noise(column: str, deviation: float, words: str) -> Disturbance:
    return Disturbance(words, column, lambda values, random: values + random.normal(0.0, deviation, len(values)))


def _wrong_soc(by: float, words: str) -> Disturbance:
    return Disturbance(words, "soc", lambda values, random: values + by, start_soc=by)


def _dropped(rows: EvenRows, random: np.random.Generator) -> EvenRows:
    """One sample in ten never came: the one before still holds."""
    held = np.arange(len(rows.time_s))
    for segment in rows.segments:
        there = random.random(segment.stop - segment.start) >= 0.1
        there[0] = True
        here = held[segment.start : segment.stop]
        here[:] = np.maximum.accumulate(np.where(there, here, segment.start))
    return replace(rows, columns={name: values[held] for name, values in rows.columns.items()})


def _in_the_middle(rows: EvenRows, random: np.random.Generator) -> EvenRows:
    """Each segment begins in its middle, taken for rested there."""
    middles = [(segment.start + segment.stop) // 2 for segment in rows.segments]
    parts = [np.arange(middle, segment.stop) for middle, segment in zip(middles, rows.segments, strict=True)]
    kept = np.concatenate(parts)
    columns = {name: values[kept] for name, values in rows.columns.items()}
    return EvenRows(rows.time_s[kept], columns, segments_of([len(part) for part in parts]))


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
    _wrong_soc(0.1, "SOC +10 %"),
    _wrong_soc(-0.1, "SOC -10 %"),
    Disturbance("one sample in ten dropped", rows=_dropped),
    Disturbance("start in mid-cycle", rows=_in_the_middle),
)
"""The cases of a battery; those that disturb a column on which the model does not depend are left out."""


def robustness(
    predictor: Predictor,
    files: Sequence[PreparedFile],
    pipeline: Pipeline,
    cases: Sequence[Disturbance] = BATTERY,
    on_case: Callable[[int, int], None] = lambda done, count: None,
) -> list[dict[str, Any]]:
    """One record a case: `case`, rows, RMSE and MAE over all `files`, and `cost`, the RMSE above that of the same rows
    undisturbed. The first record is the undisturbed one. on_case: told after each case of how many.

    Raises wrong_input where a formula of the pipeline gives no number on disturbed rows.
    """
    target = pipeline.signals.target
    plain = [_Plain.of(file, predictor(file), pipeline) for file in files]
    records = [_record("undisturbed", [_sums(one.truth, one.predicted) for one in plain], None, target)]
    behind = columns_behind(pipeline)
    counted = any(isinstance(step, CoulombSoc) and step.output in behind for step in pipeline.steps)
    meant = [(number, case) for number, case in enumerate(cases) if _concerns(case, behind, counted)]
    on_case(1, len(meant) + 1)
    for done, (number, case) in enumerate(meant, 2):
        random = np.random.default_rng([SEED, number])
        disturbed, same = [], []
        for one in plain:
            again, kept = _disturbed(case, one, pipeline, random)
            disturbed.append(_sums(one.truth[kept], predictor(again)[scored_rows(again)]))
            same.append(_sums(one.truth[kept], one.predicted[kept]))
        records.append(_record(case.name, disturbed, same, target))
        on_case(done, len(meant) + 1)
    return records


def robustness_document(
    model: dict[str, Any], files: Sequence[PreparedFile], target: str, records: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """What stands in `robustness.json`; model: as in `metrics.json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": model,
        "target": target,
        "files": [{"file": file.name, "key": file.key, "role": file.role} for file in files],
        "cases": list(records),
    }


@dataclass(frozen=True)
class _Plain:
    """A file as it is. measured: its scored rows, without what steps made. truth, predicted: (m,) of these rows."""

    file: PreparedFile
    measured: EvenRows
    truth: Array
    predicted: Array

    @classmethod
    def of(cls, file: PreparedFile, predicted: np.ndarray, pipeline: Pipeline) -> Self:
        rows = scored_rows(file)
        truth = np.asarray(file.column(pipeline.signals.target)[rows])
        return cls(file, measured_rows(file, pipeline), truth, predicted[rows])


def _concerns(case: Disturbance, behind: set[str], counted: bool) -> bool:
    return case.rows is not None or case.column in behind or (case.start_soc != 0 and counted)


def _disturbed(
    case: Disturbance, plain: _Plain, pipeline: Pipeline, random: np.random.Generator
) -> tuple[PreparedFile, np.ndarray]:
    """The file as the model reads it then, and which scored rows of the file its scored rows are."""
    rows = case.rows(plain.measured, random) if case.rows else plain.measured
    for name in _disturbed_columns(case, pipeline) & set(rows.columns):
        rows = rows.with_column(name, case.change(rows.column(name), random))
    steps = tuple(_started_off(step, case.start_soc) for step in pipeline.steps)
    again = prepared_again(plain.file, rows, replace(pipeline, steps=steps))
    return again, np.searchsorted(plain.measured.time_s, rows.time_s)


def _disturbed_columns(case: Disturbance, pipeline: Pipeline) -> set[str]:
    """The measured columns that are changed; of a wrong SOC also those that start a count."""
    starts = {step.start_column for step in pipeline.steps if isinstance(step, CoulombSoc) and case.start_soc}
    return {case.column, *starts}


def _started_off(step: Step, by: float) -> Step:
    """A count that starts from a set value starts off by so much; it may leave 0 to 1, as a wrong one does."""
    if isinstance(step, CoulombSoc) and not step.start_column:
        return step.model_copy(update={"initial_soc": step.initial_soc + by})
    return step


def _sums(truth: Array, predicted: Array) -> ErrorSums:
    known = np.isfinite(truth)
    return ErrorSums.of(truth[known], predicted[known])


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
