"""Robustness: the cost of sensor errors and of a wrong start, measured on files that are disturbed in one way each.

A disturbance changes the measured columns on their even grid. The model's own steps (filters, formulas, counted SOC)
run again on the result. The target that predictions are compared with is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepared_set import PreparedFile
from vestim_core.data.reprepare import consecutive_segments, measured_rows, reprepare, upstream_columns
from vestim_core.data.steps.resampled_table import ResampledTable
from vestim_core.evaluation.comparison import scored_rows
from vestim_core.evaluation.evaluation_report import Predictor
from vestim_core.evaluation.metrics import Array, ErrorSums, pool_sums
from vestim_core.spec.preparation import CoulombSoc, Step
from vestim_core.spec.signals import error_scale

SCHEMA_VERSION = 1  # of `robustness.json`
SEED = 1  # of the noise, so that two runs agree; arbitrary


@dataclass(frozen=True)
class Disturbance:
    """One case.

    column: the column that it changes; the case is skipped for a model that does not depend on it. change: new values
    (n,) of the column, with a random generator. rows: changes all rows instead. start_soc: error of the SOC from which
    a counted one starts.
    """

    name: str
    column: str = ""
    change: Callable[[np.ndarray, np.random.Generator], np.ndarray] = lambda values, random: values
    rows: Callable[[ResampledTable, np.random.Generator], ResampledTable] | None = None
    start_soc: float = 0.0


def _offset(column: str, offset: float, name: str) -> Disturbance:
    return Disturbance(name, column, lambda values, random: values + offset)


def _gain(column: str, percent: float, name: str) -> Disturbance:
    return Disturbance(name, column, lambda values, random: values * (1 + percent / 100))


def _noise(column: str, deviation: float, name: str) -> Disturbance:
    return Disturbance(name, column, lambda values, random: values + random.normal(0.0, deviation, len(values)))


def _wrong_soc(offset: float, name: str) -> Disturbance:
    return Disturbance(name, "soc", lambda values, random: values + offset, start_soc=offset)


def _drop_samples(rows: ResampledTable, random: np.random.Generator) -> ResampledTable:
    """Drop one sample in ten: the one before it holds on."""
    source_rows = np.arange(len(rows.time_s))
    for segment in rows.segments:
        is_received = random.random(segment.stop - segment.start) >= 0.1
        is_received[0] = True
        segment_rows = source_rows[segment.start : segment.stop]
        segment_rows[:] = np.maximum.accumulate(np.where(is_received, segment_rows, segment.start))
    return replace(rows, columns={name: values[source_rows] for name, values in rows.columns.items()})


def _start_in_middle(rows: ResampledTable, random: np.random.Generator) -> ResampledTable:
    """Begin each segment in its middle, as if the cell had rested there."""
    middles = [(segment.start + segment.stop) // 2 for segment in rows.segments]
    parts = [np.arange(middle, segment.stop) for middle, segment in zip(middles, rows.segments, strict=True)]
    second_halves = np.concatenate(parts)
    columns = {name: values[second_halves] for name, values in rows.columns.items()}
    return ResampledTable(rows.time_s[second_halves], columns, consecutive_segments([len(part) for part in parts]))


STANDARD_DISTURBANCES: tuple[Disturbance, ...] = (
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
    Disturbance("one sample in ten dropped", rows=_drop_samples),
    Disturbance("start in mid-cycle", rows=_start_in_middle),
)
"""The standard cases. Those that disturb a column on which a model does not depend are skipped for it."""


def robustness(
    predictor: Predictor,
    files: Sequence[PreparedFile],
    pipeline: Pipeline,
    cases: Sequence[Disturbance] = STANDARD_DISTURBANCES,
    on_case: Callable[[int, int], None] = lambda done, count: None,
) -> list[dict[str, Any]]:
    """Test a model under every case; one record per case, the first one undisturbed.

    A record has `case`, rows, RMSE and MAE over all `files`, and `cost`: the RMSE above that of the same rows without
    the disturbance. on_case: called after each case with the cases done and their number. Raises wrong_input where a
    formula of the pipeline gives no number on disturbed rows.
    """
    target = pipeline.signals.target
    undisturbed_files = [_UndisturbedFile.of(file, predictor(file), pipeline) for file in files]
    records = [
        _record("undisturbed", [_sums(entry.truth, entry.predicted) for entry in undisturbed_files], None, target)
    ]
    source_columns = upstream_columns(pipeline)
    has_counted_soc = any(isinstance(step, CoulombSoc) and step.output in source_columns for step in pipeline.steps)
    relevant_cases = [
        (index, case) for index, case in enumerate(cases) if _is_relevant(case, source_columns, has_counted_soc)
    ]
    on_case(1, len(relevant_cases) + 1)
    for done, (index, case) in enumerate(relevant_cases, 2):
        random = np.random.default_rng([SEED, index])
        disturbed_sums, undisturbed_sums = [], []
        for entry in undisturbed_files:
            file, rows = _disturb(case, entry, pipeline, random)
            disturbed_sums.append(_sums(entry.truth[rows], predictor(file)[scored_rows(file)]))
            undisturbed_sums.append(_sums(entry.truth[rows], entry.predicted[rows]))
        records.append(_record(case.name, disturbed_sums, undisturbed_sums, target))
        on_case(done, len(relevant_cases) + 1)
    return records


def robustness_document(
    model: dict[str, Any], files: Sequence[PreparedFile], target: str, records: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The content of `robustness.json`. model: as in `metrics.json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": model,
        "target": target,
        "files": [{"file": file.name, "key": file.key, "role": file.role} for file in files],
        "cases": list(records),
    }


@dataclass(frozen=True)
class _UndisturbedFile:
    """A file as measured.

    measured: its scored rows without computed columns. truth, predicted: (m,) in these rows, in the target's unit.
    """

    file: PreparedFile
    measured_table: ResampledTable
    truth: Array
    predicted: Array

    @classmethod
    def of(cls, file: PreparedFile, predicted: np.ndarray, pipeline: Pipeline) -> Self:
        rows = scored_rows(file)
        truth = np.asarray(file.column(pipeline.signals.target)[rows])
        return cls(file, measured_rows(file, pipeline), truth, predicted[rows])


def _is_relevant(case: Disturbance, source_columns: set[str], has_counted_soc: bool) -> bool:
    return case.rows is not None or case.column in source_columns or (case.start_soc != 0 and has_counted_soc)


def _disturb(
    case: Disturbance, entry: _UndisturbedFile, pipeline: Pipeline, random: np.random.Generator
) -> tuple[PreparedFile, np.ndarray]:
    """Return the file as the model reads it under this case, and the index (k,) of each of its rows in `entry`."""
    rows = case.rows(entry.measured_table, random) if case.rows else entry.measured_table
    for name in _disturbed_columns(case, pipeline) & set(rows.columns):
        rows = rows.with_column(name, case.change(rows.column(name), random))
    steps = tuple(_with_start_error(step, case.start_soc) for step in pipeline.steps)
    file = reprepare(entry.file, rows, replace(pipeline, steps=steps))
    return file, np.searchsorted(entry.measured_table.time_s, rows.time_s)


def _disturbed_columns(case: Disturbance, pipeline: Pipeline) -> set[str]:
    """The measured columns that a case changes; for a wrong SOC also those that start a count."""
    starts = {step.start_column for step in pipeline.steps if isinstance(step, CoulombSoc) and case.start_soc}
    return {case.column, *starts}


def _with_start_error(step: Step, offset: float) -> Step:
    """Add `offset` to the start of a counted SOC that has a fixed start; the sum may lie outside 0..1."""
    if isinstance(step, CoulombSoc) and not step.start_column:
        return step.model_copy(update={"initial_soc": step.initial_soc + offset})
    return step


def _sums(truth: Array, predicted: Array) -> ErrorSums:
    is_finite = np.isfinite(truth)
    return ErrorSums.of(truth[is_finite], predicted[is_finite])


def _record(
    name: str, sums: Sequence[ErrorSums], undisturbed: Sequence[ErrorSums] | None, target: str
) -> dict[str, Any]:
    suffix, _ = error_scale(target)
    total = pool_sums(sums)
    metrics = total.metrics(target)
    rmse = metrics[f"rmse{suffix}"]
    reference = pool_sums(undisturbed).metrics(target)[f"rmse{suffix}"] if undisturbed is not None else rmse
    cost = None if rmse is None or reference is None else rmse - reference
    return {
        "case": name,
        "rows": total.rows,
        f"rmse{suffix}": rmse,
        f"mae{suffix}": metrics[f"mae{suffix}"],
        f"cost{suffix}": cost,
    }
