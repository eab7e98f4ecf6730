"""Legacy hyperparameter files: mapped, valid once data are named, and every other key noted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.spec.documents import DATA
from vestim_core.jobs.legacy.hyperparameter_files import read_hyperparameters
from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import JobSpec, validate_job

LSTM: dict[str, Any] = {
    "MODEL_TYPE": "LSTM",
    "FEATURE_COLUMNS": ["SOC", "Current", "Temp"],
    "TARGET_COLUMN": "Voltage",
    "RNN_LAYER_SIZES": "18,18",
    "LSTM_DROPOUT_PROB": "0.2",
    "LOOKBACK": "400",
    "BATCH_SIZE": "100",
    "MAX_EPOCHS": "500",
    "INITIAL_LR": "1e-4",
    "OPTIMIZER_TYPE": "AdamW",
    "WEIGHT_DECAY": 0.01,
    "VALID_PATIENCE": "10",
    "VALID_FREQUENCY": "1",
    "REPETITIONS": 3,
    "DEVICE_SELECTION": "CPU",
}


def read(**keys: Any) -> tuple[JobSpec, dict[str, str]]:
    """The job that a file with these keys gives, and its notes by key."""
    reply = read_hyperparameters(keys)
    return validate_job({**reply["sections"], "data": DATA}), {n["key"]: n["message"] for n in reply["notes"]}


def test_a_recurrent_network() -> None:
    spec, notes = read(**LSTM)
    trials = spec.trials()
    trial = trials[0]
    assert len(trials) == 3 and trial.model.kind == "lstm" and trial.model.sizes == [18, 18]
    assert trial.model.dropout == 0.2 and trial.signals.features == ["soc", "current_A", "temperature_degC"]
    training = trial.training.model_dump()
    expected = {"method": "windows", "batch_size": 100, "lookback": 400}
    assert {key: training[key] for key in expected} == expected
    expected = {"max_epochs": 500, "learning_rate": 1e-4, "weight_decay": 0.01}
    assert {key: training[key] for key in expected} == expected
    assert (training["optimizer"]["kind"], training["patience"], training["device"]) == ("adamw", 10, "cpu")
    assert not notes and training["exploit"]["epochs"] == 0 and training["time_budget_s"] is None


def test_a_gated_recurrent_unit_beside_a_feed_forward_network() -> None:
    keys = {"LOOKBACK": "40", "GRU_DROPOUT_PROB": "0.3", "GRU_USE_LAYERNORM": "True", "FNN_USE_LAYERNORM": False}
    spec, notes = read(MODEL_TYPE="GRU,FNN", RNN_LAYER_SIZES="12", FNN_HIDDEN_LAYERS="8", BATCH_SIZE="50", **keys)
    gru, fnn = spec.trials()
    assert (gru.model.kind, gru.model.sizes, gru.model.dropout, gru.model.layer_norm) == ("gru", [12], 0.3, True)
    assert (gru.training.method, gru.training.lookback, gru.training.batch_size) == ("windows", 40, 50)
    assert (fnn.model.kind, fnn.model.layer_norm, fnn.training.batch_size) == ("fnn", False, 50)
    assert not notes


def test_the_exploit_phase_the_time_and_half_precision() -> None:
    keys = {"EXPLOIT_LR": "1e-4", "EXPLOIT_EPOCHS": "7", "EXPLOIT_REPETITIONS": 3, "FINAL_LR": "1e-6"}
    times = {"MAX_TRAIN_HOURS": "1", "MAX_TRAIN_MINUTES": 2, "MAX_TRAIN_SECONDS": "3"}
    spec, notes = read(**LSTM, **keys, **times, USE_MIXED_PRECISION="true", USE_LAYER_NORM=True)
    training = spec.trials()[0].training
    exploit = {"epochs": 7, "rounds": 3, "learning_rate": 1e-4, "final_learning_rate": 1e-6}
    assert training.exploit.model_dump() == exploit
    assert (training.time_budget_s, training.mixed_precision) == (3723.0, True)
    assert spec.trials()[0].model.layer_norm is True and not notes


@pytest.mark.parametrize(
    ("keys", "epochs", "budget_s"),
    [
        ({"EXPLOIT_LR": "1e-5", "EXPLOIT_EPOCHS": "5", "EXPLOIT_REPETITIONS": "0", "FINAL_LR": "1e-7"}, 0, None),
        ({"EXPLOIT_REPETITIONS": "2"}, 5, None),
        ({"MAX_TRAIN_HOURS": 0, "MAX_TRAIN_MINUTES": "0", "MAX_TRAIN_SECONDS": 0}, 0, None),
        ({"MAX_TRAINING_TIME_SECONDS": 1800}, 0, 1800.0),
    ],
)
def test_disabled_settings_stay_disabled(keys: dict[str, Any], epochs: int, budget_s: float | None) -> None:
    spec, notes = read(**LSTM, **keys)
    training = spec.trials()[0].training
    assert (training.exploit.epochs, training.time_budget_s) == (epochs, budget_s) and not notes


def test_a_feed_forward_network() -> None:
    spec, _ = read(
        MODEL_TYPE="FNN",
        FNN_HIDDEN_LAYERS="128,64",
        FNN_ACTIVATION="GELU",
        FNN_DROPOUT_PROB="0.1",
        BATCH_SIZE="5000",
        LOOKBACK="N/A",
    )
    (trial,) = spec.trials()
    assert (trial.model.kind, trial.model.sizes, trial.model.activation, trial.model.dropout) == (
        "fnn",
        [128, 64],
        "gelu",
        0.1,
    )
    assert trial.training.batch_size == 5000


@pytest.mark.parametrize(
    ("keys", "schedule"),
    [
        ({"SCHEDULER_TYPE": "StepLR", "LR_PARAM": "0.1", "LR_PERIOD": "10"}, ("step", 0.1, 10)),
        ({"LR_DROP_FACTOR": "0.5", "LR_DROP_PERIOD": 8}, ("step", 0.5, 8)),
        (
            {"SCHEDULER_TYPE": "ReduceLROnPlateau", "PLATEAU_FACTOR": 0.8, "PLATEAU_PATIENCE": "5"},
            ("plateau", 0.8, 5),
        ),
        (
            {"SCHEDULER_TYPE": "CosineAnnealingWarmRestarts", "COSINE_ETA_MIN": "2e-6", "COSINE_T0": 8},
            ("cosine-restarts", 8, 2, 2e-6),
        ),
        (
            {"SCHEDULER_TYPE": "CosineAnnealingWarmRestarts", "COSINE_T_MULT": "3"},
            ("cosine-restarts", 10, 3, 1e-6),
        ),
        ({"SCHEDULER_TYPE": "CosineAnnealingLR", "COSINE_ETA_MIN": "1e-6"}, ("cosine", 1e-6)),
        ({"SCHEDULER_TYPE": "None"}, ("constant",)),
    ],
)
def test_schedules(keys: dict[str, Any], schedule: tuple[Any, ...]) -> None:
    spec, notes = read(**{**LSTM, **keys})
    assert tuple(spec.trials()[0].training.schedule.model_dump().values()) == schedule
    assert not notes


def test_grids_and_architectures() -> None:
    spec, _ = read(**{**LSTM, "RNN_LAYER_SIZES": "64,32;128", "INITIAL_LR": "0.01, 0.001", "REPETITIONS": "1"})
    trials = spec.trials()
    assert len(trials) == 4
    assert {tuple(trial.model.sizes) for trial in trials} == {(64, 32), (128,)}
    assert {trial.training.learning_rate for trial in trials} == {0.01, 0.001}
    older, _ = read(MODEL_TYPE="LSTM", LAYERS="1,2", HIDDEN_UNITS="12")
    assert {tuple(trial.model.sizes) for trial in older.trials()} == {(12,), (12, 12)}


def test_a_search_range_is_noted_and_the_default_used() -> None:
    spec, notes = read(**{**LSTM, "INITIAL_LR": "[0.0001, 0.01]", "RNN_LAYER_SIZES": "[16,64]", "N_TRIALS": 50})
    assert "range of a search" in notes["INITIAL_LR"] and "range of a search" in notes["RNN_LAYER_SIZES"]
    assert "N_TRIALS" in notes
    assert spec.trials()[0].training.learning_rate == 5e-3


def test_every_unused_key_is_noted() -> None:
    strange: dict[str, Any] = {
        "EXPLOIT_LR": "soon",
        "MAX_TRAIN_HOURS": "1, 2",
        "NUM_WORKERS": "4",
        "USE_MIXED_PRECISION": "perhaps",
        "INFERENCE_FILTER_TYPE": "EMA",
        "PLATEAU_PATIENCE": "3",
        "FNN_HIDDEN_LAYERS": "8",
        "GRU_DROPOUT_PROB": 0.1,
        "SOMETHING_NEW": {"a": [1]},
        "ValidFrequency": "4",
        "OPTIMIZER_TYPE": "Lion",
        "MAX_EPOCHS": "many",
        "SEED": float("nan"),
    }
    spec, notes = read(**{**LSTM, "VALID_FREQUENCY": 1, **strange})
    assert set(strange) <= set(notes)
    assert all(sentence and "\n" not in sentence for sentence in notes.values())
    assert spec.trials()[0].training.max_epochs == 100


def test_an_unknown_kind_of_model_is_noted() -> None:
    reply = read_hyperparameters({**LSTM, "MODEL_TYPE": "TRANSFORMER"})
    assert "model" not in reply["sections"]
    notes = {note["key"]: note["message"] for note in reply["notes"]}
    assert "no TRANSFORMER" in notes["MODEL_TYPE"] and set(notes) >= {"RNN_LAYER_SIZES", "LOOKBACK", "BATCH_SIZE"}


def test_patience_counts_epochs_here() -> None:
    spec, notes = read(**{**LSTM, "VALID_FREQUENCY": "5"})
    assert spec.trials()[0].training.patience == 50 and "patience" in notes["VALID_FREQUENCY"]


@pytest.mark.parametrize("document", [{}, {"name": "x", "model": {"kind": "lstm"}}, {"a": 1}])
def test_another_file_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(VestimError, match="no hyperparameter file"):
        read_hyperparameters(document)


def test_the_example_files(shared: Path) -> None:
    files = sorted((shared / "legacy_examples").glob("*/job_*/hyperparams.json"))
    if not files:
        pytest.skip("needs the predecessor's example jobs in the shared data folder")
    for file in files:
        document = json.loads(file.read_text())
        reply = read_hyperparameters(document)
        spec = validate_job({**reply["sections"], "data": DATA})
        assert spec.trials()[0].signals.target == "voltage_V"
        training = spec.trials()[0].training
        assert training.max_epochs == int(document["MAX_EPOCHS"])
        if training.method == "windows":
            assert training.lookback == int(document["LOOKBACK"])
            assert training.batch_size == int(document["BATCH_SIZE"])


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"INFERENCE_FILTER_TYPE": "None", "INFERENCE_FILTER_ALPHA": "0.1"}, {"kind": "none"}),
        (
            {"INFERENCE_FILTER_TYPE": "EMA", "INFERENCE_FILTER_ALPHA": "0.1"},
            {"kind": "ema", "tau_s": 9.491221581029903},
        ),
        ({"INFERENCE_FILTER_TYPE": "EMA", "INFERENCE_FILTER_ALPHA": "1.0"}, {"kind": "none"}),
        ({"INFERENCE_FILTER_TYPE": "moving_average"}, {"kind": "moving_average", "window_s": 101.0}),
        (
            {"INFERENCE_FILTER_TYPE": "Savitzky-Golay", "INFERENCE_FILTER_WINDOW_SIZE": "21"},
            {"kind": "savitzky_golay", "window_s": 21.0, "polynomial": 2},
        ),
        ({"INFERENCE_FILTER_TYPE": "Kalman"}, {"kind": "none"}),
    ],
)
def test_the_inference_filter_is_a_setting(keys: dict[str, str], expected: dict[str, Any]) -> None:
    spec, notes = read(**LSTM, **keys)
    assert spec.trials()[0].model.output_filter.model_dump() == pytest.approx(expected)
    assert "INFERENCE_FILTER_ALPHA" not in keys or expected["kind"] != "none" or "INFERENCE_FILTER_ALPHA" in notes
    assert ("Kalman" in notes.get("INFERENCE_FILTER_TYPE", "")) == (keys["INFERENCE_FILTER_TYPE"] == "Kalman")
