"""Rows: every scored row once an epoch, in a new order each time, to be taken up at any batch."""

from __future__ import annotations

import pytest
import torch

from tests.training.synthetic import small_set
from vestim_core.spec.training import RowsTraining
from vestim_core.training.rows import RowBatches


def _rows(seed: int = 1, batch_rows: int = 100) -> RowBatches:
    files, generator = small_set().of("train"), torch.Generator().manual_seed(seed)
    return RowBatches(files, RowsTraining(batch_rows=batch_rows), generator, "cpu")


def _epoch(batches: RowBatches) -> torch.Tensor:
    return torch.cat([batches.batch(index).y[0] for index in range(batches.per_epoch)])


def test_an_epoch_is_every_scored_row_once() -> None:
    files, batches = small_set().of("train"), _rows()
    expected = torch.cat([torch.tensor(file.target[segment.scored]) for file in files for segment in file.segments])
    first, second = _epoch(batches), _epoch(batches)
    assert torch.equal(first.sort().values, expected.sort().values)
    assert torch.equal(second.sort().values, expected.sort().values)
    assert not torch.equal(first, second)


def test_the_last_batch_is_not_dropped_and_slices_are_contiguous() -> None:
    batches = _rows()
    counts = [batches.batch(index).count for index in range(batches.per_epoch)]
    assert counts[:-1] == [100] * (len(counts) - 1)
    assert sum(counts) == sum(file.scored_rows for file in small_set().of("train"))
    assert batches.batch(0).x.is_contiguous()
    assert _rows(batch_rows=10**6).per_epoch == 1


@pytest.mark.parametrize("at", [0, 1, 5])
def test_they_can_be_taken_up_at_any_batch(at: int) -> None:
    whole, resumed = _rows(), _rows(seed=77)
    _epoch(whole)
    for index in range(at):
        whole.batch(index)
    resumed.load(whole.state(at), at)
    rest = [torch.cat([b.batch(index).y[0] for index in range(at, b.per_epoch)]) for b in (whole, resumed)]
    assert torch.equal(rest[0], rest[1])
    assert torch.equal(_epoch(whole), _epoch(resumed))
