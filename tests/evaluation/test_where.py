"""Where a model fails: bins, worst stretches and curves, against plain loops over the rows."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.synthetic import small_set
from vestim_core.data.prepared import PreparedFile, Segment
from vestim_core.evaluation.bins import EDGES, by_bin, codes_of
from vestim_core.evaluation.curves import against_soc, against_time
from vestim_core.evaluation.metrics import errors
from vestim_core.evaluation.report import examine
from vestim_core.evaluation.worst import MAX_STRETCHES, worst_stretches

_FILE = small_set(130).files[0]
columns = st.sampled_from(sorted(EDGES))
values = st.lists(st.floats(-60, 120, width=32) | st.just(float("nan")), max_size=50)
noise = st.lists(st.floats(-1, 1, width=32) | st.just(float("nan")), min_size=1, max_size=200)


@given(name=columns, values=values)
@settings(deadline=None)
def test_every_row_with_a_value_is_in_the_one_bin_that_holds_it(name: str, values: list[float]) -> None:
    around = np.array(values)
    error = np.arange(len(around)) / 100.0
    target = np.cos(error)
    (records,) = by_bin({name: codes_of(name, around)}, target, error, "voltage_V").values()
    counted = np.abs(around) if name == "current_A" else around
    assert sum(record["rows"] for record in records) == np.isfinite(around).sum()
    for record in records:
        low = -np.inf if record["from"] is None else record["from"]
        high = np.inf if record["to"] is None else record["to"]
        inside = (counted >= low) & (counted < high)
        if name == "soc" and high == 1.0:
            inside |= counted == 1.0
        elif name == "soc" and low == 1.0:
            inside &= counted > 1.0
        assert record["rows"] == inside.sum() > 0
        expected = errors(target[inside], target[inside] + error[inside], "voltage_V")
        for metric in expected:
            if metric != "r2":
                assert record[metric] == pytest.approx(expected[metric], abs=1e-9)


def _file(rows: int, cuts: list[int]) -> PreparedFile:
    """`rows` rows in segments that end at `cuts`, nothing but the time being of interest."""
    borders = sorted({0, rows, *(cut for cut in cuts if cut < rows)})
    segments = tuple(Segment(start, stop, min(start + 2, stop - 1)) for start, stop in pairwise(borders))
    return replace(_FILE, time_s=np.arange(rows) * 10.0, physical=np.ones((rows, 5)), segments=segments)


@given(noise=noise, cuts=st.lists(st.integers(1, 199), max_size=4))
@settings(deadline=None)
def test_the_worst_stretches_are_those_that_a_search_through_all_finds(noise: list[float], cuts: list[int]) -> None:
    error, file = np.array(noise), _file(len(noise), cuts)
    squares = np.nan_to_num(error**2)
    left = [
        (start, min(start + 6, segment.stop))
        for segment in file.segments
        for start in range(segment.scored_from, max(segment.stop - 6, segment.scored_from) + 1)
    ]
    found = worst_stretches(file, error, "voltage_V", 10.0)
    assert len(found) <= MAX_STRETCHES
    for stretch in found:
        start, stop = round(stretch["from_s"] / 10), round(stretch["to_s"] / 10) + 1
        assert (start, stop) in left
        assert squares[start:stop].sum() == pytest.approx(max(squares[a:b].sum() for a, b in left), rel=1e-6, abs=1e-9)
        compared = error[start:stop][np.isfinite(error[start:stop])]
        assert stretch["rmse_mV"] == pytest.approx(1e3 * np.sqrt(np.mean(compared**2)))
        left = [(a, b) for a, b in left if b <= start or a >= stop]
    if len(found) < MAX_STRETCHES:
        assert all(squares[a:b].sum() < 1e-9 for a, b in left)


@given(noise=noise.map(lambda given: [value for value in given if value == value]))
@settings(deadline=None)
def test_curves_hold_every_row_once(noise: list[float]) -> None:
    error = np.array(noise)
    soc = np.abs(error)
    curve = against_soc(soc, error, "voltage_V")
    assert sum(curve["rows"]) == len(error)
    if len(error):
        squares = sum(rows * rmse**2 for rows, rmse in zip(curve["rows"], curve["rmse_mV"], strict=True))
        assert squares == pytest.approx(1e6 * np.sum(error**2), rel=1e-6, abs=1e-9)
        for each in (curve, against_time(np.arange(len(error)), error, "voltage_V")):
            assert max(np.abs(each["max_mV"])) == pytest.approx(1e3 * np.max(np.abs(error)))


def test_a_curve_over_a_long_file_is_bounded() -> None:
    error = np.linspace(-1, 1, 123_457)
    curve = against_time(np.arange(123_457.0), error, "soc")
    assert {len(part) for part in curve.values()} == {500}
    assert curve["time_s"] == sorted(curve["time_s"])
    assert curve["max_percent"][0] == -100.0


def test_a_file_of_one_row() -> None:
    file = replace(_FILE, segments=(Segment(100, 101, 100),))
    predicted = file.column("voltage_V") + 0.005
    result = examine(file, predicted, "voltage_V").to_json()
    assert result["rows"] == 1
    assert [round(result[name], 6) for name in ("rmse_mV", "p95_mV", "p99_mV", "bias_mV")] == [5.0] * 4
    assert result["r2"] is None
