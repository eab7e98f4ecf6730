"""Columns of preparation steps: columns after each step, columns that files need, and one message per mistake."""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.step_chains import STEP_KINDS
from tests.spec.documents import job_document
from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import validate_job
from vestim_core.spec.preparation import (
    Augment,
    Butterworth,
    CoulombSoc,
    Ema,
    Formula,
    MovingAverage,
    Normalize,
    PreRoll,
    Resample,
    SavitzkyGolay,
    Step,
    default_preparation,
)
from vestim_core.spec.preparation_presets import PREPARATION_PRESETS, legacy_order, power_filters, sensor_error_steps
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.step_columns import (
    check_steps,
    columns_by_step,
    required_file_columns,
    step_input_columns,
    step_output_column,
)

FILES = ("time_s", "voltage_V", "current_A", "temperature_degC", "soc")


def full_list(*middle: Step, period_s: float = 1.0) -> list[Step]:
    return [Resample(period_s=period_s), *middle, Normalize()]


def messages(*middle: Step, period_s: float = 1.0, in_files: Any = None) -> list[str]:
    return [problem.message for problem in check_steps(full_list(*middle, period_s=period_s), None, in_files)]


def test_columns_by_step() -> None:
    steps = full_list(
        Formula(output="power", formula="voltage_V * current_A"),
        Augment(column="current_A", offset=1),
        Ema(column="power", output="slow"),
        PreRoll(),
    )
    columns = columns_by_step(steps, FILES)
    assert columns[0] == FILES[1:]
    assert columns[1] == (*FILES[1:], "power")
    assert columns[2] == columns[1]
    assert columns[3] == columns[4] == columns[5] == (*FILES[1:], "power", "slow")
    assert check_steps(steps, SignalsSpec(features=["slow", "soc"]), FILES) == []


def test_files_need_columns_that_no_step_adds() -> None:
    steps = full_list(
        CoulombSoc(column="I", output="soc", start_column="soc_0"),
        Formula(output="p", formula="U * I + lag(soc, 2)"),
        Ema(column="p", output="p_slow"),
        Augment(column="T", noise=1),
    )
    signals = SignalsSpec(features=["soc", "p_slow", "T"], target="U")
    assert required_file_columns(steps, signals) == ("T", "U", "I", "soc_0")
    assert required_file_columns(default_preparation(), SignalsSpec()) == (
        "soc",
        "current_A",
        "temperature_degC",
        "voltage_V",
    )


def test_each_kind_of_step_defines_input_and_output_columns() -> None:
    for kind in STEP_KINDS:
        step = kind()
        output = step_output_column(step)
        assert (output is not None) == ("output" in kind.model_fields)
        if output is not None or kind is Augment:
            assert step_input_columns(step)


@pytest.mark.parametrize(
    ("middle", "message"),
    [
        ([Ema(column="p", output="q"), Formula(output="p", formula="current_A")], "step 2 (ema) reads 'p', which only"),
        (
            [Augment(column="p"), Formula(output="p", formula="current_A")],
            "step 2 (augment) reads 'p', which only",
        ),
        ([Formula(output="x", formula="x + 1")], "step 2 (formula) makes 'x' from itself"),
        ([CoulombSoc(start_column="soc")], "step 2 (coulomb_soc) makes 'soc' from itself"),
        ([Ema(output="x"), MovingAverage(output="x")], "step 3 (moving_average) makes 'x', which step 2 has made"),
        ([Formula(output="x", formula="time_s")], "step 2 (formula) reads time_s, which orders the rows"),
        ([Ema(output="time_s")], "step 2 (ema) makes time_s, which orders the rows"),
        (
            [Butterworth(cutoff_Hz=0.5)],
            "a corner frequency of 0.5 Hz, which must lie below 0.5 Hz",
        ),
        ([Formula(formula="lowpass(current_A, 2)")], "below 0.5 Hz, half the rate of one row every 1 s ('lowpass' at"),
        ([Butterworth(cutoff_Hz=1e-8)], "too low to be precise"),
        ([MovingAverage(window_s=0.4)], "has a window of 0.4 s, shorter than the sample time of 1 s"),
        ([SavitzkyGolay(window_s=2, polynomial=2)], "order 2, which needs a window of at least 3 s"),
        ([SavitzkyGolay(window_s=1e6)], "more than 100,000: use ema"),
        ([PreRoll(), PreRoll()], "'pre_roll' stands twice"),
        ([Resample()], "the first step must be the one 'resample'"),
        ([Normalize()], "the last step must be the one 'normalize'"),
    ],
)
def test_each_mistake_gives_one_message(middle: list[Step], message: str) -> None:
    (problem,) = messages(*middle)
    assert message in problem
    with pytest.raises(VestimError) as caught:
        validate_job(job_document(preparation=[step.model_dump() for step in full_list(*middle)]))
    assert caught.value.location == "preparation"
    assert problem in caught.value.message


def test_shorter_sample_time_allows_faster_filters() -> None:
    assert messages(Butterworth(cutoff_Hz=2), period_s=0.1) == []
    assert messages(MovingAverage(window_s=0.4), period_s=0.1) == []


def test_missing_file_columns_are_reported_if_files_are_known() -> None:
    middle = (Ema(column="p", output="q"), Formula(output="r", formula="q + ambient_degC"))
    assert messages(*middle) == []
    assert [message.partition(",")[0] for message in messages(*middle, in_files=FILES)] == [
        "step 2 (ema) reads 'p'",
        "step 3 (formula) reads 'ambient_degC'",
    ]
    (problem,) = check_steps(full_list(), SignalsSpec(features=["soc", "q"]), FILES)
    assert problem.message == "'q' is neither in the files nor made by a step"


def test_message_counts_further_mistakes() -> None:
    with pytest.raises(VestimError, match=r"step 2 \(ema\) makes time_s.*\(and 1 more\)"):
        steps = full_list(Ema(output="time_s"), Butterworth(cutoff_Hz=9))
        validate_job(job_document(preparation=[step.model_dump() for step in steps]))


def step_error(step: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(VestimError) as caught:
        validate_job(job_document(preparation=[{"step": "resample"}, step, {"step": "normalize"}]))
    return caught.value.location, caught.value.message


@pytest.mark.parametrize("key", ["centered", "zero_phase", "forward_backward"])
@pytest.mark.parametrize("step", ["butterworth", "ema", "moving_average", "savitzky_golay"])
def test_non_causal_filter_is_rejected_with_reason(step: str, key: str) -> None:
    location, message = step_error({"step": step, key: True})
    assert location == "preparation[2]"
    assert f"'{key}' looks ahead: it would need rows that come later" in message


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("lag(current_A, -1)", "looks ahead"),
        ("__import__(os)", "is code"),
        ("current_A.real", "attributes are code"),
        ("lambda x: x", "is code"),
        ("unknown(current_A)", "'unknown' at character 1 is no function"),
    ],
)
def test_invalid_formula_is_reported_at_its_field(formula: str, message: str) -> None:
    location, error_message = step_error({"step": "formula", "output": "x", "formula": formula})
    assert location == "preparation[2].formula"
    assert message in error_message


@pytest.mark.parametrize(
    "step",
    [
        {"step": "ema", "tau_s": 0},
        {"step": "ema", "column": ""},
        {"step": "butterworth", "order": 9},
        {"step": "coulomb_soc", "capacity_Ah": 0},
        {"step": "coulomb_soc", "initial_soc": 1.5},
        {"step": "augment", "offset": -1},
        {"step": "savitzky_golay", "polynomial": 2.5},
        {"step": "filtfilt"},
        {"step": "ema", "window_s": 60},
        {"step": "augment", "output": "x"},
    ],
)
def test_settings_out_of_range_are_rejected(step: dict[str, Any]) -> None:
    assert step_error(step)[0].startswith("preparation[2]")


def test_commas_in_brackets_do_not_make_a_grid() -> None:
    formula = {"step": "formula", "output": "x", "formula": "lag(current_A, 2) + where(soc > 0, 1, 2)"}
    spec = validate_job(job_document(preparation=[{"step": "resample"}, formula, {"step": "normalize"}]))
    (steps,) = spec.preparation.choices
    assert steps[1] == Formula.model_validate(formula)
    grid_formula = formula | {"formula": "lag(current_A, 2), ema(current_A, 5), soc"}
    spec = validate_job(job_document(preparation=[{"step": "resample"}, grid_formula, {"step": "normalize"}]))
    formulas = [steps[1].formula for steps in spec.preparation.choices if isinstance(steps[1], Formula)]
    assert formulas == ["lag(current_A, 2)", "ema(current_A, 5)", "soc"]
    assert validate_job(spec.to_document()) == spec


def test_grid_over_kinds_of_filters() -> None:
    step = {"step": ["ema", "moving_average"], "output": "slow", "tau_s": [10, 20], "window_s": 60}
    spec = validate_job(job_document(preparation=[{"step": "resample"}, step, {"step": "normalize"}]))
    middle = [steps[1] for steps in spec.preparation.choices]
    assert middle == [
        Ema(output="slow", tau_s=10),
        Ema(output="slow", tau_s=20),
        MovingAverage(output="slow", window_s=60),
    ]


def test_every_field_has_title_and_description() -> None:
    for kind in STEP_KINDS:
        assert kind.__doc__
        for name, field in kind.model_fields.items():
            assert name == "step" or (field.title and field.description), f"{kind.__name__}.{name}"
            if name.endswith(("_s", "_Hz", "_Ah")):
                assert field.json_schema_extra == {"unit": name.rpartition("_")[2]}


# --- presets


def test_presets_are_valid_with_their_features() -> None:
    assert len({preset.name for preset in PREPARATION_PRESETS}) == len(PREPARATION_PRESETS)
    for preset in PREPARATION_PRESETS:
        features, steps = list(preset.features), [step.model_dump() for step in preset.steps]
        spec = validate_job(job_document(signals={"features": features}, preparation=steps))
        assert spec.preparation.choices == (list(preset.steps),)
        assert check_steps(preset.steps, SignalsSpec(features=features), (*FILES, "power_W")) == []


def test_legacy_order() -> None:
    steps = legacy_order(
        period_s=0.1,
        filters=power_filters(),
        formulas=[Formula(output="x", formula="np.sqrt(np.abs(power_W_slow))")],
        noise=sensor_error_steps(["current_A", "x", "soc"]),
        padding_s=50,
    )
    kinds = ["resample", "butterworth", "butterworth", "formula", "augment", "augment", "pre_roll", "normalize"]
    assert [step.step for step in steps] == kinds
    assert [step_output_column(step) for step in steps[1:3]] == ["power_W_fast", "power_W_slow"]
    assert steps[-1] == Normalize(method="min-max")
    assert check_steps(steps) == []
