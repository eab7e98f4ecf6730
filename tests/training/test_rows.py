"""Row batches: every scored row once per epoch, in a new order each time, resumable at any batch."""

from __future__ import annotations

import pytest
import torch

from tests.training.synthetic import small_set
from vestim_core.spec.training import RowsTraining
from vestim_core.training.rows import RowBatches


def _row_batches(seed: int = 1, batch_size: int = 100) -> RowBatches:
    files, generator = small_set().files_of_role("train"), torch.Generator().manual_seed(seed)
    return RowBatches(files, RowsTraining(batch_size=batch_size), generator, "cpu")


def _epoch(batches: RowBatches) -> torch.Tensor:
    return torch.cat([batches.batch(index).y[0] for index in range(batches.per_epoch)])


def test_an_epoch_is_every_scored_row_once() -> None:
    files, batches = small_set().files_of_role("train"), _row_batches()
    expected = torch.cat(
        [torch.tensor(file.target[segment.scored_rows]) for file in files for segment in file.segments]
    )
    first, second = _epoch(batches), _epoch(batches)
    assert torch.equal(first.sort().values, expected.sort().values)
    assert torch.equal(second.sort().values, expected.sort().values)
    assert not torch.equal(first, second)


def test_the_last_batch_is_not_dropped_and_slices_are_contiguous() -> None:
    batches = _row_batches()
    counts = [batches.batch(index).count for index in range(batches.per_epoch)]
    assert counts[:-1] == [100] * (len(counts) - 1)
    assert sum(counts) == sum(file.scored_rows for file in small_set().files_of_role("train"))
    assert batches.batch(0).x.is_contiguous()
    assert _row_batches(batch_size=10**6).per_epoch == 1


@pytest.mark.parametrize("resume_index", [0, 1, 5])
def test_batches_can_be_resumed_at_any_index(resume_index: int) -> None:
    uninterrupted_batches, resumed_batches = _row_batches(), _row_batches(seed=77)
    _epoch(uninterrupted_batches)
    for index in range(resume_index):
        uninterrupted_batches.batch(index)
    resumed_batches.load(uninterrupted_batches.state(resume_index), resume_index)
    remaining_targets = [
        torch.cat([b.batch(index).y[0] for index in range(resume_index, b.per_epoch)])
        for b in (uninterrupted_batches, resumed_batches)
    ]
    assert torch.equal(remaining_targets[0], remaining_targets[1])
    assert torch.equal(_epoch(uninterrupted_batches), _epoch(resumed_batches))
