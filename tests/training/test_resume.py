"""Exact resume: paused or killed at any moment, the final weights are those of the uninterrupted run, bit by bit."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.training.synthetic import Intents, Recorder, small_set, trial
from tests.training.test_training import bits, run
from vestim_core.data.prepared import PreparedSet
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.job import Trial
from vestim_core.spec.model import METHODS
from vestim_core.spec.states import Intent
from vestim_core.spec.training import StreamsTraining
from vestim_core.training import loop
from vestim_core.training.course import Course
from vestim_core.training.methods import build_batches
from vestim_core.training.outcome import Outcome

_DRAWN = {"max_epochs": 4, "schedule": {"kind": "plateau", "patience_epochs": 1}, "learning_rate": 0.1}
TRIALS: dict[str, Trial] = {
    "lstm": trial("lstm", model={"sizes": [4, 3], "dropout": 0.2}, training=_DRAWN),
    "gru": trial(
        "gru",
        model={"layer_norm": True},
        training={
            **_DRAWN,
            "max_epochs": 2,
            "exploit": {"epochs": 1, "rounds": 2, "learning_rate": 0.01},
            "ema_decay": 0.6,
        },
    ),
    "windows": trial(
        "windows",
        model={"output_max": 3.9},
        training={**_DRAWN, "schedule": "one-cycle", "warm_up_steps": 7, "optimizer": "rmsprop"},
    ),
    "fnn": trial("fnn", model={"dropout": 0.2}, training={**_DRAWN, "optimizer": "sgd"}),
}


WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "LSTM, streams": ("lstm", {"dropout": 0.2}),
    "GRU, streams": ("gru", {"dropout": 0.2}),
    "LSTM, windows": ("windows", {"layer_norm": True}),
    "GRU, windows": ("windows", {"kind": "gru"}),
    "FNN, rows": ("fnn", {"dropout": 0.2}),
}
"""Every kind of network with every method that trains it."""
SCHEDULES = ("constant", "cosine", "cosine-restarts", "one-cycle", "step", "plateau")
OPTIMISERS = ("adam", "adamw", "sgd", "rmsprop")


class Killed(BaseException):
    """Stands for the process's end."""


class Killer(Recorder):
    """Dies at the n-th event, before whoever called could do anything more."""

    def __init__(self, events: int) -> None:
        super().__init__()
        self.left = events

    def event(self, kind: str, data: dict[str, Any]) -> None:
        super().event(kind, data)
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.fixture(scope="module")
def prepared() -> PreparedSet:
    return small_set()


@pytest.fixture(scope="module")
def whole(prepared: PreparedSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return {kind: run(trial, prepared, tmp_path_factory.mktemp(kind)) for kind, trial in TRIALS.items()}


def _batches(settings: Trial, prepared: PreparedSet) -> int:
    """Of the whole training, the rounds of exploiting included."""
    batches = build_batches(settings, prepared.of("train"), "cpu")
    return Course(settings.training, batches.per_epoch, None).epochs() * batches.per_epoch


def curve(outcome: Outcome) -> list[dict[str, Any]]:
    timeless = ("time_s", "elapsed_s", "memory_MB")
    return [{name: value for name, value in line.items() if name not in timeless} for line in outcome.history]


@pytest.mark.parametrize("kind", list(TRIALS))
@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_pausing_between_any_batches_changes_nothing(
    kind: str, data: st.DataObject, prepared: PreparedSet, whole: dict[str, Outcome], tmp_path_factory: Any
) -> None:
    folders: list[Path] = []
    batches = st.integers(0, _batches(TRIALS[kind], prepared))
    for runs in data.draw(st.lists(batches, min_size=1, max_size=3)):
        folder = tmp_path_factory.mktemp("attempt")
        outcome = loop.train(
            TRIALS[kind],
            prepared,
            folder,
            device="cpu",
            threads=1,
            report=Recorder(),
            intent=Intents(runs, Intent.PAUSE),
            earlier=folders,
        )
        folders.append(folder)
        assert outcome.end in ("paused", "finished")
    last = loop.train(
        TRIALS[kind],
        prepared,
        tmp_path_factory.mktemp("last"),
        device="cpu",
        threads=1,
        report=Recorder(),
        intent=Intents(),
        earlier=folders,
    )
    assert last.end == "finished"
    assert bits(last) == bits(whole[kind])
    assert curve(last) == curve(whole[kind])
    assert last.best == whole[kind].best


def test_these_are_all_ways_schedules_and_optimisers() -> None:
    ways = {(settings.model.kind, settings.training.method) for settings in (_way(way) for way in WAYS)}
    assert ways == {(kind, method) for kind, methods in METHODS.items() for method in methods}
    for field, kinds in (("schedule", SCHEDULES), ("optimizer", OPTIMISERS)):
        sections = get_args(StreamsTraining.model_fields[field].annotation)
        assert {section().kind for section in sections} == set(kinds)


def _way(way: str, **training: Any) -> Trial:
    kind, model = WAYS[way]
    return trial(kind, model=model, training={"max_epochs": 2, "learning_rate": 0.1, **training})


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_schedule_and_optimiser_goes_on_from_any_batch(
    way: str, schedule: str, prepared: PreparedSet, tmp_path: Path
) -> None:
    kinds = {
        "constant": {},
        "cosine-restarts": {"first_epochs": 1, "length_factor": 1},
        "step": {"every_epochs": 1},
        "plateau": {"patience_epochs": 1},
    }
    number = SCHEDULES.index(schedule)
    settings = _way(
        way,
        schedule={"kind": schedule, **kinds.get(schedule, {})},
        optimizer=OPTIMISERS[number % len(OPTIMISERS)],
        ema_decay=0.7 * (number % 2),
    )
    through = run(settings, prepared, tmp_path / "through")
    for batch in Random(f"{way}, {schedule}").sample(range(1, _batches(settings, prepared)), 2):
        folder = tmp_path / str(batch)
        assert run(settings, prepared, folder, intent=Intents(batch)).end == "paused"
        resumed = run(settings, prepared, folder)
        assert (bits(resumed), curve(resumed), resumed.best) == (bits(through), curve(through), through.best)


@pytest.mark.parametrize("kind", list(TRIALS))
@pytest.mark.parametrize("interval", ["EPOCH_CHECKPOINT_S", "CHECKPOINT_INTERVAL_S", ""])
@pytest.mark.parametrize("events", [1, 2, 4])
def test_being_killed_changes_nothing(
    kind: str,
    interval: str,
    events: int,
    prepared: PreparedSet,
    whole: dict[str, Outcome],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if interval:  # else none is due before the training ends
        monkeypatch.setattr(loop, interval, 0.0)
    with pytest.raises(Killed):
        run(TRIALS[kind], prepared, tmp_path, Killer(events))
    last = run(TRIALS[kind], prepared, tmp_path)
    assert bits(last) == bits(whole[kind])
    assert curve(last) == curve(whole[kind])


def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    prepared: PreparedSet, whole: dict[str, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "EPOCH_CHECKPOINT_S", 0.0)
    run(TRIALS["lstm"], prepared, tmp_path, intent=Intents(30))
    older, newest = sorted(tmp_path.iterdir())  # two are kept, and nothing else lies there
    newest.write_bytes(newest.read_bytes()[:-1000])
    report = Recorder()
    last = run(TRIALS["lstm"], prepared, tmp_path, report)
    assert next(data["epoch"] for event, data in report.events if event == "epoch") == 3
    assert older.name == "step_000000000024.pt"
    warning = next(data["text"] for event, data in report.events if event == "message")
    assert newest.name in warning
    assert "damaged" in warning
    assert bits(last) == bits(whole["lstm"])


def test_a_finished_training_is_not_trained_again(prepared: PreparedSet, tmp_path: Path) -> None:
    first, report = run(TRIALS["fnn"], prepared, tmp_path), Recorder()
    again = run(TRIALS["fnn"], prepared, tmp_path, report)
    assert (again.end, bits(again), curve(again)) == ("finished", bits(first), curve(first))
    assert not report.events


def test_checkpoints_of_other_settings_or_data_are_refused(prepared: PreparedSet, tmp_path: Path) -> None:
    run(TRIALS["fnn"], prepared, tmp_path, intent=Intents(3))
    for other, data in ((trial("fnn"), prepared), (TRIALS["fnn"], small_set(300))):
        if data is not prepared:
            data = type(data)(**{**vars(data), "arrays_sha256": "of other arrays"})
        with pytest.raises(VestimError, match="other settings, data") as caught:
            run(other, data, tmp_path)
        assert caught.value.code is ErrorCode.REFUSED


def test_a_checkpoint_holds_tensors_and_plain_values_only(prepared: PreparedSet, tmp_path: Path) -> None:
    run(TRIALS["lstm"], prepared, tmp_path, intent=Intents(30))
    for path in tmp_path.iterdir():
        assert torch.load(path, weights_only=True)["schema_version"] == 1


def test_the_number_of_threads_of_the_process_is_put_back(prepared: PreparedSet, tmp_path: Path) -> None:
    before, state = torch.get_num_threads(), torch.get_rng_state()
    run(TRIALS["fnn"], prepared, tmp_path)
    assert torch.get_num_threads() == before
    assert torch.equal(torch.get_rng_state(), state)
