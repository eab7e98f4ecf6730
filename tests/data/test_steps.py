"""Steps against reference definitions, and their behavior at the start of a segment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from tests.data.samples import table
from tests.data.step_chains import SIGNALS, complete_chain, irregular_table, steps_of
from vestim_core.data.pipeline import Pipeline, resample_table, run_steps
from vestim_core.data.prepare_data import columns_to_read
from vestim_core.data.readers import read_table
from vestim_core.data.steps.causal_filters import (
    CausalButterworth,
    CausalEma,
    CausalFilter,
    CausalLag,
    CausalMax,
    CausalMean,
    CausalSavitzkyGolay,
    sliding_reduce,
)
from vestim_core.data.steps.formula import FormulaColumn, UndefinedFormulaValue
from vestim_core.data.steps.resampled_table import ResampledTable
from vestim_core.data.table import Table
from vestim_core.spec.errors import VestimError
from vestim_core.spec.preparation import (
    Augment,
    Butterworth,
    CoulombSoc,
    Ema,
    Formula,
    MovingAverage,
    PreRoll,
    Resample,
    SavitzkyGolay,
)
from vestim_core.spec.schema_upgrade import upgrade_record
from vestim_core.spec.signals import SignalsSpec

# written by version 1 of the pipeline
FIXTURE = Path(__file__).parents[1] / "fixtures" / "prepared_version_1.json"


def run_chain(*middle: Any, data: Table | None = None, training: bool = False) -> ResampledTable:
    """Rows of a file after these steps, before normalization."""
    steps, data = complete_chain(*middle), data or irregular_table()
    return run_steps(steps, resample_table(steps, data), data, is_training=training)[0]


def formula_values(text: str, data: Table | None = None, seed: int = 0) -> np.ndarray:
    return run_chain(Formula(output="y", formula=text, seed=seed), data=data).column("y")


def by_segment(rows: ResampledTable, name: str) -> list[np.ndarray]:
    return [rows.column(name)[segment.start : segment.stop] for segment in rows.segments]


# --- filters


def test_butterworth_matches_scipy_and_starts_settled() -> None:
    rows = run_chain(Butterworth(column="current_A", output="y", cutoff_Hz=0.05, order=3))
    for x, y in zip(by_segment(rows, "current_A"), by_segment(rows, "y"), strict=True):
        settled_input = np.concatenate((np.full(5000, x[0]), x))
        assert y == pytest.approx(sosfilt(butter(3, 0.05, fs=1.0, output="sos"), settled_input)[5000:], abs=1e-9)


def test_butterworth_from_zero_matches_scipy() -> None:
    rows = run_chain(Butterworth(column="current_A", output="y", cutoff_Hz=0.05, order=2, start="zero"))
    for x, y in zip(by_segment(rows, "current_A"), by_segment(rows, "y"), strict=True):
        assert y == pytest.approx(sosfilt(butter(2, 0.05, fs=1.0, output="sos"), x), abs=1e-12)


def test_ema_reaches_63_percent_of_a_step_in_its_time_constant() -> None:
    x = np.concatenate(([0.0], np.ones(200)))
    y = CausalEma(30.0, 0.5).push(x)
    assert y[0] == 0
    assert y[60] == pytest.approx(1 - np.exp(-1), abs=1e-12)


def test_moving_average_matches_pandas() -> None:
    rows = run_chain(MovingAverage(column="current_A", output="y", window_s=20))
    for x, y in zip(by_segment(rows, "current_A"), by_segment(rows, "y"), strict=True):
        assert y == pytest.approx(pd.Series(x).rolling(20, min_periods=1).mean().to_numpy(), abs=1e-12)


def test_savitzky_golay_is_a_polynomial_fit_evaluated_at_the_last_row() -> None:
    rows = run_chain(
        SavitzkyGolay(column="voltage_V", output="y", window_s=9, polynomial=2), data=irregular_table(gap_at=None)
    )
    x, y = rows.column("voltage_V"), rows.column("y")
    for row in (8, 20, len(x) - 1):
        fitted_pipeline = np.polynomial.Polynomial.fit(np.arange(9), x[row - 8 : row + 1], 2)
        assert y[row] == pytest.approx(fitted_pipeline(8), abs=1e-9)


@pytest.mark.parametrize("length", [1, 2, 16, 17, 100, 5000])
def test_window_reductions_of_any_length(length: int) -> None:
    x = np.random.default_rng(length).normal(size=6000)
    view = np.lib.stride_tricks.sliding_window_view(x, length)
    assert np.array_equal(sliding_reduce(x, length, np.maximum), view.max(axis=1))
    assert sliding_reduce(x, length, np.add) == pytest.approx(view.sum(axis=1), abs=1e-10)


FILTERS: list[CausalFilter] = [
    CausalButterworth(0.03, 4, 1.0),
    CausalEma(20.0, 1.0),
    CausalMean(30),
    CausalMax(30),
    CausalLag(4),
    CausalSavitzkyGolay(11, 2),
    CausalSavitzkyGolay(301, 3),
]


@pytest.mark.parametrize("causal_filter", FILTERS, ids=lambda causal_filter: type(causal_filter).__name__)
@given(st.floats(-1e3, 1e3))
def test_a_constant_passes_unchanged_from_the_first_row(causal_filter: CausalFilter, value: float) -> None:
    causal_filter.start()
    y = causal_filter.push(np.full(400, value))
    assert y == pytest.approx(np.full(400, value), abs=1e-9 * max(1, abs(value)))


@pytest.mark.slow
@pytest.mark.parametrize("causal_filter", FILTERS, ids=lambda causal_filter: type(causal_filter).__name__)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_chunks_of_any_length_give_the_same_result(causal_filter: CausalFilter, lengths: list[int]) -> None:
    x = np.random.default_rng(1).normal(2, 3, sum(lengths))
    causal_filter.start()
    expected = causal_filter.push(x)
    causal_filter.start()
    chunked_output = np.concatenate([causal_filter.push(chunk) for chunk in np.split(x, np.cumsum(lengths)[:-1])])
    assert chunked_output == pytest.approx(expected, abs=1e-9)


def test_a_gap_resets_every_filter() -> None:
    rows = run_chain(Ema(column="current_A", output="y", tau_s=100), Formula(output="z", formula="lag(current_A, 3)"))
    assert len(rows.segments) == 2
    for segment in rows.segments:
        assert rows.column("y")[segment.start] == pytest.approx(rows.column("current_A")[segment.start])
        assert rows.column("z")[segment.start + 2] == rows.column("current_A")[segment.start]


# --- formulas


def test_formulas_match_numpy() -> None:
    rows = run_chain()
    I, U, soc = (rows.column(name) for name in ("current_A", "voltage_V", "soc"))  # noqa: E741
    expected = {
        "current_A * voltage_V + 2": I * U + 2,
        "-current_A ** 2 / 4": -(I**2) / 4,
        "2 ** -soc": 2**-soc,
        "(current_A > 0) + (current_A <= 1) * 2": (I > 0) * 1.0 + (I <= 1) * 2.0,
        "-(soc == soc) - (soc != soc)": np.full(len(I), -1.0),
        "where(current_A > 0, voltage_V / current_A, 0)": np.where(I > 0, U / I, 0),
        "clip(current_A, -1, 1)": np.clip(I, -1, 1),
        "minimum(soc, 0.5) + maximum(soc, 0.5)": soc + 0.5,
        "sqrt(abs(current_A)) + square(soc) + sign(current_A)": np.sqrt(np.abs(I)) + soc**2 + np.sign(I),
        "exp(soc) + log(voltage_V) + log10(voltage_V) + log1p(soc)": np.exp(soc)
        + np.log(U)
        + np.log10(U)
        + np.log1p(soc),
        "sin(soc) + cos(soc) + arctan(current_A) + tanh(current_A)": np.sin(soc)
        + np.cos(soc)
        + np.arctan(I)
        + np.tanh(I),
        "floor(current_A) + ceil(current_A) + power(soc, 3)": np.floor(I) + np.ceil(I) + soc**3,
        "1 / 4": np.full(len(I), 0.25),
    }
    for text, values in expected.items():
        assert formula_values(text) == pytest.approx(values, abs=1e-12), text


def test_stateful_formula_functions_match_pandas() -> None:
    data = irregular_table(gap_at=None)
    x = pd.Series(run_chain(data=data).column("current_A"))
    assert formula_values("lag(current_A, 4)", data) == pytest.approx(x.shift(4).fillna(x[0]))
    assert formula_values("moving_average(current_A, 7)", data) == pytest.approx(x.rolling(7, min_periods=1).mean())
    assert formula_values("rolling_max(current_A, 40)", data).tolist() == x.rolling(40, min_periods=1).max().tolist()
    filtered_rows = run_chain(
        Ema(column="current_A", output="a", tau_s=9),
        Butterworth(column="current_A", output="b", cutoff_Hz=0.1, order=2),
        data=data,
    )
    assert np.array_equal(formula_values("ema(current_A, 9)", data), filtered_rows.column("a"))
    assert np.array_equal(formula_values("lowpass(current_A, 0.1)", data), filtered_rows.column("b"))


def test_noise_is_reproducible_and_differs_by_file_segment_column_and_seed() -> None:
    data = irregular_table(4000, 3, 2000)
    noise = formula_values("noise(5, 2)", data)
    assert np.array_equal(noise, formula_values("noise(5, 2)", data))
    assert (noise.mean(), noise.std()) == pytest.approx((5, 2), abs=0.2)
    first, second = by_segment(run_chain(Formula(output="y", formula="noise(0, 1)"), data=data), "y")
    variants = [
        first,
        second,
        formula_values("noise(0, 1)", data, seed=1),
        formula_values("noise(0, 1)", irregular_table(4000, 4, 2000)),
        formula_values("noise(0, 0) + noise(0, 1)", data),
        run_chain(Formula(output="z", formula="noise(0, 1)"), data=data).column("z"),
    ]
    first_values = {round(values[0], 12) for values in variants}
    assert len(first_values) == len(variants)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / current_A", 'division by zero at character 3 of "1 / current_A"'),
        ("log(current_A)", "logarithm of a value that is not positive at character 1"),
        ("2 + sqrt(current_A)", "square root of a negative value at character 5"),
        ("current_A ** 0.5", "power that is no real number at character 11"),
        ("exp(999 + soc)", "value that is too large at character 1"),
        ("ema(1 / current_A, 5)", "division by zero at character 7"),
        ("lag(1 / current_A, 2)", 'division by zero at character 7 of "lag(1 / current_A, 2)"'),
    ],
)
def test_a_formula_without_a_value_names_step_file_time_and_position(text: str, expected: str) -> None:
    current_A = np.linspace(-0.5, 2, 50)
    current_A[20] = 0.0
    data = table(50, 0, current_A=current_A)
    with pytest.raises(VestimError) as error_info:
        run_chain(Ema(column="soc", output="a"), Formula(output="y", formula=text), data=data)
    sentence = error_info.value.message
    assert sentence.startswith('Step 3 has no value for "cell_0.csv" at ')
    assert expected in sentence
    if text == "1 / current_A":
        assert "at 21 s: " in sentence  # the value of second 20 holds until second 21


def test_where_ignores_errors_in_the_unselected_branch() -> None:
    data = table(50, 0, current_A=np.zeros(50))
    values = formula_values("where(current_A == 0, 7, 1 / current_A)", data)
    assert set(values.tolist()) == {7.0}


def test_a_formula_that_fails_at_rest_is_reported() -> None:
    with pytest.raises(
        VestimError, match=r'Step 3 has no value for "s0\.csv" in the rested pre-roll: division by zero'
    ):
        run_chain(Formula(output="y", formula="1 / current_A"), PreRoll())


ARGUMENTS = st.sampled_from(["x", "y", "0", "2", "0.5", "1e300"])
TREES = st.recursive(
    ARGUMENTS,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "**", "<", "=="]), inner),
        st.builds("(-{})".format, inner),
        st.builds("{}({})".format, st.sampled_from(["sqrt", "log", "exp", "floor", "tanh", "abs"]), inner),
        st.builds("{}({}, 3)".format, st.sampled_from(["lag", "ema", "moving_average", "rolling_max"]), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["minimum", "maximum", "noise", "power"]), inner, inner),
        st.builds("where({}, {}, {})".format, inner, inner, inner),
        st.builds("lowpass({}, 0.1)".format, inner),
    ),
    max_leaves=12,
)


@given(TREES, st.integers(1, 12))
def test_any_formula_yields_numbers_or_reports_the_row(text: str, rows: int) -> None:
    columns = {"x": np.linspace(-1, 2, rows), "y": np.zeros(rows)}
    column = FormulaColumn(text, 1.0, 0, "file")
    column.start()
    try:
        values = column.push(columns)
    except UndefinedFormulaValue as error:
        assert 0 <= error.row < rows
        assert 1 <= error.count <= rows
        assert error.message
    else:
        assert values.shape == (rows,)
        assert values.dtype == np.float64
        assert np.isfinite(values).all()
        assert not any(values is column for column in columns.values())


# --- Coulomb counting


def test_coulomb_counting_is_the_integral_and_holds_over_gaps() -> None:
    data = table(100, 0, current_A=np.full(100, -2.0), time_s=np.arange(100.0) + 500.0 * (np.arange(100) >= 60))
    rows = run_chain(CoulombSoc(output="counted", capacity_Ah=0.5, initial_soc=0.9), data=data)
    counted_soc = rows.column("counted")
    first, second = rows.segments
    assert counted_soc[0] == 0.9
    assert counted_soc[first.stop - 1] == pytest.approx(0.9 - 2 / 3600 / 0.5 * (first.stop - 1))
    assert counted_soc[second.start] == counted_soc[first.stop - 1]
    restarted_rows = run_chain(CoulombSoc(output="counted", capacity_Ah=0.5, start_column="soc"), data=data)
    for segment in restarted_rows.segments:
        assert restarted_rows.column("counted")[segment.start] == pytest.approx(
            restarted_rows.column("soc")[segment.start], abs=1e-12
        )


def test_efficiency_applies_to_charging_only() -> None:
    current_A = np.repeat([2.0, -2.0], 50)
    lossless_soc, lossy_soc = (
        run_chain(
            CoulombSoc(output="c", capacity_Ah=1, initial_soc=0.5, efficiency=share),
            data=table(100, 0, current_A=current_A),
        ).column("c")
        for share in (1.0, 0.5)
    )
    assert lossy_soc[49] - 0.5 == pytest.approx((lossless_soc[49] - 0.5) / 2)
    assert lossy_soc[98] - lossy_soc[50] == pytest.approx(lossless_soc[98] - lossless_soc[50])


def test_a_counted_soc_is_not_required_in_the_file() -> None:
    steps = complete_chain(CoulombSoc(capacity_Ah=4.5))
    required_columns, optional_columns = columns_to_read(SignalsSpec(), steps)
    assert required_columns == ["current_A", "temperature_degC", "voltage_V"]
    assert optional_columns == []


# --- augmentation


def test_augmentation_matches_its_draw_and_applies_to_training_files_only() -> None:
    step = Augment(column="current_A", offset=0.5, gain_percent=10, noise=0.02, seed=4)
    steps, data = complete_chain(step), irregular_table(3000, 1, None)
    plain = run_chain(data=data).column("current_A")
    assert np.array_equal(run_chain(step, data=data).column("current_A"), plain)
    rows, (draw,) = run_steps(steps, resample_table(steps, data), data, is_training=True)
    residual = rows.column("current_A") - (plain * (1 + draw.gain) + draw.offset)
    assert (residual.mean(), residual.std()) == pytest.approx((0, 0.02), abs=2e-3)
    assert 0 < abs(draw.offset) <= 0.5
    assert 0 < abs(draw.gain) <= 0.1
    assert draw.to_json() == {"step": 2, "column": "current_A", "offset": draw.offset, "gain": draw.gain}
    assert np.array_equal(rows.column("voltage_V"), run_chain(data=data).column("voltage_V"))


def test_every_file_and_seed_draws_separately_within_the_limits() -> None:
    offsets = []
    for seed in range(3):
        steps = complete_chain(Augment(column="soc", offset=0.01, seed=seed))
        for content in range(20):
            data = irregular_table(30, content, None)
            offsets += [run_steps(steps, resample_table(steps, data), data, is_training=True)[1][0].offset]
    assert len(set(offsets)) == 60
    assert max(np.abs(offsets)) <= 0.01
    assert (min(offsets) < -0.005) and (max(offsets) > 0.005)


def test_quantized_values_are_multiples_of_the_quantum() -> None:
    rows = run_chain(Augment(column="voltage_V", quantum=0.005), training=True)
    steps = rows.column("voltage_V") / 0.005
    assert steps == pytest.approx(np.round(steps), abs=1e-9)
    assert rows.column("voltage_V") == pytest.approx(run_chain().column("voltage_V"), abs=0.0025 + 1e-12)


def test_uniform_noise_has_the_requested_deviation_and_no_tails() -> None:
    data = irregular_table(5000, 1, None)
    rows = run_chain(Augment(column="soc", noise=0.1, noise_shape="uniform"), data=data, training=True)
    residual = rows.column("soc") - run_chain(data=data).column("soc")
    assert residual.std() == pytest.approx(0.1, rel=0.05)
    assert np.abs(residual).max() <= 0.1 * np.sqrt(3)


# --- rested pre-roll


def test_new_columns_in_the_pre_roll_have_their_values_at_rest() -> None:
    data = table(60, 1, power_W=np.linspace(5, 9, 60))
    rows = run_chain(
        Butterworth(column="current_A", output="slow", cutoff_Hz=0.05),
        Formula(output="loss", formula="power_W - 2 * current_A + voltage_V"),
        CoulombSoc(output="counted", capacity_Ah=1, initial_soc=0.8),
        Formula(output="late", formula="lag(counted, 3) + rolling_max(slow, 20)"),
        PreRoll(duration_s=10),
        data=data,
    )
    first = {name: column[10] for name, column in rows.columns.items()}
    rest = {name: column[:10] for name, column in rows.columns.items()}
    for name in ("current_A", "power_W", "slow"):
        assert np.all(rest[name] == 0.0)
    for name in ("voltage_V", "soc", "temperature_degC", "counted"):
        assert np.all(rest[name] == first[name])
    assert rest["loss"] == pytest.approx(first["voltage_V"])
    assert rest["late"] == pytest.approx(0.8)


def test_a_filter_after_the_pre_roll_includes_it() -> None:
    filter_first = run_chain(Ema(column="current_A", output="y", tau_s=20), PreRoll(duration_s=10))
    pre_roll_first = run_chain(PreRoll(duration_s=10), Ema(column="current_A", output="y", tau_s=20))
    assert filter_first.column("y")[10] == pytest.approx(filter_first.column("current_A")[10])
    share = -np.expm1(-1 / 20)
    assert pre_roll_first.column("y")[10] == pytest.approx(share * pre_roll_first.column("current_A")[10])


def test_pre_roll_is_zero_in_physical_units_and_not_scaled_zero() -> None:
    steps = complete_chain(PreRoll(duration_s=5))
    data = table(60, 1, current_A=np.linspace(2, 9, 60))
    pipeline = Pipeline.fit(steps, SIGNALS, [data])
    arrays = pipeline.apply(data)
    scale = pipeline.feature_scale
    assert arrays.physical[:5, arrays.columns.index("current_A")].tolist() == [0.0] * 5
    assert arrays.features[:5, 1] == pytest.approx((0.0 - scale.offset[1]) / scale.factor[1])
    assert abs(arrays.features[0, 1]) > 1


# --- linear interpolation


def test_linear_interpolation_is_delayed_by_one_row() -> None:
    time_s = np.arange(0.0, 60, 2.0)
    data = table(30, 0, time_s=time_s, voltage_V=3 + 0.01 * time_s)
    steps = complete_chain(resample=Resample(period_s=0.5, method="linear"))
    rows = run_steps(steps, resample_table(steps, data), data, is_training=False)[0]
    is_later = rows.time_s > 4
    assert rows.column("voltage_V")[is_later] == pytest.approx(3 + 0.01 * (rows.time_s[is_later] - 2.0), abs=1e-12)
    assert rows.column("voltage_V")[rows.time_s <= 2] == pytest.approx(3.0)


# --- compatibility with earlier versions


@pytest.mark.parametrize("index", [0, 1, 2])
def test_pipelines_of_version_1_still_give_the_same_numbers(index: int) -> None:
    case = json.loads(FIXTURE.read_text())["cases"][index]
    time_s = np.concatenate([np.arange(8.0), 100 + np.arange(0.0, 6.0, 0.5)])
    stored_pipeline = Pipeline.from_json(case["pipeline"])
    fitted_pipeline = Pipeline.fit(
        steps_of.validate_python(upgrade_record(case["steps"])), SignalsSpec(), [table(12, 1), table(15, 2)]
    )
    for pipeline in (stored_pipeline, fitted_pipeline):
        arrays = pipeline.apply(table(20, 3, time_s=time_s))
        assert arrays.time_s.tolist() == case["time_s"]
        assert list(arrays.columns) == case["columns"]
        assert arrays.physical == pytest.approx(np.array(case["physical"]), abs=1e-12)
        assert arrays.features == pytest.approx(np.array(case["features"]), abs=1e-6)
        assert arrays.target == pytest.approx(np.array(case["target"]), abs=1e-6)
        assert [[s.start, s.stop, s.scored_from] for s in arrays.segments] == case["segments"]


def test_legacy_preparation_is_reproduced(shared: Path) -> None:
    folder = shared / "legacy_examples" / "B_fnn_windows"
    columns = {"voltage_V": "Voltage", "current_A": "Current", "temperature_degC": "Temp", "soc": "SOC"}
    loaded_table = read_table(folder / "new_test_raw.csv", columns, ["voltage_V", "current_A", "power_W"])
    expected = pd.read_csv(folder / "expected_prepared.csv")
    rows = run_chain(
        Butterworth(column="power_W", output="slow", cutoff_Hz=0.02, order=2, start="zero"),
        Formula(output="mix", formula="moving_average(current_A, 30) * 2.0 - np.sqrt(np.abs(power_W))"),
        data=loaded_table,
    )
    for name, legacy_name in (("slow", "P_lowpass"), ("mix", "I_mix")):
        assert rows.column(name) == pytest.approx(expected[legacy_name].to_numpy()[: len(rows.time_s)], abs=1e-6)
