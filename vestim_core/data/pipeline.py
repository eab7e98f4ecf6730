"""The preparation pipeline: fitted on training files, saved as JSON, the same for training, testing and every export.

Applied to one file it gives the same bits whatever other files there are, and after any number of trips through JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from vestim_core.data.segment import Segment
from vestim_core.data.steps.even import EvenRows
from vestim_core.data.steps.normalise import Scale, fit_scale
from vestim_core.data.steps.pre_roll import pre_roll
from vestim_core.data.steps.resample import resample
from vestim_core.data.table import Table
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input
from vestim_core.spec.preparation import Normalise, PreRoll, Resample, Step
from vestim_core.spec.signals import SignalsSpec

SCHEMA_VERSION = 1
PIPELINE_VERSION = 1
"""Raised with every change that gives other numbers for the same file and settings."""

S = TypeVar("S", Resample, Normalise)
_STEPS: TypeAdapter[list[Step]] = TypeAdapter(list[Step])


@dataclass(frozen=True)
class PreparedArrays:
    """One file as a model reads it. features: (n, F) float32 scaled, C-contiguous; target: (n,) float32 scaled;
    time_s: (n,) and physical: (n, C) float64, in the order of `columns`; segments cover all n rows."""

    time_s: np.ndarray
    features: np.ndarray
    target: np.ndarray
    physical: np.ndarray
    columns: tuple[str, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Pipeline:
    """Steps and what was fitted: physical = scaled * factor + offset for features (F,) and target ()."""

    steps: tuple[Step, ...]
    signals: SignalsSpec
    feature_scale: Scale
    target_scale: Scale

    @classmethod
    def fit(cls, steps: Sequence[Step], signals: SignalsSpec, tables: Sequence[Table]) -> Self:
        """The pipeline fitted on `tables`, which must be training files only."""
        return cls.fit_rows(steps, signals, [resample_table(steps, table) for table in tables])

    @classmethod
    def fit_rows(cls, steps: Sequence[Step], signals: SignalsSpec, training: Sequence[EvenRows]) -> Self:
        """`fit` for training files that `resample_table` has already put on their grid."""
        step = _only(steps, Normalise)
        names = [*signals.features, signals.target]
        scale = fit_scale(names, training, step)
        features = Scale(scale.offset[:-1].copy(), scale.factor[:-1].copy())
        target = Scale(scale.offset[-1].reshape(()), scale.factor[-1].reshape(()))
        return cls(tuple(steps), signals, features, target)

    @property
    def period_s(self) -> float:
        """Time between two rows of every prepared file."""
        return _only(self.steps, Resample).period_s

    def apply(self, table: Table) -> PreparedArrays:
        """One file through all steps; `table` must have every feature and the target."""
        return self.finish(resample_table(self.steps, table))

    def finish(self, rows: EvenRows) -> PreparedArrays:
        """The steps after resampling."""
        for step in self.steps:
            if isinstance(step, PreRoll):
                rows = pre_roll(rows, step, self.period_s)
        features = np.column_stack([rows.column(name) for name in self.signals.features])
        return PreparedArrays(
            time_s=rows.time_s,
            features=self.feature_scale.forward(features),
            target=self.target_scale.forward(rows.column(self.signals.target)),
            physical=rows.physical,
            columns=rows.columns,
            segments=rows.segments,
        )

    def inverse_target(self, scaled: np.ndarray) -> np.ndarray:
        """What a model predicts, of any shape, as float64 in the target's unit."""
        return self.target_scale.inverse(scaled)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` gives the same pipeline to the last bit."""
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
        """The pipeline of `to_json`; a VestimError when the record is damaged or of a later version."""
        if record.get("schema_version") != SCHEMA_VERSION or record.get("pipeline_version") != PIPELINE_VERSION:
            raise VestimError(
                ErrorCode.VERSION,
                f"The preparation was saved by another version of Vestim (schema {record.get('schema_version')}, "
                f"pipeline {record.get('pipeline_version')}; this one reads {SCHEMA_VERSION}, {PIPELINE_VERSION}).",
            )
        try:
            return cls(
                tuple(_STEPS.validate_python(record["steps"])),
                SignalsSpec.model_validate(record["signals"]),
                Scale.from_json(record["feature_scale"]),
                Scale.from_json(record["target_scale"]),
            )
        except (KeyError, TypeError, ValueError, ValidationError):
            raise wrong_input("The saved preparation is damaged: prepare the data again.") from None


def resample_table(steps: Sequence[Step], table: Table) -> EvenRows:
    """The file on its even grid; wrong_input when no stretch of it is as long as one period."""
    step = _only(steps, Resample)
    columns = {name: values for name, values in table.columns.items() if name != "time_s"}
    rows = resample(table.columns["time_s"], columns, step)
    if rows.segments:
        return rows
    raise wrong_input(
        f'"{table.name}" gives no row on a grid of {step.period_s:g} s: its {table.rows} rows last '
        f"{table.columns['time_s'][-1]:g} s and none of its stretches without a pause above {step.max_gap_s:g} s is a "
        f"period long. Change period_s or max_gap_s of the resample step, or leave the file out.",
        place=str(table.path),
    )


def _only(steps: Sequence[Step], kind: type[S]) -> S:
    return next(step for step in steps if isinstance(step, kind))
