"""Windows: random batches of windows, each from rest, whose last row alone is learned.

A window ends with the row that it predicts, lies within one segment, and is gathered when its batch is asked for: what
is kept is the rows themselves and one number a window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from vestim_core.data.prepared import PreparedFile
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.training import WindowsTraining
from vestim_core.training.batches import Batch
from vestim_core.training.shuffled import Shuffled


class WindowBatches(Shuffled):
    """An epoch is every `stride_steps`-th scored row that has a whole window before it, once, in a new random order and
    from a new random offset; the last batch is short."""

    def __init__(
        self, files: Sequence[PreparedFile], training: WindowsTraining, generator: torch.Generator, device: str
    ) -> None:
        super().__init__(generator)
        self._lookback = training.lookback_steps
        self._size = training.batch_windows
        self._stride = training.stride_steps
        ends = np.concatenate([np.empty(0, np.int32), *_ends(files, self._lookback)])
        if not len(ends):
            raise wrong_input(
                f"No training file has {self._lookback} rows in one piece: shorten training.lookback_steps",
                place="training.lookback_steps",
            )
        rows = torch.from_numpy(np.concatenate([file.features for file in files])).to(device)
        self._windows = rows.unfold(0, self._lookback, 1)  # a view: entry i is the rows from i on
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
        """See `Shuffled.shuffle`."""
        windows = len(self._ends) // self._stride or 1
        first = int(torch.randint(self._stride, (1,), generator=self._generator)) if self._stride > 1 else 0
        chosen = torch.randperm(windows, generator=self._generator)
        chosen.mul_(self._stride).add_(first).clamp_(max=len(self._ends) - 1)
        self._order = self._ends[chosen.to(self._ends.device)]


def _ends(files: Sequence[PreparedFile], lookback: int) -> list[np.ndarray]:
    """Row numbers, in rows of all files together, of the last rows of all windows, a segment at a time."""
    ends = []
    before = 0
    for file in files:
        for segment in file.segments:
            first = max(segment.scored_from, segment.start + lookback - 1)
            if first < segment.stop:
                ends.append(np.arange(before + first, before + segment.stop, dtype=np.int32))
        before += len(file.features)
    return ends
