"""Truncated backpropagation through time (TBPTT) on many sequences side by side, with random starts.

Sequences are cut into chunks, and the hidden state is carried from chunk to chunk. A sequence never crosses the border
of a segment, and a row counts only when the state it was predicted from could also occur in inference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from vestim_core.data.prepared_set import PreparedFile
from vestim_core.spec.training import TbpttTraining
from vestim_core.training.batches import Batch

MAX_PREPARED_VALUES = 1 << 20
"""Most features and targets that are gathered ahead of their batches: 4 MB as float32, small against a training."""


class _Chunk(NamedTuple):
    """One batch before its rows are gathered: first row of each sequence's chunk, and the rest as in `EventBatch`."""

    first: np.ndarray
    loss_rows: int
    scored: Tensor | None
    carry_mask: Tensor | None


class TbpttBatches:
    """One batch is one chunk of every sequence; an epoch is `draws_per_epoch` draws of `sequences_per_draw` chunks
    each.

    Starts: a segment is drawn in proportion to its scored rows and, in it, the middle of the sequence anywhere, moved
    inwards until the sequence fits. Every row is thus about equally likely, and starts and ends of segments occur too.
    A sequence that reaches its segment's end continues elsewhere at the next chunk, from rest.

    Loss: a sequence that starts at its segment's start has there the same state as inference, and counts from the first
    scored row on. One that starts later counts after `burn_in_steps` rows, when the state has settled.
    """

    def __init__(
        self, files: Sequence[PreparedFile], training: TbpttTraining, generator: torch.Generator, device: str
    ) -> None:
        self._training = training
        self._generator = generator
        self._device = device
        self._x = _sliding_windows([file.features for file in files], training.sequence_length, device)  # (N, F, T)
        self._y = _sliding_windows([file.target for file in files], training.sequence_length, device)  # (N, T)
        borders = _segment_borders(files)
        self._starts, self._stops, self._scored_from = borders.unbind(1)
        self._chunk_offsets = np.arange(training.sequence_length)
        self.per_epoch = training.draws_per_epoch * training.sequences_per_draw
        values = training.batch_size * training.sequence_length * (self._x.shape[1] + 1)
        self._prepared_chunks = max(1, min(MAX_PREPARED_VALUES // values, training.sequences_per_draw))
        # In numpy, whose calls for a few numbers take a fraction of torch's.
        self._row = np.zeros(training.batch_size, np.int64)  # next row of each sequence, over all files' rows
        self._stop = np.zeros_like(self._row)  # end of its segment
        self._counts_from = np.zeros_like(self._row)  # its first row in the loss
        self._ready_batches: deque[Batch] = deque()  # prepared and not yet used
        self._used_count = 0  # batches already used of those prepared together with the ready ones
        self._prepared_from = self._position()

    def batch(self, index: int) -> Batch:
        """See `Batches.batch`."""
        while not self._ready_batches:
            self._prepare_batches(index - self._used_count)
        batch = self._ready_batches.popleft()
        self._used_count = self._used_count + 1 if self._ready_batches else 0
        return batch

    def state(self, index: int) -> dict[str, Any]:
        """See `Batches.state`."""
        return {**(self._prepared_from if self._ready_batches else self._position()), "given": self._used_count}

    def load(self, state: dict[str, Any], index: int) -> None:
        """See `Batches.load`."""
        self._generator.set_state(state["generator"])
        self._row, self._stop, self._counts_from = (
            state[name].numpy().copy() for name in ("row", "stop", "counts_from")
        )
        self._ready_batches.clear()
        self._used_count = state.get("given", 0)  # earlier versions prepared one batch at a time

    def _position(self) -> dict[str, Any]:
        """Generator and sequence positions, which determine all batches that are not yet prepared."""
        return {
            "generator": self._generator.get_state(),
            "row": torch.tensor(self._row),
            "stop": torch.tensor(self._stop),
            "counts_from": torch.tensor(self._counts_from),
        }

    def _prepare_batches(self, first: int) -> None:
        """Prepare the batches from `first` on, except those already used.

        Many at once, because between two updates of a network all data has to come from slow memory: one by one they
        take four times as long.
        """
        self._prepared_from = self._position()
        per_draw = self._training.sequences_per_draw
        count = min(self._prepared_chunks, per_draw - first % per_draw)
        chunks = [self._next_chunk(at_new_start=(first + chunk_index) % per_draw == 0) for chunk_index in range(count)]
        rows = torch.from_numpy(np.concatenate([chunk.first for chunk in chunks])).to(self._device)
        x, y = (part[rows].unflatten(0, (count, -1)).unbind() for part in (self._x, self._y))
        self._ready_batches.extend(
            Batch(
                x=x[chunk_index].transpose(1, 2),
                y=y[chunk_index],
                count=chunk.loss_rows,
                loss_mask=chunk.scored,
                carry_mask=chunk.carry_mask,
            )
            for chunk_index, chunk in enumerate(chunks)
            if chunk_index >= self._used_count
        )
        if not self._ready_batches:  # the state was written with more batches prepared at once
            self._used_count -= count

    def _next_chunk(self, at_new_start: bool) -> _Chunk:
        """Advance every sequence by one chunk; with `at_new_start` draw a new start for all of them."""
        is_ended = self._row >= self._stop
        if at_new_start:
            is_ended[:] = True
        if starting_count := int(np.count_nonzero(is_ended)):
            self._row[is_ended], self._stop[is_ended], self._counts_from[is_ended] = self._draw_starts(starting_count)
        first, next_row = self._row, self._row + len(self._chunk_offsets)
        self._row = next_row
        count, scored = first.size * len(self._chunk_offsets), None
        if (first < self._counts_from).any() or (next_row > self._stop).any():
            chunk_rows = first[:, None] + self._chunk_offsets
            mask = (chunk_rows >= self._counts_from[:, None]) & (chunk_rows < self._stop[:, None])
            count, scored = int(np.count_nonzero(mask)), self._to_tensor(mask)
        carry_mask = None if starting_count == len(is_ended) else self._to_tensor(~is_ended[:, None])
        return _Chunk(first, count, scored, carry_mask)

    def _to_tensor(self, flags: np.ndarray) -> Tensor:
        """Booleans as 1.0 and 0.0, on the training's device."""
        return torch.from_numpy(flags.astype(np.float32)).to(self._device)

    def _draw_starts(self, sequence_count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Start row, segment end and first row in the loss of `sequence_count` new sequences."""
        length = self._training.sequence_length * self._training.sequences_per_draw
        weights = (self._stops - self._scored_from).double()
        segment = torch.multinomial(weights, sequence_count, replacement=True, generator=self._generator)
        segment_start, segment_stop, scored_from = (
            self._starts[segment],
            self._stops[segment],
            self._scored_from[segment],
        )
        free_rows = (segment_stop - segment_start - length).clamp(min=0)
        position = (
            torch.rand(sequence_count, generator=self._generator, dtype=torch.float64) * (free_rows + length).double()
        )
        offset = torch.minimum((position.long() - length // 2).clamp(min=0), free_rows)
        settled_row = torch.where(offset == 0, segment_start, segment_start + offset + self._training.burn_in_steps)
        return (segment_start + offset).numpy(), segment_stop.numpy(), torch.maximum(scored_from, settled_row).numpy()


def _sliding_windows(parts: Sequence[np.ndarray], length: int, device: str) -> Tensor:
    """View of all rows whose entry i is the `length` rows from row i on, along the last axis.

    After the last row come zeros, which never count.
    """
    rows = torch.from_numpy(np.concatenate(parts))
    end = torch.zeros(length - 1, *rows.shape[1:])
    return torch.cat([rows, end]).to(device).unfold(0, length, 1)


def _segment_borders(files: Sequence[PreparedFile]) -> Tensor:
    """(S, 3) start, stop and first scored row of every segment with scored rows, counted over the rows of all files."""
    borders: list[tuple[int, int, int]] = []
    row_offset = 0
    for file in files:
        borders += [
            (row_offset + segment.start, row_offset + segment.stop, row_offset + segment.scored_from)
            for segment in file.segments
            if segment.stop > segment.scored_from
        ]
        row_offset += len(file.features)
    return torch.tensor(borders)
