"""Rows: random batches of single rows, for networks without memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from vestim_core.data.prepared_set import PreparedFile
from vestim_core.spec.training import RowsTraining
from vestim_core.training.batches import Batch
from vestim_core.training.shuffled_batches import ShuffledBatches


class RowBatches(ShuffledBatches):
    """An epoch is every scored row once, in a new random order; a batch is a slice of it, the last one short.

    The rows are reordered once per epoch, because slicing is several times faster than gathering rows for each batch.
    """

    def __init__(
        self, files: Sequence[PreparedFile], training: RowsTraining, generator: torch.Generator, device: str
    ) -> None:
        super().__init__(generator)
        self._size = training.batch_size
        scored = [(file, segment.scored_rows) for file in files for segment in file.segments]
        self._x = torch.from_numpy(np.concatenate([file.features[rows] for file, rows in scored])).to(device)
        self._y = torch.from_numpy(np.concatenate([file.target[rows] for file, rows in scored])).to(device)
        self.per_epoch = -(-len(self._y) // self._size)

    def batch(self, index: int) -> Batch:
        """See `Batches.batch`; x is (1, B, F): rows are independent, so they lie along the second axis."""
        self.begin(index)
        rows = slice(index * self._size, (index + 1) * self._size)
        y = self._shuffled_y[rows].unsqueeze(0)
        return Batch(x=self._shuffled_x[rows].unsqueeze(0), y=y, count=y.numel())

    def shuffle(self) -> None:
        """See `ShuffledBatches.shuffle`."""
        order = torch.randperm(len(self._y), generator=self._generator).to(self._y.device)
        self._shuffled_x, self._shuffled_y = self._x.index_select(0, order), self._y.index_select(0, order)
