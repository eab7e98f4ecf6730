"""Streams: which rows are drawn, which count, and that no border is ever crossed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.synthetic import FILES, drive, prepare, small_set
from vestim_core.data.prepared import PreparedFile
from vestim_core.spec.training import StreamsTraining
from vestim_core.training import streams
from vestim_core.training.batches import Batch
from vestim_core.training.streams import StreamBatches


def _numbered(files: list[PreparedFile]) -> list[PreparedFile]:
    """The same files, each row's features and target being its number in all files together."""
    numbered, before = [], 0
    for file in files:
        rows = np.arange(before, before + len(file.time_s), dtype=np.float32)
        numbered.append(PreparedFile(**{**vars(file), "features": rows[:, None].copy(), "target": rows}))
        before += len(rows)
    return numbered


def _streams(files: list[PreparedFile], seed: int = 1, **settings: Any) -> StreamBatches:
    return StreamBatches(_numbered(files), StreamsTraining(**settings), torch.Generator().manual_seed(seed), "cpu")


def _segments(files: list[PreparedFile]) -> list[tuple[int, int, int]]:
    found, before = [], 0
    for file in files:
        found += [(before + s.start, before + s.stop, before + s.scored_from) for s in file.segments]
        before += len(file.time_s)
    return found


def _scored(batch: Batch) -> torch.Tensor:
    return torch.ones_like(batch.y) if batch.scored is None else batch.scored


@given(
    streams=st.integers(1, 7),
    chunk=st.integers(2, 70),
    chunks=st.integers(2, 9),
    burn_in=st.integers(0, 3),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_streams_run_on_within_one_segment_and_only_settled_rows_count(
    streams: int, chunk: int, chunks: int, burn_in: int, seed: int
) -> None:
    files = small_set(200).of("train")
    segments = _segments(files)
    settings = {"streams": streams, "chunk_steps": chunk, "chunks_per_stream": chunks, "burn_in_steps": burn_in}
    batches = _streams(files, seed, draws_per_epoch=2, **settings)
    first = torch.zeros(streams)
    for index in range(batches.per_epoch):
        batch = batches.batch(index)
        assert batch.x.shape == (streams, chunk, 1)
        assert batch.count == int(_scored(batch).sum())
        for stream in range(streams):
            rows = batch.y[stream].numpy().astype(int)
            if batch.kept is None or not batch.kept[stream]:
                first[stream] = rows[0]
            else:
                assert rows[0] == last[stream] + 1  # noqa: F821  goes on where the chunk before ended
            start, stop, scored_from = next(s for s in segments if s[0] <= rows[0] < s[1])
            counted = rows[_scored(batch)[stream].bool().numpy()]
            settled = int(first[stream]) + (0 if first[stream] == start else burn_in)
            expected = [row for row in range(rows[0], rows[0] + chunk) if max(scored_from, settled) <= row < stop]
            assert counted.tolist() == expected
        last = batch.y[:, -1].numpy().astype(int)  # noqa: F841
    assert batches.per_epoch == 2 * chunks


def test_every_scored_row_is_seen_about_equally_often() -> None:
    files = small_set(2000).of("train")
    batches = _streams(files, streams=50, chunk_steps=20, chunks_per_stream=10, burn_in_steps=0, draws_per_epoch=200)
    seen = np.zeros(sum(len(file.time_s) for file in files))
    for index in range(batches.per_epoch):
        batch = batches.batch(index)
        np.add.at(seen, batch.y[_scored(batch).bool()].numpy().astype(int), 1)
    scored = np.concatenate([np.arange(scored_from, stop) for _, stop, scored_from in _segments(files)])
    assert seen.sum() == seen[scored].sum()
    assert seen[scored].min() > 0.25 * seen[scored].mean()
    assert seen[scored].max() < 2.0 * seen[scored].mean()


def test_segments_shorter_than_a_chunk_are_used() -> None:
    tables = {name: drive(name, 30, seed) for seed, name in enumerate(FILES, 1)}
    files = prepare(tables, FILES).of("train")
    batches = _streams(files, streams=4, chunk_steps=200, chunks_per_stream=3, burn_in_steps=0)
    counts = [batches.batch(index).count for index in range(6)]
    assert counts == [4 * files[0].scored_rows] * 6  # each stream draws anew for each chunk


@given(at=st.integers(0, 23), ahead=st.sampled_from([1, 3, 8]), later=st.sampled_from([1, 3, 8]))
@settings(max_examples=40, deadline=None)
def test_they_can_be_taken_up_at_any_batch_however_many_are_made_at_once(at: int, ahead: int, later: int) -> None:
    whole, cut = _made_at_once(ahead), _made_at_once(ahead)
    expected = [whole.batch(index) for index in range(whole.per_epoch)]
    for index in range(at):
        _assert_same(cut.batch(index), expected[index])
    for _ in range(2):  # the second is taken before the first was used
        state = cut.state(at)
        cut = _made_at_once(later, seed=77)
        cut.load(state, at)
    for index in range(at, whole.per_epoch):
        _assert_same(cut.batch(index), expected[index])


def test_a_state_of_an_earlier_version_is_taken_up() -> None:
    one_by_one, later = _made_at_once(1), _made_at_once(8, seed=77)
    for index in range(11):
        one_by_one.batch(index)
    state = one_by_one.state(11)
    assert state.pop("given") == 0  # they had no such entry, and made one batch at a time
    later.load(state, 11)
    for index in range(11, later.per_epoch):
        _assert_same(later.batch(index), one_by_one.batch(index))


def _made_at_once(batches: int, seed: int = 1) -> StreamBatches:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "_AHEAD_VALUES", batches * 5 * 50 * 2)
        sizes = {"streams": 5, "chunk_steps": 50, "chunks_per_stream": 8, "draws_per_epoch": 3}
        return _streams(small_set().of("train"), seed=seed, **sizes)


def _assert_same(a: Batch, b: Batch) -> None:
    assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y) and torch.equal(_scored(a), _scored(b))
    assert a.count == b.count and (a.kept is None) == (b.kept is None)
    assert a.kept is None or b.kept is None or torch.equal(a.kept, b.kept)
