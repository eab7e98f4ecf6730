"""Every vendor's format is recognized and read to the same values, and a user's own vendor file takes precedence."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.vendor_formats import ROWS, TRUTH, VENDOR_FORMATS, maccor, plain, rows
from vestim_core.data.checks import check_table
from vestim_core.data.file_summary import header_signature, sniff
from vestim_core.data.readers import load_table, read_table
from vestim_core.data.vendors import vendors
from vestim_core.spec.errors import VestimError

LIMITS = {"time_s": 2e-4, "voltage_V": 1e-6, "current_A": 1e-6, "temperature_degC": 1e-6, "soc": 1e-6}
ALLOWED_CODES = ("sheets_joined", "fields_skipped", "time.duplicates", "time.tiny_steps")


@pytest.mark.parametrize("format_name", VENDOR_FORMATS)
def test_every_vendor_format_is_read_correctly(tmp_path: Path, format_name: str) -> None:
    name, vendor, write = VENDOR_FORMATS[format_name]
    table = read_table(write(tmp_path / name), {}, ["voltage_V", "current_A", "temperature_degC"], ["soc", "step"])
    assert (table.vendor, bool(table.vendor_evidence)) == (vendor, True)
    rows_read = np.array([int(np.argmin(np.abs(table.columns["time_s"] - t))) for t in TRUTH["time_s"]])
    assert ROWS <= table.rows <= ROWS + 1
    for column, limit in LIMITS.items():
        if column in table.columns:
            assert table.columns[column][rows_read] == pytest.approx(TRUTH[column], abs=limit), column


@pytest.mark.parametrize("format_name", VENDOR_FORMATS)
def test_no_vendor_format_raises_a_false_alarm(tmp_path: Path, format_name: str) -> None:
    name, _, write = VENDOR_FORMATS[format_name]
    findings = check_table(load_table(write(tmp_path / name)))
    assert [finding.code for finding in findings if finding.code not in ALLOWED_CODES] == []


@pytest.mark.parametrize("format_name", VENDOR_FORMATS)
def test_sniffing_agrees_with_reading(tmp_path: Path, format_name: str) -> None:
    name, vendor, write = VENDOR_FORMATS[format_name]
    path = write(tmp_path / name)
    summary, table = sniff(path), load_table(path)
    assert summary.vendor == vendor
    assert 0.7 * table.rows < summary.rows < 1.3 * table.rows
    assert {column.name: column.header for column in summary.columns} == dict(table.sources)
    assert set(summary.missing) == {name for name in ("soc",) if name not in table.columns}


def test_units_are_reported_as_the_file_writes_them(tmp_path: Path) -> None:
    lines = ["Time [Min],I/mA,Ecell/V,Temp (°C)"] + [f"{t},{i},{v},{x}" for t, v, i, x, _ in rows()]
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    units = {column.name: (column.unit, column.factor) for column in sniff(tmp_path / "a.csv").columns}
    assert units["time_s"] == ("Min", 60.0)
    assert (units["current_A"], units["voltage_V"]) == (("mA", 1e-3), ("V", 1.0))
    assert units["temperature_degC"] == ("°C", 1.0)
    hidden = {column.header: column.unit for column in sniff(maccor(tmp_path / "a.txt")).columns}
    assert hidden["mAmps"] == "mA"


def test_a_mapping_is_proposed_and_remembered_by_signature(tmp_path: Path) -> None:
    lines = ["Zeit;Spannung;Strom"] + [f"{t};{v};{i}" for t, v, i, _, _ in rows()]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    first = sniff(path)
    assert first.missing == ("time_s", "voltage_V", "current_A", "temperature_degC", "soc")
    second = sniff(path, {"time_s": "Zeit", "voltage_V": "Spannung", "current_A": "Strom"})
    assert second.missing == ("temperature_degC", "soc")
    assert all(column.mapped for column in second.columns)
    assert first.signature == second.signature == header_signature(["Strom", "zeit", " Spannung "])
    assert first.signature != header_signature(["Strom", "Zeit", "Spannung [mV]"])
    assert second.to_json()["columns"][0]["header"] == "Zeit"


def test_a_users_vendor_file_takes_precedence(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.csv")
    folder = tmp_path / "vendors"
    folder.mkdir()
    (folder / "ours.toml").write_text(
        'name = "ours"\n[recognize]\nheaders = [["Timestamp", "SOC", "Temp"]]\n[current]\npositive = "discharge"\n',
        encoding="utf-8",
    )
    table = load_table(path, extra_vendors=folder)
    assert (table.vendor, table.vendor_evidence) == ("ours", "columns Timestamp, SOC, Temp")
    assert table.columns["current_A"].tolist() == (-TRUTH["current_A"]).tolist()
    assert load_table(path).vendor == "plain"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = 'x'", "has no name"),
        ("name = 'x'\n[colums]\n", "has [colums]"),
        ("name = 'x'\n[columns]\nvolts = ['U']", "has volts in [columns]"),
        ("name = ", "cannot be read"),
    ],
)
def test_an_invalid_vendor_file_is_rejected(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(VestimError, match=r"x\.toml") as error_info:
        vendors(tmp_path)
    assert expected in error_info.value.message


def test_all_built_in_vendors_are_covered() -> None:
    names = [vendor.name for vendor in vendors()]
    assert names[-1] == "plain"
    assert {vendor for _, vendor, _ in VENDOR_FORMATS.values()} == set(names)
