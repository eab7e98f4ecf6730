"""Windows: the present row included, within one segment, every end once an epoch, to be taken up at any batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.synthetic import small_set
from vestim_core.spec.errors import VestimError
from vestim_core.spec.training import WindowsTraining
from vestim_core.training.windows import WindowBatches


def _windows(seed: int = 1, **settings: int) -> WindowBatches:
    files, generator = small_set().of("train"), torch.Generator().manual_seed(seed)
    given = {"lookback_steps": 30, "batch_windows": 64, **settings}
    return WindowBatches(files, WindowsTraining.model_validate(given), generator, "cpu")


def _expected(lookback: int) -> list[tuple[np.ndarray, float]]:
    """Every window and its target, in plain slices."""
    found = []
    for file in small_set().of("train"):
        for segment in file.segments:
            for last in range(segment.start + lookback - 1, segment.stop):
                if last >= segment.scored_from:
                    found.append((file.features[last - lookback + 1 : last + 1], float(file.target[last])))
    return found


def test_an_epoch_is_every_window_once_and_each_ends_with_its_target_row() -> None:
    batches = _windows()
    parts = [batches.batch(index) for index in range(batches.per_epoch)]
    assert all(part.last_only and part.kept is None for part in parts)
    got = sorted((float(y), x.numpy().tobytes()) for part in parts for x, y in zip(part.x, part.y[:, 0], strict=True))
    expected = sorted((y, np.ascontiguousarray(x).tobytes()) for x, y in _expected(30))
    assert got == expected


def test_a_stride_takes_every_so_manieth_from_another_row_each_epoch() -> None:
    batches = _windows(stride_steps=7)
    epochs = []
    for _ in range(2):
        targets = torch.cat([batches.batch(index).y[:, 0] for index in range(batches.per_epoch)])
        assert len(targets) == len(_expected(30)) // 7
        epochs.append(targets.sort().values)
    assert not torch.equal(epochs[0], epochs[1])


@pytest.mark.parametrize("at", [0, 1, 5])
def test_they_can_be_taken_up_at_any_batch(at: int) -> None:
    whole, resumed = _windows(stride_steps=2), _windows(seed=77, stride_steps=2)
    for index in [*range(whole.per_epoch), *range(at)]:
        whole.batch(index)
    resumed.load(whole.state(at), at)
    for index in range(at, whole.per_epoch):
        assert torch.equal(whole.batch(index).x, resumed.batch(index).x)


def test_a_lookback_longer_than_every_piece_is_one_sentence() -> None:
    with pytest.raises(VestimError, match=r"10000 rows in one piece: shorten training\.lookback_steps"):
        _windows(lookback_steps=10_000)
