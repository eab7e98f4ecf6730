"""A trained model fed sample by sample, as a battery management system would run it.

Whatever the pieces, it gives the predictions that `TrainedModel.predict` gives for the whole file, up to rounding:
preparation, carried state and output filter are the same, and none of them looks ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import torch

from vestim_core.data.streaming import PipelineStream, StreamedRow
from vestim_core.evaluation.output_filter import OutputFilterState
from vestim_core.evaluation.standalone import TrainedModel
from vestim_core.models.network import State


class Estimate(NamedTuple):
    """A prediction in the target's unit, and the time that it is for."""

    time_s: float
    value: float


class RunningModel:
    """One run of a system. identity: hash that seeds noise in formulas, as the content of a file does."""

    def __init__(self, model: TrainedModel, identity: str = "") -> None:
        self._module = model.module.eval()
        self._pipeline = model.pipeline
        self._stream = PipelineStream(model.pipeline, identity)
        self._filter = OutputFilterState(model.module.output_filter, model.pipeline.period_s)
        self._state: State | None = None

    def push(self, time_s: float, values: Mapping[str, float]) -> list[Estimate]:
        """What is known once `values`, one by column, start to hold at `time_s`; times must increase."""
        return self._through(self._stream.push(time_s, values))

    def finish(self) -> list[Estimate]:
        """What is left when no sample follows."""
        return self._through(self._stream.finish())

    def _through(self, rows: Iterable[StreamedRow]) -> list[Estimate]:
        found = []
        for row in rows:
            if row.starts:
                self._state = None
                self._filter.start()
            with torch.inference_mode():
                y, self._state = self._module(torch.from_numpy(row.features)[None, None], self._state)
            if row.scored:
                scaled = self._filter.push(y.numpy().ravel().astype(np.float64))
                found.append(Estimate(row.time_s, float(self._pipeline.inverse_target(scaled)[0])))
        return found
