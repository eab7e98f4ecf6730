"""Input that a training cannot use is refused or warned of in one sentence, never worked around silently."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.synthetic import TINY, Intents, Recorder, drive, prepare, small_set, trial
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import Trial
from vestim_core.training import updater
from vestim_core.training.loop import train
from vestim_core.training.outcome import Outcome
from vestim_core.training.reproducible import choose_device

KINDS = list(TINY)


def run(settings: Trial, prepared: PreparedSet, folder: Path, threads: int = 1) -> tuple[Outcome, list[str]]:
    """Return the outcome and the warnings."""
    report = Recorder()
    outcome = train(settings, prepared, folder, device="cpu", threads=threads, reporter=report, intent=Intents())
    return outcome, [data["message"] for kind, data in report.events if kind == "message"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_validation_file_smaller_than_a_batch_is_used_completely(tmp_path: Path, kind: str) -> None:
    tables = {"a": drive("a", 400, 1), "b": drive("b", 12, 2)}
    prepared = prepare(tables, {"a": "train", "b": "validation"})
    outcome, warnings = run(trial(kind), prepared, tmp_path)
    assert outcome.module is not None and np.isfinite(outcome.best["rmse_mV"] or np.nan)
    assert prepared.files_of_role("validation")[0].scored_rows < 12 and not warnings


@pytest.mark.parametrize(
    ("kind", "expected_warning"),
    [
        ("lstm", "short has no 150 rows in one piece, the length of a chunk: its chunks are only partly filled."),
        ("windows", "short has no 150 rows in one piece, as a window needs them: it is not learned from."),
    ],
)
def test_a_file_shorter_than_a_chunk_or_window_is_named(tmp_path: Path, kind: str, expected_warning: str) -> None:
    tables = {"long": drive("long", 400, 1), "short": drive("short", 20, 2), "b": drive("b", 100, 3)}
    prepared = prepare(tables, {"long": "train", "short": "train", "b": "validation"})
    length = {"lstm": {"sequence_length": 150}, "windows": {"lookback": 150}}[kind]
    outcome, warnings = run(trial(kind, training=length), prepared, tmp_path)
    assert warnings == [expected_warning] and outcome.end == "finished"


def test_windows_longer_than_every_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VestimError, match="No training file has 5000 rows in one piece") as error_info:
        run(trial("windows", training={"lookback": 5000}), small_set(), tmp_path)
    assert error_info.value.location == "training.lookback"


def test_a_feature_that_never_changes_is_refused_by_name() -> None:
    tables = {name: drive(name, 300, seed) for seed, name in enumerate(("a", "b"), 1)}
    for table in tables.values():
        table.columns["temperature_degC"][:] = 25.0
    with pytest.raises(VestimError, match="temperature_degC is 25 in every row of the training files"):
        prepare(tables, {"a": "train", "b": "validation"})


def test_targets_that_the_limits_forbid_are_counted(tmp_path: Path) -> None:
    _, warnings = run(trial("fnn", model={"output_max": 3.9}), small_set(), tmp_path)
    assert len(warnings) == 4 and all(
        "target values lie outside of the model's output_min" in warning for warning in warnings
    )


@pytest.mark.parametrize("column", ["current_A", "voltage_V"])
@pytest.mark.parametrize("role", ["train", "validation"])
def test_a_value_that_is_not_finite_is_refused(tmp_path: Path, column: str, role: Any) -> None:
    prepared = small_set()
    file = prepared.files_of_role(role)[0]
    features, target = np.array(file.features), np.array(file.target)
    bad_row = file.segments[0].scored_from + 57
    if column == "voltage_V":
        target[bad_row:] = np.inf
    else:
        features[bad_row, prepared.signals.features.index(column)] = np.nan
    files = tuple(
        replace(prepared_file, features=features, target=target) if prepared_file is file else prepared_file
        for prepared_file in prepared.files
    )
    with pytest.raises(VestimError) as error_info:
        run(trial("fnn"), replace(prepared, files=files), tmp_path)
    assert error_info.value.message.startswith(
        f"{file.name}: '{column}' is no number at {file.time_s[bad_row]:g} s and in "
    )
    assert error_info.value.location == column


def test_a_missing_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(VestimError, match="torch finds no GPU here") as error_info:
        choose_device("cuda")
    assert error_info.value.location == "training.device"
    assert choose_device("auto") == choose_device("cpu") == "cpu"


def test_more_threads_than_cores_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    _, warnings = run(trial("fnn", training={"max_epochs": 1}), small_set(), tmp_path, threads=2)
    assert warnings == ["training.threads is 2, but this machine has 1 cores: more threads than cores only wait."]


def test_a_warm_up_longer_than_the_training_is_warned_of(tmp_path: Path) -> None:
    settings = trial("fnn", training={"max_epochs": 2, "warm_up_steps": 1_000, "batch_size": 1_000})
    _, warnings = run(settings, small_set(), tmp_path)
    (warning,) = warnings
    assert warning.startswith(
        "training.warm_up_steps is 1,000, but there are 2 updates at most: the learning rate never"
    )


def test_half_precision_without_a_gpu_is_warned_of(tmp_path: Path) -> None:
    _, warnings = run(trial("fnn", training={"mixed_precision": True, "max_epochs": 1}), small_set(), tmp_path)
    assert warnings == ["Mixed precision needs a GPU: this training computes in full precision."]


def test_windows_in_parts_give_the_same_training_as_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, prepared = trial("windows"), small_set()
    at_once, _ = run(settings, prepared, tmp_path / "whole")
    monkeypatch.setattr(updater, "MAX_PART_ROWS", 500)
    in_parts, _ = run(settings, prepared, tmp_path / "parts")
    for whole_epoch, parts_epoch in zip(at_once.history, in_parts.history, strict=True):
        assert whole_epoch["train_rmse_mV"] == pytest.approx(parts_epoch["train_rmse_mV"], rel=1e-3)
        assert whole_epoch["validation_rmse_mV"] == pytest.approx(parts_epoch["validation_rmse_mV"], rel=1e-3)
