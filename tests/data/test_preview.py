"""Reduced curves for plotting, and BDF files written and read back."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.data.samples import table
from tests.data.vendor_formats import plain
from vestim_core.data.bdf import write_bdf
from vestim_core.data.preview import preview
from vestim_core.data.readers import load_table
from vestim_core.data.table import Table
from vestim_core.spec.errors import VestimError


def test_a_spike_of_one_row_is_kept() -> None:
    values = np.sin(np.arange(1_000_000) / 1e4)
    values[[0, 123_456, 777_777, 999_999]] = [5, 9, -9, 7]
    columns = {"time_s": np.arange(1_000_000.0), "soc": values}
    long_table = Table(Path("long.csv"), "long.csv", "0" * 64, columns)
    curve = preview(long_table, ["soc"], 1000)["columns"]["soc"]
    assert len(curve["value"]) <= 1000
    assert {0, 123_456, 777_777, 999_999} <= set(curve["row"])
    assert curve["row"] == sorted(curve["row"])
    assert curve["value"] == values[curve["row"]].tolist()


def test_short_tables_are_complete_and_gaps_are_none() -> None:
    values = np.arange(50.0)
    values[10:20] = np.nan
    curves = preview(table(50, soc=values), ["soc", "voltage_V"], 100)
    assert curves["columns"]["soc"]["value"][9:21] == [9.0, *[None] * 10, 20.0]
    assert json.loads(json.dumps(curves)) == curves
    curve = preview(table(50, soc=values), ["soc"], 20)["columns"]["soc"]
    assert None in curve["value"]


def test_unknown_columns_and_too_many_points_are_rejected() -> None:
    with pytest.raises(VestimError, match="has no column power_W"):
        preview(table(), ["power_W"])
    with pytest.raises(ValueError, match="between 4 and 20000"):
        preview(table(), ["soc"], 20_001)


def test_bdf_is_read_back_within_rounding(tmp_path: Path) -> None:
    original = table(200)
    write_bdf(original, tmp_path / "new" / "a.bdf.csv")
    restored_table = load_table(tmp_path / "new" / "a.bdf.csv")
    assert restored_table.vendor == "bdf"
    assert set(restored_table.columns) == set(original.columns)
    for name, values in original.columns.items():
        assert restored_table.columns[name] == pytest.approx(values, rel=1e-14, abs=1e-14)


def test_bdf_keeps_dates_gaps_and_existing_files(tmp_path: Path) -> None:
    dated_table = load_table(plain(tmp_path / "a.csv"))
    dated_table.columns["soc"][3] = np.nan
    path = tmp_path / "a.bdf.csv"
    write_bdf(dated_table, path)
    assert path.read_text(encoding="utf-8").startswith("Test Time / s,Unix Time / s,Voltage / V,Current / A,")
    assert np.flatnonzero(np.isnan(load_table(path).columns["soc"])).tolist() == [3]
    content = path.read_bytes()
    with pytest.raises(VestimError, match="is there already"):
        write_bdf(dated_table, path)
    assert path.read_bytes() == content
    write_bdf(dated_table, path, overwrite=True)
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []
