"""Bins, worst stretches and curves, against plain loops over the rows."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.synthetic import small_set
from vestim_core.data.prepared_set import PreparedFile, Segment
from vestim_core.evaluation.bins import EDGES, bin_indices, metrics_by_bin
from vestim_core.evaluation.error_curves import error_over_soc, error_over_time
from vestim_core.evaluation.evaluation_report import examine
from vestim_core.evaluation.metrics import error_metrics
from vestim_core.evaluation.worst_stretches import MAX_STRETCHES, find_worst_stretches

_FILE = small_set(130).files[0]
columns = st.sampled_from(sorted(EDGES))
values = st.lists(st.floats(-60, 120, width=32) | st.just(float("nan")), max_size=50)
noise = st.lists(st.floats(-1, 1, width=32) | st.just(float("nan")), min_size=1, max_size=200)


@given(name=columns, values=values)
@settings(deadline=None)
def test_every_row_with_a_value_is_in_exactly_one_bin(name: str, values: list[float]) -> None:
    bin_values = np.array(values)
    error = np.arange(len(bin_values)) / 100.0
    target = np.cos(error)
    (records,) = metrics_by_bin({name: bin_indices(name, bin_values)}, target, error, "voltage_V").values()
    sizes = np.abs(bin_values) if name == "current_A" else bin_values
    assert sum(record["rows"] for record in records) == np.isfinite(bin_values).sum()
    for record in records:
        low = -np.inf if record["from"] is None else record["from"]
        high = np.inf if record["to"] is None else record["to"]
        is_in_bin = (sizes >= low) & (sizes < high)
        if name == "soc" and high == 1.0:
            is_in_bin |= sizes == 1.0
        elif name == "soc" and low == 1.0:
            is_in_bin &= sizes > 1.0
        assert record["rows"] == is_in_bin.sum() > 0
        expected = error_metrics(target[is_in_bin], target[is_in_bin] + error[is_in_bin], "voltage_V")
        for metric in expected:
            if metric != "r2":
                assert record[metric] == pytest.approx(expected[metric], abs=1e-9)


def _file(rows: int, cuts: list[int]) -> PreparedFile:
    """A file of `rows` rows in segments that end at `cuts`; only its time matters."""
    borders = sorted({0, rows, *(cut for cut in cuts if cut < rows)})
    segments = tuple(Segment(start, stop, min(start + 2, stop - 1)) for start, stop in pairwise(borders))
    return replace(_FILE, time_s=np.arange(rows) * 10.0, physical=np.ones((rows, 5)), segments=segments)


@given(noise=noise, cuts=st.lists(st.integers(1, 199), max_size=4))
@settings(deadline=None)
def test_worst_stretches_match_an_exhaustive_search(noise: list[float], cuts: list[int]) -> None:
    error, file = np.array(noise), _file(len(noise), cuts)
    squares = np.nan_to_num(error**2)
    candidates = [
        (start, min(start + 6, segment.stop))
        for segment in file.segments
        for start in range(segment.scored_from, max(segment.stop - 6, segment.scored_from) + 1)
    ]
    stretches = find_worst_stretches(file, error, "voltage_V", 10.0)
    assert len(stretches) <= MAX_STRETCHES
    for stretch in stretches:
        start, stop = round(stretch["from_s"] / 10), round(stretch["to_s"] / 10) + 1
        assert (start, stop) in candidates
        assert squares[start:stop].sum() == pytest.approx(
            max(squares[a:b].sum() for a, b in candidates), rel=1e-6, abs=1e-9
        )
        compared = error[start:stop][np.isfinite(error[start:stop])]
        assert stretch["rmse_mV"] == pytest.approx(1e3 * np.sqrt(np.mean(compared**2)))
        candidates = [(a, b) for a, b in candidates if b <= start or a >= stop]
    if len(stretches) < MAX_STRETCHES:
        assert all(squares[a:b].sum() < 1e-9 for a, b in candidates)


@given(noise=noise.map(lambda errors: [error for error in errors if error == error]))
@settings(deadline=None)
def test_curves_hold_every_row_once(noise: list[float]) -> None:
    error = np.array(noise)
    soc = np.abs(error)
    curve = error_over_soc(soc, error, "voltage_V")
    assert sum(curve["rows"]) == len(error)
    if len(error):
        squares = sum(rows * rmse**2 for rows, rmse in zip(curve["rows"], curve["rmse_mV"], strict=True))
        assert squares == pytest.approx(1e6 * np.sum(error**2), rel=1e-6, abs=1e-9)
        for checked_curve in (curve, error_over_time(np.arange(len(error)), error, "voltage_V")):
            assert max(np.abs(checked_curve["max_mV"])) == pytest.approx(1e3 * np.max(np.abs(error)))


def test_a_curve_over_a_long_file_is_bounded() -> None:
    error = np.linspace(-1, 1, 123_457)
    curve = error_over_time(np.arange(123_457.0), error, "soc")
    assert {len(part) for part in curve.values()} == {500}
    assert curve["time_s"] == sorted(curve["time_s"])
    assert curve["max_percent"][0] == -100.0


def test_a_file_of_one_row_has_all_figures_but_r2() -> None:
    file = replace(_FILE, segments=(Segment(100, 101, 100),))
    predicted = file.column("voltage_V") + 0.005
    result = examine(file, predicted, "voltage_V").to_json()
    assert result["rows"] == 1
    assert [round(result[name], 6) for name in ("rmse_mV", "p95_mV", "p99_mV", "bias_mV")] == [5.0] * 4
    assert result["r2"] is None
