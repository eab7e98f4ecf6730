"""A trained model that is fed sample by sample, as in a battery management system.

Up to rounding, it gives the predictions of `TrainedModel.predict` for the complete file: preparation, carried state and
output filter are the same, and none of them looks ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import torch

from vestim_core.data.streaming import PipelineStream, StreamedRow
from vestim_core.evaluation.output_filter import OutputFilterState
from vestim_core.evaluation.trained_model import TrainedModel
from vestim_core.models.network import State


class Estimate(NamedTuple):
    """A prediction in the target's unit and its time."""

    time_s: float
    value: float


class RunningModel:
    """One run of a model. identity: hash that seeds noise in formulas, in place of the hash of a file."""

    def __init__(self, model: TrainedModel, identity: str = "") -> None:
        self._module = model.module.eval()
        self._pipeline = model.pipeline
        self._stream = PipelineStream(model.pipeline, identity)
        self._filter = OutputFilterState(model.module.output_filter, model.pipeline.period_s)
        self._state: State | None = None

    def push(self, time_s: float, values: Mapping[str, float]) -> list[Estimate]:
        """Return the predictions known once `values` by column start to hold at `time_s`; times must increase."""
        return self._predict(self._stream.push(time_s, values))

    def finish(self) -> list[Estimate]:
        """Return the remaining predictions when no sample follows."""
        return self._predict(self._stream.finish())

    def _predict(self, rows: Iterable[StreamedRow]) -> list[Estimate]:
        estimates = []
        for row in rows:
            if row.starts_segment:
                self._state = None
                self._filter.start()
            with torch.inference_mode():
                y, self._state = self._module(torch.from_numpy(row.features)[None, None], self._state)
            if row.is_scored:
                scaled = self._filter.push(y.numpy().ravel().astype(np.float64))
                estimates.append(Estimate(row.time_s, float(self._pipeline.inverse_target(scaled)[0])))
        return estimates
