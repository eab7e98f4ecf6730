"""The shared vendor examples: every file matches its truth within its limits, every defect is found at its rows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vestim_core.data.checks import CheckedFile, check_set
from vestim_core.data.file_inspection import inspect_file
from vestim_core.data.file_summary import sniff
from vestim_core.data.readers import load_table
from vestim_core.data.repairs import apply_repairs
from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding
from vestim_core.spec.signals import QUANTITIES

# examples shared by all checkouts, next to the repository
_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "vendor_examples"
_EXPECTED: dict[str, Any] = (
    json.loads((_FOLDER / "expected.json").read_text(encoding="utf-8")) if _FOLDER.is_dir() else {}
)
_ALLOWED_CODES = ("sheets_joined", "fields_skipped")
clean = pytest.mark.parametrize("entry", _EXPECTED.get("files", []), ids=lambda entry: entry["path"])
defective = pytest.mark.parametrize("entry", _EXPECTED.get("defects", []), ids=lambda entry: entry["path"])


@pytest.fixture(scope="module")
def truth() -> Any:
    return np.genfromtxt(_FOLDER / "truth.csv", delimiter=",", names=True)


def span_lists(finding: Finding) -> Any:
    if finding.rows is None:
        return "all"
    return [list(span) for span in (finding.spans or (finding.rows,))]


def assert_within_limits(
    table: Table, rows: np.ndarray, limits: dict[str, float], truth: Any, truth_rows: np.ndarray
) -> None:
    for column, limit in limits.items():
        deviations = np.abs(table.columns[column][rows] - truth[column][truth_rows])
        assert deviations.max() <= limit * 1.0001, column


@clean
def test_a_clean_file_is_read_correctly(entry: dict[str, Any], truth: Any) -> None:
    table = load_table(_FOLDER / entry["path"])
    assert (table.vendor, table.rows) == (entry["vendor"], entry["rows"])
    expected_codes = [finding["id"] for finding in entry.get("findings_expected", [])]
    if expected_codes:
        _, findings = inspect_file(_FOLDER / entry["path"])
        table = apply_repairs(table, [finding.repair for finding in findings if finding.repair])
    rows = np.delete(np.arange(table.rows), entry["extra_rows"])
    assert_within_limits(table, rows, entry["max_abs"], truth, np.arange(900))
    if "soc" not in entry["columns"]:
        assert "soc" not in table.columns
    for extra_row in entry.get("extra_rows_truth", []):
        for column in ("time_s", "voltage_V", "current_A", "temperature_degC"):
            limit = entry["max_abs"][column] * 1.0001
            assert table.columns[column][extra_row["row"]] == pytest.approx(extra_row[column], abs=limit)
    if table.start_s < 1e9:
        assert table.start_s == pytest.approx(entry["time"]["offset_s"], abs=1e-3)


@clean
def test_a_clean_file_raises_no_false_alarm(entry: dict[str, Any]) -> None:
    _, findings = inspect_file(_FOLDER / entry["path"])
    allowed_codes = {*entry["findings_allowed"], *_ALLOWED_CODES}
    expected = [finding["id"] for finding in entry.get("findings_expected", [])]
    assert [finding.code for finding in findings if finding.code not in allowed_codes] == expected


@clean
def test_the_expected_columns_are_recognized(entry: dict[str, Any]) -> None:
    headers = {column.name: column.header.partition(" [")[0] for column in sniff(_FOLDER / entry["path"]).columns}
    for name, header in entry["columns"].items():
        if name not in QUANTITIES and name != "step_type":
            continue
        if "from the step line" in header:
            continue  # lines of steps in layered files are skipped
        expected = header.removeprefix("meas.").replace(" with State", "").partition(" (per step)")[0]
        assert headers[name] == expected


@defective
def test_each_defect_is_found_at_its_rows(entry: dict[str, Any]) -> None:
    path = _FOLDER / entry["path"]
    table, findings = inspect_file(path)
    assert (0 if table is None else table.rows) == entry["rows"]
    if "with_file" in entry and table is not None:
        other_table = load_table(_FOLDER / entry["with_file"])
        findings += [
            finding
            for finding in check_set([CheckedFile(table), CheckedFile(other_table)])
            if finding.file == path.name
        ]
    facts = [(finding.code, finding.severity.value, finding.column, span_lists(finding)) for finding in findings]
    expected = entry["findings"]
    for expectation in expected:
        rows = expectation["rows"] or "all"
        hits = [
            fact
            for fact in facts
            if fact[0] == expectation["id"] and fact[1] == expectation["severity"] and fact[3] == rows
        ]
        assert any(expectation.get("column") in (None, column) for _, _, column, _ in hits), (expectation["id"], facts)
    allowed_codes = {*entry["findings_allowed"], *(expectation["id"] for expectation in expected), *_ALLOWED_CODES}
    unexpected_codes = [
        finding.code for finding in findings if finding.code not in allowed_codes and finding.severity != "info"
    ]
    assert unexpected_codes == []


@defective
def test_the_proposed_repair_restores_the_truth(entry: dict[str, Any], truth: Any) -> None:
    expected = entry["after_repair"]
    table, findings = inspect_file(_FOLDER / entry["path"])
    if table is None:
        assert expected["rows"] == 0
        return
    if "with_file" in entry and entry["findings"][0]["id"] == "set.overlap":
        other_table = load_table(_FOLDER / entry["with_file"])
        findings = [
            finding
            for finding in check_set([CheckedFile(table), CheckedFile(other_table)])
            if finding.file == table.name
        ]
    loaded_table = load_table(_FOLDER / entry["path"])
    repaired_table = apply_repairs(loaded_table, [finding.repair for finding in findings if finding.repair])
    truth_rows = np.concatenate([np.arange(a, b + 1) for a, b in expected.get("truth_rows", [[0, 899]])])
    for first, last in expected.get("rows_not_compared", []):
        truth_rows = np.setdiff1d(truth_rows, np.arange(first, last + 1))  # dropped by this repair
    assert repaired_table.rows == len(truth_rows)
    limits = dict(expected["max_abs"])
    shift_s = loaded_table.start_s + repaired_table.columns["time_s"] - truth["time_s"][truth_rows]
    assert np.abs(shift_s).max() <= limits.pop("time_s") * 1.0001
    skipped_cells = {(cell["truth_row"], cell["column"]) for cell in expected.get("cells_not_compared", [])}
    for column in limits:
        rows = np.array([row for row in range(len(truth_rows)) if (int(truth_rows[row]), column) not in skipped_cells])
        assert_within_limits(repaired_table, rows, {column: limits[column]}, truth, truth_rows[rows])
