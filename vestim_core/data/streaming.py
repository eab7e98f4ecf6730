"""Applies a pipeline sample by sample, as a battery management system would at run time.

Fed the rows of a file in order, it yields the same rows as `Pipeline.apply` for the entire file, each as soon as it is
determined. It proves that no step looks ahead and is the reference for code generated from a pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.steps.augment import Augmenter
from vestim_core.data.steps.column_steps import ColumnStep, create_column_step
from vestim_core.data.steps.formula import UndefinedFormulaValue
from vestim_core.data.steps.pre_roll import RestedRows
from vestim_core.data.steps.resample_stream import GridRow, ResampleStream
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.preparation import AnyColumnStep, Augment, Normalize, PreRoll, Resample


@dataclass(frozen=True)
class StreamedRow:
    """One prepared row.

    features: (F,) float32 scaled. physical: float64 by column. starts_segment: true for the first row of a segment,
    where the hidden state is reset. is_scored: false for rested pre-roll.
    """

    time_s: float
    features: np.ndarray
    physical: Mapping[str, float]
    starts_segment: bool
    is_scored: bool


@dataclass(frozen=True)
class _Row:
    """A row between two steps; each column is an array of length 1."""

    time_s: float
    columns: Mapping[str, np.ndarray]
    starts_segment: bool
    is_scored: bool = True

    def with_column(self, name: str, values: np.ndarray) -> _Row:
        return replace(self, columns={**self.columns, name: values})


class _Stage(Protocol):
    def __call__(self, row: _Row) -> Iterable[_Row]: ...


class PipelineStream:
    """One file, or one run of a system, passing through a fitted pipeline.

    identity: hash of the file's content, which seeds noise as in `Pipeline.apply`. is_training: apply augmentation, as
    for training files.
    """

    def __init__(self, pipeline: Pipeline, identity: str = "", *, is_training: bool = False) -> None:
        self._pipeline = pipeline
        self._grid = ResampleStream(next(step for step in pipeline.steps if isinstance(step, Resample)))
        self._names: tuple[str, ...] = ()
        self._stages = list(_stages(pipeline, identity, is_training))

    def push(self, time_s: float, values: Mapping[str, float]) -> list[StreamedRow]:
        """Return the prepared rows that are determined once `values`, one per column, begin to hold at `time_s`.

        Raises wrong_input where a formula yields no number.
        """
        self._names = self._names or tuple(values)
        row = np.array([values[name] for name in self._names], dtype=np.float64)
        return self._run_stages(self._grid.push(time_s, row))

    def finish(self) -> list[StreamedRow]:
        """Return the remaining rows after the last one was pushed."""
        return self._run_stages(self._grid.finish())

    def _run_stages(self, grid: Iterable[GridRow]) -> list[StreamedRow]:
        rows: Iterable[_Row] = (
            _Row(row.time_s, dict(zip(self._names, row.values[:, None], strict=True)), row.starts_segment)
            for row in grid
        )
        for stage in self._stages:
            rows = [output for row in rows for output in stage(row)]
        return [self._scale_row(row) for row in rows]

    def _scale_row(self, row: _Row) -> StreamedRow:
        features = np.array([row.columns[name][0] for name in self._pipeline.signals.features])
        physical = {name: float(values[0]) for name, values in row.columns.items()}
        scaled_features = self._pipeline.feature_scale.forward(features)
        return StreamedRow(row.time_s, scaled_features, physical, row.starts_segment, row.is_scored)


def _stages(pipeline: Pipeline, identity: str, training: bool) -> Iterator[_Stage]:
    """Yield one function on rows for each step between resampling and normalization."""
    column_steps: list[AnyColumnStep] = []
    for index, step in enumerate(pipeline.steps, 1):
        if isinstance(step, PreRoll):
            yield partial(_with_pre_roll, RestedRows(step, tuple(column_steps), pipeline.period_s, identity), index)
        elif isinstance(step, Augment):
            if training:
                yield partial(_augment_row, Augmenter(step, index, identity), step.column)
        elif not isinstance(step, Resample | Normalize):
            yield partial(_with_new_column, create_column_step(step, pipeline.period_s, identity), step.output, index)
            column_steps.append(step)


def _with_new_column(column_maker: ColumnStep, output: str, index: int, row: _Row) -> Iterator[_Row]:
    if row.starts_segment:
        column_maker.start()
    try:
        yield row.with_column(output, column_maker.push(row.columns))
    except UndefinedFormulaValue as error:
        raise _no_value(index, row, error) from None


def _augment_row(augmenter: Augmenter, column: str, row: _Row) -> Iterator[_Row]:
    yield row.with_column(column, augmenter.push(row.columns[column]))


def _with_pre_roll(rest: RestedRows, index: int, row: _Row) -> Iterator[_Row]:
    """Yield the row, preceded by the rested rows if it is the first of its segment."""
    if row.starts_segment and rest.row_count:
        try:
            rest_columns = rest.rows_before({name: float(values[0]) for name, values in row.columns.items()})
        except UndefinedFormulaValue as error:
            raise _no_value(index, row, error) from None
        for position, back_s in enumerate(rest.offsets_s.tolist()):
            columns = {name: values[position : position + 1] for name, values in rest_columns.items()}
            yield _Row(row.time_s + back_s, columns, position == 0, is_scored=False)
        row = replace(row, starts_segment=False)
    yield row


def _no_value(index: int, row: _Row, error: UndefinedFormulaValue) -> VestimError:
    return wrong_input(
        f"Step {index} has no value at {row.time_s:g} s: {error.message}.", location=f"preparation[{index}]"
    )
