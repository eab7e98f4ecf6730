"""Streams: many sequences side by side, cut into chunks, the hidden state carried from chunk to chunk.

Truncated backpropagation through time with random starts. A stream never crosses the border of a segment, and a row
counts only when the state it was predicted from is one that inference could have had.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from vestim_core.data.prepared import PreparedFile
from vestim_core.spec.training import StreamsTraining
from vestim_core.training.batches import Batch

_AHEAD_VALUES = 1 << 20
"""Features and targets that may be picked out before they are asked for: 4 MB of them."""


class _Chunk(NamedTuple):
    """One batch before its rows are picked: where each stream's chunk begins, and the rest as in `Batch`."""

    first: np.ndarray
    counted: int
    scored: Tensor | None
    kept: Tensor | None


class StreamBatches:
    """One batch is one chunk of every stream; an epoch is `draws_per_epoch` draws of starts, `chunks_per_stream` each.

    Starts: a segment is drawn by its number of scored rows and, in it, the middle of the stream anywhere, moved inwards
    until the stream fits; so every row is about equally likely, and segments' starts and ends are seen too. A stream
    that reaches its segment's end goes on elsewhere at the next chunk, from rest.

    What counts: a stream that starts at its segment's start has there the very state that inference has, and counts
    from the first scored row on. One that starts inside counts after `burn_in_steps` rows, when the state has settled.
    """

    def __init__(
        self, files: Sequence[PreparedFile], training: StreamsTraining, generator: torch.Generator, device: str
    ) -> None:
        self._training = training
        self._generator = generator
        self._device = device
        self._x = _windows([file.features for file in files], training.chunk_steps, device)  # (N, F, T)
        self._y = _windows([file.target for file in files], training.chunk_steps, device)  # (N, T)
        borders = _borders(files)
        self._starts, self._stops, self._scored_from = borders.unbind(1)
        self._chunk = np.arange(training.chunk_steps)
        self.per_epoch = training.draws_per_epoch * training.chunks_per_stream
        values = training.streams * training.chunk_steps * (self._x.shape[1] + 1)
        self._ahead = max(1, min(_AHEAD_VALUES // values, training.chunks_per_stream))
        # In numpy, whose calls for a few numbers take a fraction of torch's.
        self._row = np.zeros(training.streams, np.int64)  # where each stream stands in all rows
        self._stop = np.zeros_like(self._row)  # the end of its segment
        self._counts_from = np.zeros_like(self._row)  # its first row in the loss
        self._ready: deque[Batch] = deque()  # made, and not asked for yet
        self._given = 0  # of those that were made together with the ready ones
        self._made_from = self._position()

    def batch(self, index: int) -> Batch:
        """See `Batches.batch`."""
        while not self._ready:
            self._make(index - self._given)
        batch = self._ready.popleft()
        self._given = self._given + 1 if self._ready else 0
        return batch

    def state(self, index: int) -> dict[str, Any]:
        """See `Batches.state`."""
        return {**(self._made_from if self._ready else self._position()), "given": self._given}

    def load(self, state: dict[str, Any], index: int) -> None:
        """See `Batches.load`."""
        self._generator.set_state(state["generator"])
        self._row, self._stop, self._counts_from = (
            state[name].numpy().copy() for name in ("row", "stop", "counts_from")
        )
        self._ready.clear()
        self._given = state.get("given", 0)  # earlier versions made one batch at a time

    def _position(self) -> dict[str, Any]:
        """From which everything that is not made yet follows."""
        return {
            "generator": self._generator.get_state(),
            "row": torch.tensor(self._row),
            "stop": torch.tensor(self._stop),
            "counts_from": torch.tensor(self._counts_from),
        }

    def _make(self, first: int) -> None:
        """Have the batches from `first` on ready, but for those that were given before.

        Many at a time, for between two updates of a network everything has to come from slow memory: one by one they
        take four times as long.
        """
        self._made_from = self._position()
        chunks = self._training.chunks_per_stream
        count = min(self._ahead, chunks - first % chunks)
        plans = [self._next_chunk(anew=(first + number) % chunks == 0) for number in range(count)]
        rows = torch.from_numpy(np.concatenate([plan.first for plan in plans])).to(self._device)
        x, y = (part[rows].unflatten(0, (count, -1)).unbind() for part in (self._x, self._y))
        self._ready.extend(
            Batch(x=x[number].transpose(1, 2), y=y[number], count=plan.counted, scored=plan.scored, kept=plan.kept)
            for number, plan in enumerate(plans)
            if number >= self._given
        )
        if not self._ready:  # whoever wrote the state had made more at once
            self._given -= count

    def _next_chunk(self, anew: bool) -> _Chunk:
        """Move every stream on by one chunk, or with `anew` to where it starts anew."""
        ended = self._row >= self._stop
        if anew:
            ended[:] = True
        if starting := int(np.count_nonzero(ended)):
            self._row[ended], self._stop[ended], self._counts_from[ended] = self._draw(starting)
        first, after = self._row, self._row + len(self._chunk)
        self._row = after
        count, scored = first.size * len(self._chunk), None
        if (first < self._counts_from).any() or (after > self._stop).any():
            each = first[:, None] + self._chunk
            mask = (each >= self._counts_from[:, None]) & (each < self._stop[:, None])
            count, scored = int(np.count_nonzero(mask)), self._share(mask)
        kept = None if starting == len(ended) else self._share(~ended[:, None])
        return _Chunk(first, count, scored, kept)

    def _share(self, marks: np.ndarray) -> Tensor:
        """Booleans as 1.0 and 0.0, where the training is."""
        return torch.from_numpy(marks.astype(np.float32)).to(self._device)

    def _draw(self, streams: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Start row, end of segment and first row that counts of that many new streams."""
        length = self._training.chunk_steps * self._training.chunks_per_stream
        weights = (self._stops - self._scored_from).double()
        segment = torch.multinomial(weights, streams, replacement=True, generator=self._generator)
        first, stop, scored_from = self._starts[segment], self._stops[segment], self._scored_from[segment]
        room = (stop - first - length).clamp(min=0)
        place = torch.rand(streams, generator=self._generator, dtype=torch.float64) * (room + length).double()
        offset = torch.minimum((place.long() - length // 2).clamp(min=0), room)
        settled = torch.where(offset == 0, first, first + offset + self._training.burn_in_steps)
        return (first + offset).numpy(), stop.numpy(), torch.maximum(scored_from, settled).numpy()


def _windows(parts: Sequence[np.ndarray], length: int, device: str) -> Tensor:
    """A view of all rows in which entry i is the `length` rows from row i on, along the last axis; after the last row
    of all come zeros, which never count."""
    rows = torch.from_numpy(np.concatenate(parts))
    end = torch.zeros(length - 1, *rows.shape[1:])
    return torch.cat([rows, end]).to(device).unfold(0, length, 1)


def _borders(files: Sequence[PreparedFile]) -> Tensor:
    """(S, 3) start, stop and first scored row of every segment that has scored rows, in rows of all files together."""
    borders: list[tuple[int, int, int]] = []
    before = 0
    for file in files:
        borders += [
            (before + segment.start, before + segment.stop, before + segment.scored_from)
            for segment in file.segments
            if segment.stop > segment.scored_from
        ]
        before += len(file.features)
    return torch.tensor(borders)
