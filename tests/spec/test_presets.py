"""Job presets: each is a valid job once data are added, its description is correct, and TOML round trips."""

from __future__ import annotations

import tomllib

import pytest

from tests.spec.documents import DATA
from vestim_core.jobs.legacy.hyperparameter_files import read_hyperparameters
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.job import validate_job
from vestim_core.spec.job_presets import JobPreset, find_preset, installed_presets
from vestim_core.spec.toml import job_toml, toml_value

ALL = pytest.mark.parametrize("preset", installed_presets(), ids=[preset.preset_id for preset in installed_presets()])


NAMES = ("Quick look", "Balanced", "Thorough")


def test_presets_for_voltage_soc_and_legacy_templates() -> None:
    listed_presets = [(preset.target, preset.name) for preset in installed_presets()]
    legacy_presets = [("voltage_V", f"As VEstim: {kind}") for kind in ("LSTM", "GRU", "FNN")]
    assert listed_presets == [(target, name) for target in ("voltage_V", "soc") for name in NAMES] + legacy_presets


@pytest.mark.parametrize("kind", ["lstm", "gru", "fnn"])
def test_legacy_preset_equals_converted_legacy_defaults(kind: str) -> None:
    defaults = {
        "FEATURE_COLUMNS": ["SOC", "Current", "Temp"],
        "TARGET_COLUMN": "Voltage",
        "MODEL_TYPE": kind.upper(),
        **({"FNN_HIDDEN_LAYERS": "128,64"} if kind == "fnn" else {"RNN_LAYER_SIZES": "10", "LOOKBACK": "400"}),
        f"{kind.upper()}_DROPOUT_PROB": "0.1" if kind == "fnn" else "0.2",
        "BATCH_SIZE": "5000" if kind == "fnn" else "100",
        "MAX_EPOCHS": "500",
        "INITIAL_LR": "1e-4",
        "OPTIMIZER_TYPE": "Adam",
        "SCHEDULER_TYPE": "StepLR",
        "LR_PARAM": "0.1",
        "LR_PERIOD": "10",
        "VALID_PATIENCE": "10",
        "VALID_FREQUENCY": "1",
        "EXPLOIT_LR": "1e-5",
        "EXPLOIT_EPOCHS": "5",
        "EXPLOIT_REPETITIONS": "1",
        "FINAL_LR": "1e-7",
        "REPETITIONS": "1",
    }
    (legacy_trial,) = validate_job({**read_hyperparameters(defaults)["sections"], "data": DATA}).trials()
    (preset_trial,) = validate_job({**find_preset(f"vestim_{kind}").job, "data": DATA}).trials()
    assert (preset_trial.signals, preset_trial.model, preset_trial.training) == (
        legacy_trial.signals,
        legacy_trial.model,
        legacy_trial.training,
    )


@ALL
def test_preset_is_a_job_without_data(preset: JobPreset) -> None:
    assert set(preset.job) == {"signals", "preparation", "model", "training"}
    spec = validate_job({**preset.job, "data": DATA})
    trials = spec.trials()
    assert {trial.signals.target for trial in trials} == {preset.target}
    if preset.name in NAMES:
        assert {trial.model.kind for trial in trials} == {"lstm", "fnn"}


@pytest.mark.parametrize("target", ["voltage_V", "soc"])
def test_later_presets_have_more_trials(target: str) -> None:
    target_presets = [preset for preset in installed_presets() if preset.target == target and preset.name in NAMES]
    trials = [len(validate_job({**preset.job, "data": DATA}).trials()) for preset in target_presets]
    assert trials == sorted(trials) and trials[-1] >= 9


def test_description_states_the_number_of_models() -> None:
    for preset in installed_presets():
        if "models" in preset.description:
            count = len(validate_job({**preset.job, "data": DATA}).trials())
            assert f"{count} models" in preset.description


@pytest.mark.parametrize("text", ["voltage_quick", "Voltage quick", " voltage-quick "])
def test_preset_is_found_by_id(text: str) -> None:
    assert find_preset(text).preset_id == "voltage_quick"


def test_unknown_preset_lists_available_presets() -> None:
    with pytest.raises(VestimError, match="voltage_balanced") as caught:
        find_preset("nonsense")
    assert caught.value.code is ErrorCode.NOT_FOUND


@ALL
def test_job_file_of_a_preset_round_trip(preset: JobPreset) -> None:
    document = {"name": preset.name, "data": DATA, **preset.job}
    text = job_toml(document, "# a head")
    assert tomllib.loads(text) == document
    assert text.startswith("# a head\n") and "# Training ends after this many" in text


def test_toml_round_trip() -> None:
    document = {
        "name": 'quotes " and \\ and \x7f and \n and 电池 and 🔋',
        "data": {"train": ["C:\\data\\a.csv"], "columns": {"voltage V": "U[V]", "x": "µ"}},
        "signals": {"features": [["soc"], ["soc", "current_A"]], "target": "voltage_V"},
        "preparation": [[{"step": "resample"}], [{"step": "resample", "period_s": 2.5e-07}]],
        "model": [],
        "training": {"learning_rate": [1e-05, 0.005], "optimizer": {"kind": "sgd", "momentum": 0.9}},
        "max_parallel_tasks": 3,
        "testing": {"baseline": False},
    }
    assert tomllib.loads(job_toml(document)) == document
    assert tomllib.loads(job_toml({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}
    assert toml_value([True, None, 1]) == "[true, 1]"
