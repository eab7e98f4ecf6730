"""Streaming equals batch within 1e-9, sample by sample, for every step and for random chains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.step_chains import FORMULAS, SIGNALS, STEP_KINDS, chains, complete_chain, irregular_table
from vestim_core.data.pipeline import Pipeline, resample_table, run_steps
from vestim_core.data.streaming import PipelineStream, StreamedRow
from vestim_core.data.table import Table
from vestim_core.spec.errors import VestimError
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
)

TOLERANCE = 1e-9  # relative to the column's largest value, at least 1; float64 rounding over a chain of steps
SINGLE_STEP_CHAINS: list[list[Any]] = [
    [],
    [Butterworth(column="current_A", output="a", cutoff_Hz=0.05, order=4)],
    [Butterworth(column="current_A", output="a", cutoff_Hz=0.05, order=3, start="zero")],
    [Ema(column="voltage_V", output="a", tau_s=12)],
    [MovingAverage(column="current_A", output="a", window_s=7)],
    [MovingAverage(column="current_A", output="a", window_s=25)],
    [SavitzkyGolay(column="current_A", output="a", window_s=11, polynomial=2)],
    *[[Formula(output="a", formula=formula, seed=3)] for formula in FORMULAS],
    [CoulombSoc(column="current_A", output="a", capacity_Ah=2, efficiency=0.99)],
    [CoulombSoc(column="current_A", output="a", capacity_Ah=2, start_column="soc")],
    [Augment(column="current_A", offset=1, gain_percent=2, noise=0.1)],
    [Augment(column="current_A", noise=0.1, noise_shape="uniform", quantum=0.01)],
    [PreRoll(duration_s=7)],
    [Ema(column="current_A", output="a"), PreRoll(duration_s=7, rows="first")],
    [PreRoll(duration_s=5), Ema(column="current_A", output="a"), PreRoll(duration_s=7, rows="first")],
    [Ema(column="current_A", output="a"), PreRoll(duration_s=7)],
    [PreRoll(duration_s=7), Ema(column="current_A", output="a")],
]


def stream_rows(pipeline: Pipeline, table: Table, *, training: bool) -> list[StreamedRow]:
    stream = PipelineStream(pipeline, table.sha256, is_training=training)
    names = [name for name in table.columns if name != "time_s"]
    rows: list[StreamedRow] = []
    for row, time_s in enumerate(table.columns["time_s"].tolist()):
        rows += stream.push(time_s, {name: float(table.columns[name][row]) for name in names})
    return rows + stream.finish()


def assert_stream_equals_batch(steps: Sequence[Step], table: Table, *, training: bool) -> None:
    training_tables = [irregular_table(60, 1, None), irregular_table(60, 2, None)]
    pipeline = Pipeline.fit(steps, SIGNALS, training_tables)
    batch = pipeline.scale(run_steps(steps, resample_table(steps, table), table, is_training=training)[0])
    rows = stream_rows(pipeline, table, training=training)
    assert len(rows) == len(batch.time_s)
    assert [row.time_s for row in rows] == pytest.approx(batch.time_s.tolist(), abs=TOLERANCE)
    physical = np.array([[row.physical[name] for name in batch.columns] for row in rows])
    scale = np.maximum(np.abs(batch.physical).max(axis=0), 1.0)
    assert np.all(np.abs(physical - batch.physical) <= TOLERANCE * scale)
    assert np.array([row.features for row in rows]) == pytest.approx(batch.features, abs=1e-6)  # float32
    assert [index for index, row in enumerate(rows) if row.starts_segment] == [s.start for s in batch.segments]
    is_scored = np.zeros(len(rows), bool)
    for segment in batch.segments:
        is_scored[segment.scored_rows] = True
    assert [row.is_scored for row in rows] == is_scored.tolist()


@pytest.mark.parametrize(
    "middle", SINGLE_STEP_CHAINS, ids=lambda middle: "+".join(step.step for step in middle) or "none"
)
@pytest.mark.parametrize("method", ["mean", "linear"])
def test_each_step_streams_like_the_batch(middle: list[Any], method: Any) -> None:
    assert_stream_equals_batch(
        complete_chain(*middle, resample=Resample(method=method)), irregular_table(), training=True
    )


def test_every_kind_of_step_is_covered() -> None:
    covered_kinds = {type(step) for middle in SINGLE_STEP_CHAINS for step in middle} | {Resample, Normalize}
    assert covered_kinds == set(STEP_KINDS)


@pytest.mark.parametrize("period_s", [0.5, 1.0, 4.0])
def test_rows_on_the_grid_and_rests_stream_like_the_batch(period_s: float) -> None:
    current_A = np.where(np.arange(80) % 40 < 20, np.linspace(-3, 2.9, 80), 0.0)
    table = irregular_table(80, 1, None, time_s=np.arange(80.0), current_A=current_A)
    rest_formula = Formula(output="a", formula="where(current_A == 0, 100, current_A)")
    assert_stream_equals_batch(
        complete_chain(rest_formula, resample=Resample(period_s=period_s)), table, training=False
    )


@pytest.mark.slow
@given(chains(), st.integers(3, 9), st.integers(10, 120), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_chains_stream_like_the_batch(steps: list[Step], seed: int, rows: int, training: bool) -> None:
    assert_stream_equals_batch(steps, irregular_table(rows, seed, rows // 2), training=training)


@given(chains(), st.integers(20, 79))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_later_rows_do_not_change_earlier_values(steps: list[Step], cut: int) -> None:
    table = irregular_table(80, 5, None)
    values = {name: column.copy() for name, column in table.columns.items()}
    for name, column in values.items():
        column[cut:] = column[cut:] + 7.0 if name == "time_s" else column[cut:] * 1.5 + 1.0
    changed_table = irregular_table(80, 5, None, **values)
    original_rows, _ = run_steps(steps, resample_table(steps, table), table, is_training=True)
    changed_rows, _ = run_steps(steps, resample_table(steps, changed_table), changed_table, is_training=True)
    until_s = table.columns["time_s"][cut]  # an unresampled row has its own, changed value
    is_unresampled = isinstance(steps[0], Resample) and steps[0].method == "rows"
    count = int(np.sum(original_rows.time_s < until_s if is_unresampled else original_rows.time_s <= until_s))
    for name in original_rows.columns:
        scale = max(1.0, float(np.abs(original_rows.column(name)).max()))
        assert changed_rows.column(name)[:count] == pytest.approx(
            original_rows.column(name)[:count], abs=TOLERANCE * scale
        )


def test_a_stream_needs_no_target() -> None:
    steps = complete_chain(Ema(column="current_A", output="slow"))
    pipeline = Pipeline.fit(steps, SIGNALS, [irregular_table(60, 1, None)])
    stream = PipelineStream(pipeline)
    assert stream.push(0.0, {"soc": 0.5, "current_A": 1.0}) == []
    (row,) = stream.push(1.0, {"soc": 0.5, "current_A": -1.0})
    assert (row.physical["slow"], row.starts_segment, row.is_scored) == (1.0, True, True)


def test_a_stream_reports_where_a_formula_has_no_value() -> None:
    steps = complete_chain(Formula(output="ratio", formula="voltage_V / current_A"))
    pipeline = Pipeline.fit(steps, SIGNALS, [irregular_table(60, 1, None)])
    stream = PipelineStream(pipeline)
    stream.push(0.0, {"soc": 0.5, "current_A": 0.0, "voltage_V": 3.0})
    with pytest.raises(VestimError, match=r"Step 2 has no value at 1 s: division by zero at character 11"):
        stream.push(1.0, {"soc": 0.5, "current_A": 1.0, "voltage_V": 3.0})
