"""The preparation pipeline: fitted on training files, saved as JSON, identical for training, testing and every export.

Applied to one file it gives the same bits regardless of other files and after any number of round trips through JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from vestim_core.data.segment import Segment
from vestim_core.data.steps.augment import AugmentationDraw, Augmenter
from vestim_core.data.steps.column_steps import ColumnStep, create_column_step
from vestim_core.data.steps.formula import UndefinedFormulaValue
from vestim_core.data.steps.normalize import Scale, fit_scale
from vestim_core.data.steps.pre_roll import RestedRows, insert_pre_roll
from vestim_core.data.steps.resample import resample
from vestim_core.data.steps.resampled_table import ResampledTable
from vestim_core.data.table import Table
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input
from vestim_core.spec.preparation import AnyColumnStep, Augment, Normalize, PreRoll, Resample, Step
from vestim_core.spec.schema_upgrade import upgrade_record
from vestim_core.spec.signals import SignalsSpec

SCHEMA_VERSION = 1  # raised with every change of the JSON record
PIPELINE_VERSION = 1
"""Raised with every change that gives other numbers for the same file and settings."""

S = TypeVar("S", Resample, Normalize)
_STEPS: TypeAdapter[list[Step]] = TypeAdapter(list[Step])


@dataclass(frozen=True)
class PreparedArrays:
    """One file in the form that models read.

    features: (n, F) float32 scaled, C-contiguous; target: (n,) float32 scaled; time_s: (n,) and physical: (n, C)
    float64, in the order of `columns`; segments cover all n rows.
    """

    time_s: np.ndarray
    features: np.ndarray
    target: np.ndarray
    physical: np.ndarray
    columns: tuple[str, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Pipeline:
    """Steps and their fitted scales: physical = scaled * factor + offset for features (F,) and target ()."""

    steps: tuple[Step, ...]
    signals: SignalsSpec
    feature_scale: Scale
    target_scale: Scale

    @classmethod
    def fit(cls, steps: Sequence[Step], signals: SignalsSpec, tables: Sequence[Table]) -> Self:
        """Fit on `tables`, which must be training files only; they are augmented."""
        training = [run_steps(steps, resample_table(steps, table), table, is_training=True)[0] for table in tables]
        return cls.fit_rows(steps, signals, training)

    @classmethod
    def fit_rows(cls, steps: Sequence[Step], signals: SignalsSpec, training_rows: Sequence[ResampledTable]) -> Self:
        """Fit on training files that have already passed all other steps (`run_steps`)."""
        step = _only_step(steps, Normalize)
        names = [*signals.features, signals.target]
        scale = fit_scale(names, training_rows, step)
        features = Scale(scale.offset[:-1].copy(), scale.factor[:-1].copy())
        target = Scale(scale.offset[-1].reshape(()), scale.factor[-1].reshape(()))
        return cls(tuple(steps), signals, features, target)

    @property
    def period_s(self) -> float:
        """Time between two rows of every prepared file in seconds."""
        return _only_step(self.steps, Resample).period_s

    def apply(self, table: Table) -> PreparedArrays:
        """Apply all steps but augmentation to one file; `table` must have every column that signals and steps read."""
        return self.scale(run_steps(self.steps, resample_table(self.steps, table), table, is_training=False)[0])

    def scale(self, rows: ResampledTable) -> PreparedArrays:
        """Apply the last step to rows that have passed all others."""
        features = np.column_stack([rows.column(name) for name in self.signals.features])
        return PreparedArrays(
            time_s=rows.time_s,
            features=self.feature_scale.forward(features),
            target=self.target_scale.forward(rows.column(self.signals.target)),
            physical=np.column_stack([*rows.columns.values()]),
            columns=tuple(rows.columns),
            segments=rows.segments,
        )

    def inverse_target(self, scaled_values: np.ndarray) -> np.ndarray:
        """Convert predictions of any shape to float64 in the target's unit."""
        return self.target_scale.inverse(scaled_values)

    @property
    def target_per_scaled_unit(self) -> float:
        """Target units per scaled unit."""
        zero, unit = self.inverse_target(np.array([0.0, 1.0]))
        return float(abs(unit - zero))

    def to_json(self) -> dict[str, Any]:
        """Convert to plain values; `from_json` restores the pipeline bit for bit."""
        return {
            "schema_version": SCHEMA_VERSION,
            "pipeline_version": PIPELINE_VERSION,
            "steps": _STEPS.dump_python(list(self.steps), mode="json"),
            "signals": self.signals.model_dump(mode="json"),
            "feature_scale": self.feature_scale.to_json(),
            "target_scale": self.target_scale.to_json(),
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Restore the pipeline of `to_json`; VestimError if the record is damaged or of another version."""
        if record.get("schema_version") != SCHEMA_VERSION or record.get("pipeline_version") != PIPELINE_VERSION:
            raise VestimError(
                ErrorCode.VERSION,
                f"The preparation was saved by another version of Vestim (schema {record.get('schema_version')}, "
                f"pipeline {record.get('pipeline_version')}; this one reads {SCHEMA_VERSION}, {PIPELINE_VERSION}).",
            )
        try:
            return cls(
                tuple(_STEPS.validate_python(upgrade_record(record["steps"]))),
                SignalsSpec.model_validate(record["signals"]),
                Scale.from_json(record["feature_scale"]),
                Scale.from_json(record["target_scale"]),
            )
        except (KeyError, TypeError, ValueError, ValidationError):
            raise wrong_input("The saved preparation is damaged: prepare the data again.") from None


def resample_table(steps: Sequence[Step], table: Table) -> ResampledTable:
    """Put the file on its even grid; wrong_input if no stretch of it is as long as one period."""
    step = _only_step(steps, Resample)
    columns = {name: values for name, values in table.columns.items() if name != "time_s"}
    rows = resample(table.columns["time_s"], columns, step)
    if rows.segments:
        return rows
    raise wrong_input(
        f'"{table.name}" gives no row on a grid of {step.period_s:g} s: its {table.rows} rows last '
        f"{table.columns['time_s'][-1]:g} s and none of its stretches without a pause above {step.max_gap_s:g} s is a "
        f"period long. Change period_s or max_gap_s of the resample step, or leave the file out.",
        location=str(table.path),
    )


def run_steps(
    steps: Sequence[Step], rows: ResampledTable, table: Table, *, is_training: bool
) -> tuple[ResampledTable, tuple[AugmentationDraw, ...]]:
    """Apply all steps between resampling and normalization; return the rows and the random changes drawn.

    is_training: apply augmentation, which is for training files only. Raises wrong_input for a file in which a formula
    yields no number.
    """
    period_s, identity = _only_step(steps, Resample).period_s, table.sha256
    column_steps: list[AnyColumnStep] = []
    draws: list[AugmentationDraw] = []
    for index, step in enumerate(steps, 1):
        try:
            if isinstance(step, PreRoll):
                rows = insert_pre_roll(rows, RestedRows(step, column_steps, period_s, identity))
            elif isinstance(step, Augment):
                if is_training:
                    augmenter = Augmenter(step, index, identity)
                    rows = rows.with_column(step.column, augmenter.push(rows.column(step.column)))
                    draws.append(augmenter.draw)
            elif not isinstance(step, Resample | Normalize):
                rows = rows.with_column(step.output, _new_column(rows, create_column_step(step, period_s, identity)))
                column_steps.append(step)
        except UndefinedFormulaValue as error:
            raise no_value_error(table, index, error, None if isinstance(step, PreRoll) else rows.time_s) from None
    return rows, tuple(draws)


def no_value_error(table: Table, index: int, error: UndefinedFormulaValue, time_s: np.ndarray | None) -> VestimError:
    """Build the error for a formula that yields no number in a file. time_s: of all rows; None for rested rows."""
    location = "in the rested pre-roll" if time_s is None else f"at {time_s[error.row]:g} s"
    more_rows = f" and in {error.count - 1} more rows" if time_s is not None and error.count > 1 else ""
    return wrong_input(
        f'Step {index} has no value for "{table.name}" {location}{more_rows}: {error.message}. Change the formula, '
        f"for example with maximum(x, 1e-6) or where(x == 0, 0, 1 / x) as far as that keeps its meaning, or leave the "
        f"file out.",
        location=str(table.path),
    )


def _new_column(rows: ResampledTable, column_maker: ColumnStep) -> np.ndarray:
    """Compute a new column (n,), segment by segment. Raises UndefinedFormulaValue with the row counted over all of
    `rows`."""
    values = np.empty(len(rows.time_s))
    for segment in rows.segments:
        segment_rows = slice(segment.start, segment.stop)
        column_maker.start()
        try:
            values[segment_rows] = column_maker.push(
                {name: column[segment_rows] for name, column in rows.columns.items()}
            )
        except UndefinedFormulaValue as error:
            raise UndefinedFormulaValue(segment.start + error.row, error.count, error.message) from None
    return values


def _only_step(steps: Sequence[Step], kind: type[S]) -> S:
    return next(step for step in steps if isinstance(step, kind))
