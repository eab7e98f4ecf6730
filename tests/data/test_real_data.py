"""The shared real files: read completely, identical from MAT and CSV, prepared within seconds."""

from pathlib import Path

import numpy as np
import pytest

from vestim_core.data.checks import CheckedFile, check_set, check_table
from vestim_core.data.data_files import find_files
from vestim_core.data.pipeline import resample_table
from vestim_core.data.prepare_data import prepare
from vestim_core.data.readers import load_table, read_table
from vestim_core.spec.data import DataSpec
from vestim_core.spec.preparation import default_preparation
from vestim_core.spec.signals import SignalsSpec

pytestmark = pytest.mark.slow

REQUIRED_COLUMNS = ("soc", "current_A", "temperature_degC", "voltage_V")
ROWS = {
    "9_CC_CV_charge.mat": 56118,
    "10_REORDERED1.mat": 43415,
    "11_CC_CV_charge.mat": 28826,
    "12_REORDERED2.mat": 32035,
    "13_CC_CV_charge.mat": 28409,
    "14_REORDERED3.mat": 32636,
    "15_CC_CV_charge.mat": 28081,
    "16_REORDERED4.mat": 34208,
    "18_REORDERED5.csv": 33426,
    "18_REORDERED5.mat": 33426,
    "25_CC_CV_charge.mat": 18259,
    "29_CC_CV_charge.mat": 17194,
}


@pytest.fixture
def cells(shared: Path) -> Path:
    return shared / "data" / "tesla_m80"


def test_every_file_is_read_completely(cells: Path) -> None:
    tables = [read_table(path, {}, REQUIRED_COLUMNS) for path in find_files([str(cells)])]
    assert {table.name: table.rows for table in tables} == ROWS
    assert [table.name for table in tables] == list(ROWS)
    assert all(finding.severity == "info" for table in tables for finding in table.findings)


def test_mat_and_csv_of_one_test_agree(cells: Path) -> None:
    mat, csv = (read_table(cells / f"18_REORDERED5{kind}", {}, REQUIRED_COLUMNS) for kind in (".mat", ".csv"))
    for name, values in mat.columns.items():
        assert csv.columns[name] == pytest.approx(values, abs=1e-9)


def test_a_block_within_two_milliseconds_adds_no_time_and_no_spike(cells: Path) -> None:
    table = read_table(cells / "9_CC_CV_charge.mat", {}, REQUIRED_COLUMNS)
    rows = resample_table(default_preparation(), table)
    assert len(rows.time_s) == int(table.columns["time_s"][-1])
    assert len(rows.segments) == 1
    for name in REQUIRED_COLUMNS:
        assert table.columns[name].min() - 1e-9 <= rows.column(name).min()
        assert rows.column(name).max() <= table.columns[name].max() + 1e-9


def test_the_suggested_split_is_prepared(cells: Path, tmp_path: Path) -> None:
    drives = ("10_REORDERED1.mat", "12_REORDERED2.mat", "14_REORDERED3.mat", "16_REORDERED4.mat")
    train = [str(cells / name) for name in drives]
    data = DataSpec(train=train, validation=[str(cells / "18_REORDERED5.mat")])
    prepared = prepare(
        data, SignalsSpec(), default_preparation(), tmp_path, lambda *_: None, lambda _: None, lambda: False
    )
    scored = [
        np.concatenate([file.features[segment.scored_rows] for segment in file.segments])
        for file in prepared.files_of_role("train")
    ]
    assert np.concatenate(scored).mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-4)
    assert np.concatenate(scored).std(axis=0) == pytest.approx(np.ones(3), abs=1e-4)
    (file,) = prepared.files_of_role("validation")
    assert prepared.pipeline.inverse_target(file.target) == pytest.approx(file.column("voltage_V"), abs=1e-6)


def test_known_issues_within_files_are_found(cells: Path) -> None:
    tables = {path.stem.partition("_")[0]: load_table(path) for path in cells.glob("*.mat")}
    findings = {name: {finding.code: finding for finding in check_table(table)} for name, table in tables.items()}
    tiny_steps = findings["9"]["time.tiny_steps"]
    assert (tiny_steps.severity, tiny_steps.rows) == ("warning", (40282, 47955))
    assert "in one block 7675 rows" in tiny_steps.message
    assert findings["25"]["time.tiny_steps"].rows == (10148, 10227)
    assert findings["10"]["temperature.first_sample"].rows == (0, 0)
    assert {name for name in findings if "channel.constant" in findings[name]} == {"10", "12", "14", "18"}
    assert {"10", "12", "14", "16", "18"} <= {name for name in findings if "power.mismatch" in findings[name]}
    assert not [finding for codes in findings.values() for finding in codes.values() if finding.severity == "error"]


def test_known_issues_between_files_are_found(cells: Path) -> None:
    tables = {path.name: load_table(path) for path in cells.glob("*.mat")}
    ordered_tables = sorted(tables.values(), key=lambda table: table.start_s)
    findings = check_set([CheckedFile(table) for table in ordered_tables])
    overlaps = [finding.file.partition("_")[0] for finding in findings if finding.code == "set.overlap"]
    assert overlaps == ["9", "10", "10", "11", "11", "12", "12", "13", "13", "14", "14", "15", "15", "16"]
    assert [finding.file.partition("_")[0] for finding in findings if finding.code == "set.soc_jump"] == ["10", "12"]
    assert "set.constant_temperature" in [finding.code for finding in findings]
    leak = [
        CheckedFile(load_table(cells / "18_REORDERED5.csv"), "train"),
        CheckedFile(tables["18_REORDERED5.mat"], "test"),
    ]
    assert {finding.severity for finding in check_set(leak) if finding.code == "set.same_file_twice"} == {"error"}
