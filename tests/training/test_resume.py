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
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.job import Trial
from vestim_core.spec.model import TRAINING_METHODS
from vestim_core.spec.states import Intent
from vestim_core.spec.training import TbpttTraining
from vestim_core.training import loop
from vestim_core.training.outcome import Outcome
from vestim_core.training.training_methods import build_batches
from vestim_core.training.training_plan import TrainingPlan

_COMMON_TRAINING = {"max_epochs": 4, "schedule": {"kind": "plateau", "patience_epochs": 1}, "learning_rate": 0.1}
TRIALS: dict[str, Trial] = {
    "lstm": trial("lstm", model={"sizes": [4, 3], "dropout": 0.2}, training=_COMMON_TRAINING),
    "gru": trial(
        "gru",
        model={"layer_norm": True},
        training={
            **_COMMON_TRAINING,
            "max_epochs": 2,
            "exploit": {"epochs": 1, "rounds": 2, "learning_rate": 0.01},
            "ema_decay": 0.6,
        },
    ),
    "windows": trial(
        "windows",
        model={"output_max": 3.9},
        training={**_COMMON_TRAINING, "schedule": "one-cycle", "warm_up_steps": 7, "optimizer": "rmsprop"},
    ),
    "fnn": trial("fnn", model={"dropout": 0.2}, training={**_COMMON_TRAINING, "optimizer": "sgd"}),
}


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "LSTM, streams": ("lstm", {"dropout": 0.2}),
    "GRU, streams": ("gru", {"dropout": 0.2}),
    "LSTM, windows": ("windows", {"layer_norm": True}),
    "GRU, windows": ("windows", {"kind": "gru"}),
    "FNN, rows": ("fnn", {"dropout": 0.2}),
}
"""Every kind of network with every method that trains it."""
SCHEDULES = ("constant", "cosine", "cosine-restarts", "one-cycle", "step", "plateau")
OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop")


class SimulatedDeath(BaseException):
    """Simulates the end of the process."""


class DyingRecorder(Recorder):
    """Raises at the n-th event, before the caller can do anything more."""

    def __init__(self, events: int) -> None:
        super().__init__()
        self.remaining_events = events

    def event(self, kind: str, data: dict[str, Any]) -> None:
        super().event(kind, data)
        self.remaining_events -= 1
        if self.remaining_events == 0:
            raise SimulatedDeath


@pytest.fixture(scope="module")
def prepared() -> PreparedSet:
    return small_set()


@pytest.fixture(scope="module")
def uninterrupted_outcomes(prepared: PreparedSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return {kind: run(trial, prepared, tmp_path_factory.mktemp(kind)) for kind, trial in TRIALS.items()}


def _batch_count(settings: Trial, prepared: PreparedSet) -> int:
    """Batches of the whole training, rounds of exploiting included."""
    batches = build_batches(settings, prepared.files_of_role("train"), "cpu")
    return TrainingPlan(settings.training, batches.per_epoch, None).total_epochs() * batches.per_epoch


def curve(outcome: Outcome) -> list[dict[str, Any]]:
    time_columns = ("time_s", "elapsed_s", "memory_MB")
    return [{name: value for name, value in line.items() if name not in time_columns} for line in outcome.history]


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(TRIALS))
@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_pausing_between_any_batches_changes_nothing(
    kind: str,
    data: st.DataObject,
    prepared: PreparedSet,
    uninterrupted_outcomes: dict[str, Outcome],
    tmp_path_factory: Any,
) -> None:
    folders: list[Path] = []
    batches = st.integers(0, _batch_count(TRIALS[kind], prepared))
    for run_count in data.draw(st.lists(batches, min_size=1, max_size=3)):
        folder = tmp_path_factory.mktemp("attempt")
        outcome = loop.train(
            TRIALS[kind],
            prepared,
            folder,
            device="cpu",
            threads=1,
            reporter=Recorder(),
            intent=Intents(run_count, Intent.PAUSE),
            earlier_checkpoints=folders,
        )
        folders.append(folder)
        assert outcome.end in ("paused", "finished")
    resumed_outcome = loop.train(
        TRIALS[kind],
        prepared,
        tmp_path_factory.mktemp("last"),
        device="cpu",
        threads=1,
        reporter=Recorder(),
        intent=Intents(),
        earlier_checkpoints=folders,
    )
    assert resumed_outcome.end == "finished"
    assert bits(resumed_outcome) == bits(uninterrupted_outcomes[kind])
    assert curve(resumed_outcome) == curve(uninterrupted_outcomes[kind])
    assert resumed_outcome.best == uninterrupted_outcomes[kind].best


def test_the_cases_cover_all_networks_methods_schedules_and_optimizers() -> None:
    cases = {
        (settings.model.kind, settings.training.method) for settings in (_case_trial(case_name) for case_name in CASES)
    }
    assert cases == {(kind, method) for kind, methods in TRAINING_METHODS.items() for method in methods}
    for field, kinds in (("schedule", SCHEDULES), ("optimizer", OPTIMIZERS)):
        sections = get_args(TbpttTraining.model_fields[field].annotation)
        assert {section().kind for section in sections} == set(kinds)


def _case_trial(case_name: str, **training: Any) -> Trial:
    kind, model = CASES[case_name]
    return trial(kind, model=model, training={"max_epochs": 2, "learning_rate": 0.1, **training})


@pytest.mark.slow
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("case_name", CASES)
def test_every_network_method_schedule_and_optimizer_resumes_at_any_batch(
    case_name: str, schedule: str, prepared: PreparedSet, tmp_path: Path
) -> None:
    kinds = {
        "constant": {},
        "cosine-restarts": {"first_epochs": 1, "length_factor": 1},
        "step": {"every_epochs": 1},
        "plateau": {"patience_epochs": 1},
    }
    schedule_index = SCHEDULES.index(schedule)
    settings = _case_trial(
        case_name,
        schedule={"kind": schedule, **kinds.get(schedule, {})},
        optimizer=OPTIMIZERS[schedule_index % len(OPTIMIZERS)],
        ema_decay=0.7 * (schedule_index % 2),
    )
    uninterrupted_outcome = run(settings, prepared, tmp_path / "through")
    for batch in Random(f"{case_name}, {schedule}").sample(range(1, _batch_count(settings, prepared)), 2):
        folder = tmp_path / str(batch)
        assert run(settings, prepared, folder, intent=Intents(batch)).end == "paused"
        resumed_outcome = run(settings, prepared, folder)
        assert (bits(resumed_outcome), curve(resumed_outcome), resumed_outcome.best) == (
            bits(uninterrupted_outcome),
            curve(uninterrupted_outcome),
            uninterrupted_outcome.best,
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(TRIALS))
@pytest.mark.parametrize("interval", ["EPOCH_CHECKPOINT_S", "CHECKPOINT_INTERVAL_S", ""])
@pytest.mark.parametrize("events", [1, 2, 4])
def test_being_killed_changes_nothing(
    kind: str,
    interval: str,
    events: int,
    prepared: PreparedSet,
    uninterrupted_outcomes: dict[str, Outcome],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if interval:  # else none is due before the training ends
        monkeypatch.setattr(loop, interval, 0.0)
    with pytest.raises(SimulatedDeath):
        run(TRIALS[kind], prepared, tmp_path, DyingRecorder(events))
    resumed_outcome = run(TRIALS[kind], prepared, tmp_path)
    assert bits(resumed_outcome) == bits(uninterrupted_outcomes[kind])
    assert curve(resumed_outcome) == curve(uninterrupted_outcomes[kind])


def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    prepared: PreparedSet, uninterrupted_outcomes: dict[str, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "EPOCH_CHECKPOINT_S", 0.0)
    run(TRIALS["lstm"], prepared, tmp_path, intent=Intents(30))
    older_path, newest_path = sorted(tmp_path.iterdir())  # two are kept, and nothing else lies there
    newest_path.write_bytes(newest_path.read_bytes()[:-1000])
    report = Recorder()
    resumed_outcome = run(TRIALS["lstm"], prepared, tmp_path, report)
    assert next(data["epoch"] for event, data in report.events if event == "epoch") == 3
    assert older_path.name == "step_000000000024.pt"
    warning = next(data["message"] for event, data in report.events if event == "message")
    assert newest_path.name in warning
    assert "damaged" in warning
    assert bits(resumed_outcome) == bits(uninterrupted_outcomes["lstm"])


def test_a_finished_training_is_not_trained_again(prepared: PreparedSet, tmp_path: Path) -> None:
    first, report = run(TRIALS["fnn"], prepared, tmp_path), Recorder()
    repeated_outcome = run(TRIALS["fnn"], prepared, tmp_path, report)
    assert (repeated_outcome.end, bits(repeated_outcome), curve(repeated_outcome)) == (
        "finished",
        bits(first),
        curve(first),
    )
    assert not report.events


def test_checkpoints_of_other_settings_or_data_are_refused(prepared: PreparedSet, tmp_path: Path) -> None:
    run(TRIALS["fnn"], prepared, tmp_path, intent=Intents(3))
    for changed_trial, data in ((trial("fnn"), prepared), (TRIALS["fnn"], small_set(300))):
        if data is not prepared:
            data = type(data)(**{**vars(data), "arrays_sha256": "of other arrays"})
        with pytest.raises(VestimError, match="other settings, data") as error_info:
            run(changed_trial, data, tmp_path)
        assert error_info.value.code is ErrorCode.REFUSED


def test_a_checkpoint_holds_tensors_and_plain_values_only(prepared: PreparedSet, tmp_path: Path) -> None:
    run(TRIALS["lstm"], prepared, tmp_path, intent=Intents(30))
    for path in tmp_path.iterdir():
        assert torch.load(path, weights_only=True)["schema_version"] == 1


def test_the_thread_count_of_the_process_is_restored(prepared: PreparedSet, tmp_path: Path) -> None:
    threads_before, state = torch.get_num_threads(), torch.get_rng_state()
    run(TRIALS["fnn"], prepared, tmp_path)
    assert torch.get_num_threads() == threads_before
    assert torch.equal(torch.get_rng_state(), state)
