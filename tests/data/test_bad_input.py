"""Invalid data gives one message that names the file; nothing crashes, hangs or exhausts the memory."""

import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.samples import HEADER, csv_text, rows
from tests.data.samples import table as sample_table
from tests.data.vendor_formats import VENDOR_FORMATS, biologic, matlab_hdf5, plain, stla, xlsx
from vestim_core.data.checks import CheckedFile, check_set, check_table
from vestim_core.data.data_files import distinct_names
from vestim_core.data.file_inspection import inspect_file
from vestim_core.data.file_summary import sniff
from vestim_core.data.preview import preview
from vestim_core.data.readers import load_table
from vestim_core.data.readers.archive import MAX_UNPACKED_BYTES
from vestim_core.spec.errors import VestimError

SLOW = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def error_message(path: Path) -> str:
    with pytest.raises(VestimError) as error_info:
        load_table(path)
    assert path.name in error_info.value.message
    assert "\n" not in error_info.value.message
    return error_info.value.message


@pytest.mark.parametrize("ending", [".csv", ".txt", ".mpt", ".mat", ".xlsx", ".xls", ".parquet", ".nda", ".ndax"])
@pytest.mark.parametrize("content", [b"", b"\x00" * 4000, os.urandom(5000), b"PK\x03\x04" + b"x" * 300])
def test_garbage_with_every_suffix_is_rejected(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"cell{ending}"
    path.write_bytes(content)
    error_message(path)
    with pytest.raises(VestimError):
        sniff(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.res", "in MITS Pro export it as CSV or XLSX"),
        ("a.mpr", "export it as text (.mpt)"),
        ("a.pdf", "cannot be read: Vestim reads .csv"),
    ],
)
def test_unsupported_formats_name_the_export(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / name).write_bytes(b"1")
    assert expected in error_message(tmp_path / name)


def test_a_missing_optional_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_import_error(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", raise_import_error)
    for name, extra in (("a.parquet", "vestim[parquet]"), ("a.ndax", "vestim[neware]")):
        (tmp_path / name).write_bytes(b"x")
        assert extra in error_message(tmp_path / name)


def test_ten_gigabytes_are_rejected_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    path.write_text(csv_text(rows(9000)), encoding="utf-8")
    with path.open("r+b") as file:
        file.truncate(10 << 30)
    message = error_message(path)
    assert "do not fit into memory" in message or "binary zeros" in message


def test_binary_zeros_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_text(rows(3000)).encode() + b"\x00" * 5000 + b"\n")
    assert "binary zeros" in error_message(path)


def test_a_zip_bomb_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestim_core.data.readers.archive.MAX_UNPACKED_BYTES", 1 << 26)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\x00" * ((1 << 26) + 1))
    assert path.stat().st_size < 1 << 20
    assert "unpacks to more than" in error_message(path)
    assert MAX_UNPACKED_BYTES == 2 << 30


def test_a_forged_archive_directory_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "liar.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"a" * (1 << 22))
    content = path.read_bytes().replace(struct.pack("<I", 1 << 22), struct.pack("<I", 100))
    path.write_bytes(content)
    assert "is damaged" in error_message(path)


def test_declared_entities_are_rejected(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "lol.xlsx", {"Sheet1": [["Time", "Voltage"], [0.0, 1.0]]})
    bomb = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><workbook>&b;</workbook>'
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/more.xml", bomb)
    assert "declares entities" in error_message(path)


def test_a_cell_in_the_last_corner_of_a_sheet_is_rejected(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "corner.xlsx", {"Sheet1": [["Time", "Voltage"], [0.0, 1.0], [1.0, 1.1]]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    corner = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content.replace(b"</sheetData>", corner))
    assert "does not fit into memory" in error_message(path)


def test_mixed_encodings_in_one_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = ["Time (s),Voltage (V),Remark", *(f"{k},3.{k:04d},ok" for k in range(4000))]
    text = "\n".join(lines).encode() + "\n4000,3.9,Prüfung\n4001,3.8,温度\n".encode("latin-1", "replace")
    path.write_bytes(text.replace(b"\n2000,3.2000,ok", "\n2000,3.2000,充电".encode("gbk")))
    table = load_table(path)
    assert (table.rows, table.columns["voltage_V"][2000]) == (4002, 3.2)


def test_two_files_of_the_same_name_are_distinguished(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "x" / "cell.csv", tmp_path / "b" / "x" / "cell.csv", tmp_path / "b" / "other.csv"]
    assert distinct_names(paths) == ["a/x/cell.csv", "b/x/cell.csv", "other.csv"]
    paths[1].parent.mkdir(parents=True)
    paths[1].write_text(csv_text() + "49.5,3.", encoding="utf-8")
    table, findings = inspect_file(paths[1], name="b/x/cell.csv")
    assert table is not None
    assert table.name == "b/x/cell.csv"
    truncated_finding = next(finding for finding in findings if finding.code == "rows.truncated")
    assert truncated_finding.message.startswith('"b/x/cell.csv" breaks off')
    assert {finding.file for finding in findings} == {"b/x/cell.csv"}
    paths[1].write_bytes(b"")
    (_, [empty]) = inspect_file(paths[1], name="b/x/cell.csv")
    assert (empty.file, empty.message) == ("b/x/cell.csv", '"b/x/cell.csv" is empty (0 bytes).')


def test_a_folder_named_like_a_file_is_rejected(tmp_path: Path) -> None:
    for name in ("a.xlsx", "a.mat", "a.parquet"):
        (tmp_path / name).mkdir()
        assert "is a folder" in error_message(tmp_path / name)


def test_hdf5_with_a_forged_size_is_rejected(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        file.create_dataset("Time", shape=(1 << 36,), dtype="f8", chunks=(1 << 20,))
        file["Voltage"] = h5py.ExternalLink("elsewhere.h5", "/x")
    assert "is damaged or no MAT file" in error_message(path)


@pytest.mark.slow
@pytest.mark.parametrize("write", [plain, biologic, stla, matlab_hdf5])
@given(data=st.data())
@SLOW
def test_a_damaged_file_gives_a_table_or_one_message(
    tmp_path_factory: pytest.TempPathFactory, write: Callable[[Path], Path], data: st.DataObject
) -> None:
    name = next(name for name, _, writer in VENDOR_FORMATS.values() if writer is write)
    path = tmp_path_factory.getbasetemp() / f"fuzz_{name}"
    content = bytearray(write(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        offset = data.draw(st.integers(0, len(content) - 1))
        content[offset : offset + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    path.write_bytes(
        bytes(content[: data.draw(st.integers(0, len(content)))]) if data.draw(st.booleans()) else bytes(content)
    )
    _, findings = inspect_file(path)
    assert all(path.name in finding.message for finding in findings)


@pytest.mark.slow
@given(st.lists(st.text('0123456789.,;\t"-eE aVs[h]~#:', max_size=30), max_size=12), st.sampled_from([",", ";", "\t"]))
@settings(max_examples=400, deadline=None)
def test_any_lines_give_a_table_or_one_message(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], separator: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz_lines.csv"
    path.write_text("\n".join([HEADER.replace(",", separator), *lines]), encoding="utf-8")
    table, findings = inspect_file(path)
    assert all(path.name in finding.message for finding in findings)
    if table is not None and table.rows:
        preview(table, list(table.columns), 4)


@pytest.mark.slow
@given(
    st.lists(st.sampled_from([0.0, 1.0, -1.0, 3.7, np.nan, np.inf, -np.inf, 1e300, 1e-300]), min_size=2, max_size=40)
)
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_checks_accept_any_numbers(values: list[float]) -> None:
    count = len(values)
    columns = {name: np.roll(np.array(values), k) for k, name in enumerate(("voltage_V", "current_A", "soc"))}
    table = sample_table(count, **columns, temperature_degC=np.array(values), time_s=np.array(values))
    unlabeled = replace(table, columns={name: column for name, column in table.columns.items() if name != "soc"})
    later_table = replace(unlabeled, name="later.csv", sha256="1" * 64, start_s=float(count))
    set_findings = check_set([CheckedFile(table), CheckedFile(later_table, "test"), CheckedFile(unlabeled)])
    for finding in [*check_table(table), *check_table(later_table), *set_findings]:
        finding.model_dump_json()
