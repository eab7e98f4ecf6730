"""Windows: random batches of windows, each starting from rest; only the last row of a window is learned.

A window ends with the row that it predicts and lies within one segment. It is gathered when its batch is requested:
only the rows themselves and one number per window are stored.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from vestim_core.data.prepared_set import PreparedFile
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.training import WindowsTraining
from vestim_core.training.batches import Batch
from vestim_core.training.shuffled_batches import ShuffledBatches


class WindowBatches(ShuffledBatches):
    """Random windows that end at every `stride_steps`-th scored row with enough rows before it.

    Each epoch takes them once, in a new random order and from a new random offset; the last batch is short.
    """

    def __init__(
        self, files: Sequence[PreparedFile], training: WindowsTraining, generator: torch.Generator, device: str
    ) -> None:
        super().__init__(generator)
        self._lookback = training.lookback
        self._size = training.batch_size
        self._stride = training.stride_steps
        ends = np.concatenate([np.empty(0, np.int32), *_ends(files, self._lookback)])
        if not len(ends):
            raise wrong_input(
                f"No training file has {self._lookback} rows in one piece: shorten training.lookback",
                location="training.lookback",
            )
        rows = torch.from_numpy(np.concatenate([file.features for file in files])).to(device)
        self._windows = rows.unfold(0, self._lookback, 1)  # a view: entry i holds the rows from i on
        self._y = torch.from_numpy(np.concatenate([file.target for file in files])).to(device)
        self._ends = torch.from_numpy(ends).to(device)
        self.per_epoch = -(-(len(ends) // self._stride or 1) // self._size)

    def batch(self, index: int) -> Batch:
        """See `Batches.batch`; y is (B, 1)."""
        self.begin(index)
        ends = self._order[index * self._size : (index + 1) * self._size]
        y = self._y[ends].unsqueeze(1)
        x = self._windows[ends - (self._lookback - 1)].transpose(1, 2)
        return Batch(x=x, y=y, count=y.numel(), last_only=True)

    def shuffle(self) -> None:
        """See `ShuffledBatches.shuffle`."""
        windows = len(self._ends) // self._stride or 1
        first = int(torch.randint(self._stride, (1,), generator=self._generator)) if self._stride > 1 else 0
        end_indices = torch.randperm(windows, generator=self._generator)
        end_indices.mul_(self._stride).add_(first).clamp_(max=len(self._ends) - 1)
        self._order = self._ends[end_indices.to(self._ends.device)]


def _ends(files: Sequence[PreparedFile], lookback: int) -> list[np.ndarray]:
    """Indices of the last rows of all windows, per segment, counted over all files' rows together."""
    ends = []
    row_offset = 0
    for file in files:
        for segment in file.segments:
            first = max(segment.scored_from, segment.start + lookback - 1)
            if first < segment.stop:
                ends.append(np.arange(row_offset + first, row_offset + segment.stop, dtype=np.int32))
        row_offset += len(file.features)
    return ends
