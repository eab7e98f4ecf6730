"""The thread measurement: the worthwhile count is found, and the training that follows is unaffected."""

from pathlib import Path

import pytest
import torch

from tests.training.synthetic import Intents, Recorder, small_set, trial
from vestim_core.training.loop import train
from vestim_core.training.thread_count import update_seconds, worthwhile_threads


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({1: 1.0}, 1),
        ({1: 1.0, 2: 0.7}, 1),
        ({1: 1.0, 2: 0.6}, 2),
        ({1: 1.0, 2: 0.6, 4: 0.5}, 2),
        ({1: 1.0, 2: 0.6, 4: 0.3}, 4),
        ({1: 1.0, 2: 0.8, 4: 0.3}, 4),
        ({1: 1.0, 2: 5.0}, 1),
    ],
)
def test_more_threads_must_be_clearly_faster(seconds: dict[int, float], best: int) -> None:
    assert worthwhile_threads(seconds) == best


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fnn", "lstm", "windows"])
def test_a_training_that_was_measured_has_the_same_bits(kind: str, tmp_path: Path) -> None:
    settings, prepared = trial(kind, training={"max_epochs": 2}), small_set()
    threads_before, state = torch.get_num_threads(), torch.get_rng_state()
    weights = []
    for folder, is_measured in ((tmp_path / "a", False), (tmp_path / "b", True)):
        if is_measured:
            seconds = update_seconds(settings, prepared, 3, Intents())
            assert [*seconds] == [1, 2] and all(value > 0 for value in seconds.values())
        outcome = train(settings, prepared, folder, device="cpu", threads=2, reporter=Recorder(), intent=Intents())
        assert outcome.module is not None
        weights.append(outcome.module.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert torch.get_num_threads() == threads_before and torch.equal(torch.get_rng_state(), state)


def test_measuring_ends_when_the_intent_changes() -> None:
    assert update_seconds(trial("fnn"), small_set(), 2, Intents(run_count=3)) == {}
