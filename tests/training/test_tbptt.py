"""TBPTT batches: which rows are drawn, which count in the loss, and that no segment border is ever crossed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.synthetic import FILES, drive, prepare, small_set
from vestim_core.data.prepared_set import PreparedFile
from vestim_core.spec.training import TbpttTraining
from vestim_core.training import tbptt
from vestim_core.training.batches import Batch
from vestim_core.training.tbptt import TbpttBatches


def _with_row_numbers(files: list[PreparedFile]) -> list[PreparedFile]:
    """The same files with each row's features and target set to the row's index over all files."""
    numbered_files, row_offset = [], 0
    for file in files:
        rows = np.arange(row_offset, row_offset + len(file.time_s), dtype=np.float32)
        numbered_files.append(PreparedFile(**{**vars(file), "features": rows[:, None].copy(), "target": rows}))
        row_offset += len(rows)
    return numbered_files


def _tbptt_batches(files: list[PreparedFile], seed: int = 1, **settings: Any) -> TbpttBatches:
    return TbpttBatches(_with_row_numbers(files), TbpttTraining(**settings), torch.Generator().manual_seed(seed), "cpu")


def _segments(files: list[PreparedFile]) -> list[tuple[int, int, int]]:
    segments, row_offset = [], 0
    for file in files:
        segments += [(row_offset + s.start, row_offset + s.stop, row_offset + s.scored_from) for s in file.segments]
        row_offset += len(file.time_s)
    return segments


def _scored(batch: Batch) -> torch.Tensor:
    return torch.ones_like(batch.y) if batch.loss_mask is None else batch.loss_mask


@given(
    sequence_count=st.integers(1, 7),
    chunk=st.integers(2, 70),
    chunks=st.integers(2, 9),
    burn_in=st.integers(0, 3),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_sequences_stay_within_one_segment_and_only_settled_rows_count(
    sequence_count: int, chunk: int, chunks: int, burn_in: int, seed: int
) -> None:
    files = small_set(200).files_of_role("train")
    segments = _segments(files)
    settings = {
        "batch_size": sequence_count,
        "sequence_length": chunk,
        "sequences_per_draw": chunks,
        "burn_in_steps": burn_in,
    }
    batches = _tbptt_batches(files, seed, draws_per_epoch=2, **settings)
    first = torch.zeros(sequence_count)
    for index in range(batches.per_epoch):
        batch = batches.batch(index)
        assert batch.x.shape == (sequence_count, chunk, 1)
        assert batch.count == int(_scored(batch).sum())
        for sequence in range(sequence_count):
            rows = batch.y[sequence].numpy().astype(int)
            if batch.carry_mask is None or not batch.carry_mask[sequence]:
                first[sequence] = rows[0]
            else:
                assert rows[0] == last[sequence] + 1  # noqa: F821  continues the previous chunk
            start, stop, scored_from = next(s for s in segments if s[0] <= rows[0] < s[1])
            counted_rows = rows[_scored(batch)[sequence].bool().numpy()]
            settled_row = int(first[sequence]) + (0 if first[sequence] == start else burn_in)
            expected = [row for row in range(rows[0], rows[0] + chunk) if max(scored_from, settled_row) <= row < stop]
            assert counted_rows.tolist() == expected
        last = batch.y[:, -1].numpy().astype(int)  # noqa: F841
    assert batches.per_epoch == 2 * chunks


@pytest.mark.slow
def test_every_scored_row_is_seen_about_equally_often() -> None:
    files = small_set(2000).files_of_role("train")
    batches = _tbptt_batches(
        files, batch_size=50, sequence_length=20, sequences_per_draw=10, burn_in_steps=0, draws_per_epoch=200
    )
    counts = np.zeros(sum(len(file.time_s) for file in files))
    for index in range(batches.per_epoch):
        batch = batches.batch(index)
        np.add.at(counts, batch.y[_scored(batch).bool()].numpy().astype(int), 1)
    scored = np.concatenate([np.arange(scored_from, stop) for _, stop, scored_from in _segments(files)])
    assert counts.sum() == counts[scored].sum()
    assert counts[scored].min() > 0.25 * counts[scored].mean()
    assert counts[scored].max() < 2.0 * counts[scored].mean()


def test_segments_shorter_than_a_chunk_are_used() -> None:
    tables = {name: drive(name, 30, seed) for seed, name in enumerate(FILES, 1)}
    files = prepare(tables, FILES).files_of_role("train")
    batches = _tbptt_batches(files, batch_size=4, sequence_length=200, sequences_per_draw=3, burn_in_steps=0)
    counts = [batches.batch(index).count for index in range(6)]
    assert counts == [4 * files[0].scored_rows] * 6  # each stream draws anew for each chunk


@pytest.mark.slow
@given(
    resume_index=st.integers(0, 23),
    prepared_count=st.sampled_from([1, 3, 8]),
    later_count=st.sampled_from([1, 3, 8]),
)
@settings(max_examples=40, deadline=None)
def test_batches_can_be_resumed_at_any_index_however_many_are_prepared_at_once(
    resume_index: int, prepared_count: int, later_count: int
) -> None:
    uninterrupted_batches, resumed_batches = (
        _batches_prepared_at_once(prepared_count),
        _batches_prepared_at_once(prepared_count),
    )
    expected = [uninterrupted_batches.batch(index) for index in range(uninterrupted_batches.per_epoch)]
    for index in range(resume_index):
        _assert_same(resumed_batches.batch(index), expected[index])
    for _ in range(2):  # the second state is taken before any batch of the first was used
        state = resumed_batches.state(resume_index)
        resumed_batches = _batches_prepared_at_once(later_count, seed=77)
        resumed_batches.load(state, resume_index)
    for index in range(resume_index, uninterrupted_batches.per_epoch):
        _assert_same(resumed_batches.batch(index), expected[index])


def test_a_state_of_an_earlier_version_can_be_resumed() -> None:
    single_batches, resumed_batches = _batches_prepared_at_once(1), _batches_prepared_at_once(8, seed=77)
    for index in range(11):
        single_batches.batch(index)
    state = single_batches.state(11)
    assert state.pop("given") == 0  # earlier versions had no such entry and prepared one batch at a time
    resumed_batches.load(state, 11)
    for index in range(11, resumed_batches.per_epoch):
        _assert_same(resumed_batches.batch(index), single_batches.batch(index))


def _batches_prepared_at_once(batches: int, seed: int = 1) -> TbpttBatches:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tbptt, "MAX_PREPARED_VALUES", batches * 5 * 50 * 2)
        sizes = {"batch_size": 5, "sequence_length": 50, "sequences_per_draw": 8, "draws_per_epoch": 3}
        return _tbptt_batches(small_set().files_of_role("train"), seed=seed, **sizes)


def _assert_same(a: Batch, b: Batch) -> None:
    assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y) and torch.equal(_scored(a), _scored(b))
    assert a.count == b.count and (a.carry_mask is None) == (b.carry_mask is None)
    assert a.carry_mask is None or b.carry_mask is None or torch.equal(a.carry_mask, b.carry_mask)
