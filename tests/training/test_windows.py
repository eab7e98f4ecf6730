"""Window batches: the target row included, within one segment, every end once per epoch, resumable at any batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.synthetic import small_set
from vestim_core.spec.errors import VestimError
from vestim_core.spec.training import WindowsTraining
from vestim_core.training.windows import WindowBatches


def _window_batches(seed: int = 1, **settings: int) -> WindowBatches:
    files, generator = small_set().files_of_role("train"), torch.Generator().manual_seed(seed)
    parameters = {"lookback": 30, "batch_size": 64, **settings}
    return WindowBatches(files, WindowsTraining.model_validate(parameters), generator, "cpu")


def _expected_windows(lookback: int) -> list[tuple[np.ndarray, float]]:
    """Every window and its target, by plain slices."""
    windows = []
    for file in small_set().files_of_role("train"):
        for segment in file.segments:
            for last in range(segment.start + lookback - 1, segment.stop):
                if last >= segment.scored_from:
                    windows.append((file.features[last - lookback + 1 : last + 1], float(file.target[last])))
    return windows


def test_an_epoch_is_every_window_once_and_each_ends_with_its_target_row() -> None:
    batches = _window_batches()
    parts = [batches.batch(index) for index in range(batches.per_epoch)]
    assert all(part.last_only and part.carry_mask is None for part in parts)
    actual = sorted(
        (float(y), x.numpy().tobytes()) for part in parts for x, y in zip(part.x, part.y[:, 0], strict=True)
    )
    expected = sorted((y, np.ascontiguousarray(x).tobytes()) for x, y in _expected_windows(30))
    assert actual == expected


def test_a_stride_takes_every_nth_window_from_a_new_offset_each_epoch() -> None:
    batches = _window_batches(stride_steps=7)
    epochs = []
    for _ in range(2):
        targets = torch.cat([batches.batch(index).y[:, 0] for index in range(batches.per_epoch)])
        assert len(targets) == len(_expected_windows(30)) // 7
        epochs.append(targets.sort().values)
    assert not torch.equal(epochs[0], epochs[1])


@pytest.mark.parametrize("resume_index", [0, 1, 5])
def test_batches_can_be_resumed_at_any_index(resume_index: int) -> None:
    uninterrupted_batches, resumed_batches = _window_batches(stride_steps=2), _window_batches(seed=77, stride_steps=2)
    for index in [*range(uninterrupted_batches.per_epoch), *range(resume_index)]:
        uninterrupted_batches.batch(index)
    resumed_batches.load(uninterrupted_batches.state(resume_index), resume_index)
    for index in range(resume_index, uninterrupted_batches.per_epoch):
        assert torch.equal(uninterrupted_batches.batch(index).x, resumed_batches.batch(index).x)


def test_a_lookback_longer_than_every_segment_is_refused() -> None:
    with pytest.raises(VestimError, match=r"10000 rows in one piece: shorten training\.lookback"):
        _window_batches(lookback=10_000)
