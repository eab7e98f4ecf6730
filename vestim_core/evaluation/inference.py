"""Predictions of whole files: one stateful pass over each segment, as a battery management system would run the model.

Training validates with this function and tests use it, so that what is trained is what is tested.
"""

from __future__ import annotations

import numpy as np
import torch

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepared import PreparedFile
from vestim_core.data.segment import Segment
from vestim_core.evaluation.output_filter import OutputFilterState
from vestim_core.models.network import Network, State

PIECE_ROWS = 100_000
"""Rows in one call: bounds memory on long files; the state is carried from piece to piece."""


def predict(module: Network, file: PreparedFile, pipeline: Pipeline, device: str = "cpu") -> np.ndarray:
    """(n,) float64 in the target's unit for every row of `file`, pre-roll included; each segment starts at rest.

    `module` lies on `device` and is left in the mode (training or not) that it was in.
    """
    scaled = np.empty(len(file.features))
    output_filter = OutputFilterState(module.output_filter, pipeline.period_s)
    training = module.training
    module.eval()
    try:
        with torch.inference_mode():
            for segment in file.segments:
                _predict_segment(module, file, segment, scaled, device)
                output_filter.start()
                scaled[segment.scored] = output_filter.push(scaled[segment.scored])
    finally:
        module.train(training)
    return pipeline.inverse_target(scaled)


def _predict_segment(module: Network, file: PreparedFile, segment: Segment, scaled: np.ndarray, device: str) -> None:
    """What the network itself gives for the rows of a segment, into `scaled` (n,)."""
    state: State | None = None
    for start in range(segment.start, segment.stop, PIECE_ROWS):
        rows = slice(start, min(start + PIECE_ROWS, segment.stop))
        x = torch.tensor(file.features[rows], device=device)
        y, state = module(x.unsqueeze(0), state)
        scaled[rows] = y.squeeze(0).cpu().numpy()
