"""The shared vendor examples: every file to the truth beside it within its limits, every fault found at its rows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vestim_core.data.checks import Member, check_set
from vestim_core.data.inspection import inspect_file
from vestim_core.data.readers import load_table
from vestim_core.data.repairs import apply_repairs
from vestim_core.data.sniff import sniff
from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding
from vestim_core.spec.signals import QUANTITIES

_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "vendor_examples"
_EXPECTED: dict[str, Any] = (
    json.loads((_FOLDER / "expected.json").read_text(encoding="utf-8")) if _FOLDER.is_dir() else {}
)
_NOTES = ("sheets_joined", "fields_skipped")
clean = pytest.mark.parametrize("entry", _EXPECTED.get("files", []), ids=lambda entry: entry["path"])
faulty = pytest.mark.parametrize("entry", _EXPECTED.get("defects", []), ids=lambda entry: entry["path"])


@pytest.fixture(scope="module")
def truth() -> Any:
    return np.genfromtxt(_FOLDER / "truth.csv", delimiter=",", names=True)


def spans(finding: Finding) -> Any:
    if finding.rows is None:
        return "all"
    return [list(span) for span in (finding.spans or (finding.rows,))]


def same(table: Table, rows: np.ndarray, limits: dict[str, float], truth: Any, at: np.ndarray) -> None:
    for column, limit in limits.items():
        away = np.abs(table.columns[column][rows] - truth[column][at])
        assert away.max() <= limit * 1.0001, column


@clean
def test_a_clean_file_is_read_to_the_truth(entry: dict[str, Any], truth: Any) -> None:
    table = load_table(_FOLDER / entry["path"])
    assert (table.vendor, table.rows) == (entry["vendor"], entry["rows"])
    wrong_sign = [finding["id"] for finding in entry.get("findings_expected", [])]
    if wrong_sign:
        _, findings = inspect_file(_FOLDER / entry["path"])
        table = apply_repairs(table, [finding.repair for finding in findings if finding.repair])
    rows = np.delete(np.arange(table.rows), entry["extra_rows"])
    same(table, rows, entry["max_abs"], truth, np.arange(900))
    if "soc" not in entry["columns"]:
        assert "soc" not in table.columns
    for extra in entry.get("extra_rows_truth", []):
        for column in ("time_s", "voltage_V", "current_A", "temperature_degC"):
            limit = entry["max_abs"][column] * 1.0001
            assert table.columns[column][extra["row"]] == pytest.approx(extra[column], abs=limit)
    if table.start_s < 1e9:
        assert table.start_s == pytest.approx(entry["time"]["offset_s"], abs=1e-3)


@clean
def test_a_clean_file_raises_no_false_alarm(entry: dict[str, Any]) -> None:
    _, findings = inspect_file(_FOLDER / entry["path"])
    allowed = {*entry["findings_allowed"], *_NOTES}
    expected = [finding["id"] for finding in entry.get("findings_expected", [])]
    assert [finding.code for finding in findings if finding.code not in allowed] == expected


@clean
def test_the_columns_are_those_that_a_person_would_take(entry: dict[str, Any]) -> None:
    found = {column.name: column.header.partition(" [")[0] for column in sniff(_FOLDER / entry["path"]).columns}
    for name, header in entry["columns"].items():
        if name not in QUANTITIES and name != "step_type":
            continue
        if "from the step line" in header:
            continue  # layered files: the lines of steps are passed over
        words = header.removeprefix("meas.").replace(" with State", "").partition(" (per step)")[0]
        assert found[name] == words


@faulty
def test_each_fault_is_found_at_its_rows(entry: dict[str, Any]) -> None:
    path = _FOLDER / entry["path"]
    table, findings = inspect_file(path)
    assert (0 if table is None else table.rows) == entry["rows"]
    if "with_file" in entry and table is not None:
        other = load_table(_FOLDER / entry["with_file"])
        findings += [finding for finding in check_set([Member(table), Member(other)]) if finding.file == path.name]
    told = [(finding.code, finding.severity.value, finding.column, spans(finding)) for finding in findings]
    expected = entry["findings"]
    for wanted in expected:
        rows = wanted["rows"] or "all"
        hits = [t for t in told if t[0] == wanted["id"] and t[1] == wanted["severity"] and t[3] == rows]
        assert any(wanted.get("column") in (None, column) for _, _, column, _ in hits), (wanted["id"], told)
    allowed = {*entry["findings_allowed"], *(wanted["id"] for wanted in expected), *_NOTES}
    others = [finding.code for finding in findings if finding.code not in allowed and finding.severity != "info"]
    assert others == []


@faulty
def test_the_proposed_repair_gives_the_truth_back(entry: dict[str, Any], truth: Any) -> None:
    after = entry["after_repair"]
    table, findings = inspect_file(_FOLDER / entry["path"])
    if table is None:
        assert after["rows"] == 0
        return
    if "with_file" in entry and entry["findings"][0]["id"] == "set.overlap":
        other = load_table(_FOLDER / entry["with_file"])
        findings = [finding for finding in check_set([Member(table), Member(other)]) if finding.file == table.name]
    loaded = load_table(_FOLDER / entry["path"])
    repaired = apply_repairs(loaded, [finding.repair for finding in findings if finding.repair])
    at = np.concatenate([np.arange(a, b + 1) for a, b in after.get("truth_rows", [[0, 899]])])
    for first, last in after.get("rows_not_compared", []):
        at = np.setdiff1d(at, np.arange(first, last + 1))  # cut out here; marking them is the other way
    assert repaired.rows == len(at)
    limits = dict(after["max_abs"])
    shift_s = loaded.start_s + repaired.columns["time_s"] - truth["time_s"][at]
    assert np.abs(shift_s).max() <= limits.pop("time_s") * 1.0001
    skipped = {(cell["truth_row"], cell["column"]) for cell in after.get("cells_not_compared", [])}
    for column in limits:
        rows = np.array([row for row in range(len(at)) if (int(at[row]), column) not in skipped])
        same(repaired, rows, {column: limits[column]}, truth, at[rows])
