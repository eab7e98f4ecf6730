"""Formats read by libraries: Excel 97 workbooks, Neware's binary files and Parquet, valid and damaged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data import binary_formats
from tests.data.vendor_formats import ROWS, TRUTH, rows
from vestim_core.data.file_inspection import inspect_file
from vestim_core.data.file_summary import sniff
from vestim_core.data.readers import load_table, read_table
from vestim_core.spec.errors import VestimError

REQUIRED_COLUMNS = ("voltage_V", "current_A", "temperature_degC")
WRITERS: dict[str, Callable[[Path], Path]] = {
    "29.nda": binary_formats.nda,
    "UPPER.NDA": binary_formats.nda,
    "130.nda": binary_formats.nda_newer,
    "cell.ndax": binary_formats.ndax,
}


def write_parquet(path: Path) -> Path:
    pyarrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    names = ("Time (s)", "Voltage (V)", "Current (A)", "Temperature (C)", "SOC")
    columns = dict(zip(names, np.array(rows()).T, strict=True))
    writer.write_table(pyarrow.table(columns | {"Status": ["CHA"] * ROWS}), path)
    return path


def write_xls(path: Path) -> Path:
    header = ["Time [min]", "Voltage [mV]", "Current [A]", "Temperature [C]", "SOC [%]"]
    body = [[t / 60, v * 1000, i, x, soc * 100] for t, v, i, x, soc in rows()]
    return binary_formats.xls(path, {"About": [["made", "up"]], "Data": [header, *body]})


pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")  # raised inside the library


@pytest.mark.parametrize("name", WRITERS)
def test_neware_binary_files_are_read(tmp_path: Path, name: str) -> None:
    pytest.importorskip("NewareNDA")
    table = read_table(WRITERS[name](tmp_path / name), {}, REQUIRED_COLUMNS, ["step"])
    assert (table.vendor, table.rows, table.findings) == ("neware", ROWS, ())
    assert table.sources["time_s"] == "Step Time [s]"
    limits = {"time_s": 1e-3, "voltage_V": 5.1e-5, "current_A": 1e-5, "temperature_degC": 0.051}
    for column, limit in limits.items():
        assert table.columns[column] == pytest.approx(TRUTH[column], abs=limit), column
    assert table.columns["step"][:100].tolist() == [1 + sum(t >= start for start in (20, 60, 70)) for t in range(100)]
    assert sniff(tmp_path / name).missing == ("soc",)


def test_a_neware_file_without_consecutive_records_is_rejected(tmp_path: Path) -> None:
    pytest.importorskip("NewareNDA")
    path = binary_formats.nda(tmp_path / "a.nda")
    content = bytearray(path.read_bytes())
    for start in range(204 + 86, len(content), 172):  # every second record, so that none follows another
        content[start : start + 86] = bytes(86)
    path.write_bytes(content + bytes(200))
    with pytest.raises(VestimError, match=r'"a\.nda" is damaged'):
        load_table(path)


def test_an_excel_97_workbook_is_read(tmp_path: Path) -> None:
    table = read_table(write_xls(tmp_path / "a.xls"), {}, REQUIRED_COLUMNS, ["soc"])
    for column, values in TRUTH.items():
        assert table.columns[column] == pytest.approx(values, abs=1e-9), column
    assert table.row_location(0) == 'row 2 of sheet "Data"'


def test_parquet_is_read(tmp_path: Path) -> None:
    table = read_table(write_parquet(tmp_path / "a.parquet"), {}, REQUIRED_COLUMNS, ["soc"])
    assert all(table.columns[column].tolist() == values.tolist() for column, values in TRUTH.items())


@pytest.mark.slow
@pytest.mark.parametrize("name", [*WRITERS, "a.xls", "a.parquet"])
@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_damaged_file_gives_a_table_or_one_message(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    if name in WRITERS:
        pytest.importorskip("NewareNDA")
    write = WRITERS.get(name, write_xls if name == "a.xls" else write_parquet)
    path = tmp_path_factory.getbasetemp() / f"damaged_{name}"
    content = bytearray(write(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        offset = data.draw(st.integers(0, len(content) - 1))
        content[offset : offset + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    length = data.draw(st.integers(0, len(content))) if data.draw(st.booleans()) else len(content)
    path.write_bytes(bytes(content[:length]))
    _, findings = inspect_file(path)
    assert all(path.name in finding.message for finding in findings)
