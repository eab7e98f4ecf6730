"""Predictions of complete files: one stateful pass over each segment, as a battery management system runs the model.

Training validates with the same function that tests use.
"""

from __future__ import annotations

import numpy as np
import torch

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepared_set import PreparedFile
from vestim_core.data.segment import Segment
from vestim_core.evaluation.output_filter import OutputFilterState
from vestim_core.models.network import Network, State

PIECE_ROWS = 100_000
"""Rows per call: bounds memory on long files, with the state carried on. Arbitrary, 1000 to 10^6 works."""


def predict(module: Network, file: PreparedFile, pipeline: Pipeline, device: str = "cpu") -> np.ndarray:
    """Predictions (n,) for every row of `file`, float64 in the target's unit, pre-roll included.

    Each segment starts at rest. `module` is on `device` and keeps its mode (training or evaluation).
    """
    scaled = np.empty(len(file.features))
    output_filter = OutputFilterState(module.output_filter, pipeline.period_s)
    was_training = module.training
    module.eval()
    try:
        with torch.inference_mode():
            for segment in file.segments:
                _predict_segment(module, file, segment, scaled, device)
                output_filter.start()
                scaled[segment.scored_rows] = output_filter.push(scaled[segment.scored_rows])
    finally:
        module.train(was_training)
    return pipeline.inverse_target(scaled)


def _predict_segment(module: Network, file: PreparedFile, segment: Segment, scaled: np.ndarray, device: str) -> None:
    """Write the network's own output for the rows of a segment into `scaled` (n,)."""
    state: State | None = None
    for start in range(segment.start, segment.stop, PIECE_ROWS):
        rows = slice(start, min(start + PIECE_ROWS, segment.stop))
        x = torch.tensor(file.features[rows], device=device)
        y, state = module(x.unsqueeze(0), state)
        scaled[rows] = y.squeeze(0).cpu().numpy()
