"""Text tables: every supported layout, unit and name, and one message for anything else."""

import codecs
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.samples import HEADER, csv_text, rows, write_csv
from vestim_core.data.readers import csv, load_table, read_table, text_parts
from vestim_core.data.table import Table
from vestim_core.spec.errors import ErrorCode, VestimError

REQUIRED_COLUMNS = ("soc", "current_A", "temperature_degC", "voltage_V")


def read(
    path: Path, content: str | bytes, required_columns: tuple[str, ...] = REQUIRED_COLUMNS, **mapping: str
) -> Table:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, mapping, required_columns)


def error_message(
    path: Path, content: str | bytes, required_columns: tuple[str, ...] = REQUIRED_COLUMNS, **mapping: str
) -> str:
    with pytest.raises(VestimError) as error_info:
        read(path, content, required_columns, **mapping)
    assert "\n" not in error_info.value.message
    assert path.name in error_info.value.message
    return error_info.value.message


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cell_07.csv"


def test_a_plain_file_is_read(file: Path) -> None:
    table = read(file, csv_text())
    expected = np.array(rows()).T
    for name, values in zip(("time_s", "voltage_V", "current_A", "temperature_degC", "soc"), expected, strict=True):
        assert table.columns[name].tolist() == values.tolist()
        assert table.columns[name].dtype == np.float64
    assert (table.name, table.rows, table.findings) == ("cell_07.csv", 50, ())
    assert len(table.sha256) == 64


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_detected(file: Path, separator: str, line_end: str) -> None:
    header = HEADER.replace(",", separator)
    table = read(file, csv_text(header=header, separator=separator).replace("\n", line_end))
    assert table.rows == 50
    assert table.columns["soc"].tolist() == [row[4] for row in rows()]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_are_detected(file: Path, separator: str) -> None:
    text = csv_text(header=HEADER.replace(",", separator), separator=separator).replace(".", ",")
    assert read(file, text).columns["voltage_V"].tolist() == [row[1] for row in rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings_are_detected(file: Path, encoding: str) -> None:
    text = csv_text(header="Time [s],Voltage [V],Current [A],Temperature [°C],SOC [%]")
    table = read(file, text.encode(encoding))
    assert table.columns["soc"] == pytest.approx([row[4] / 100 for row in rows()])


def test_utf_16_of_either_byte_order_with_dates_and_a_truncated_line(file: Path) -> None:
    lines = ["Prüfstand 温度", "Time,Voltage,Status"]
    lines += [f"2026-03-02 08:00:{k % 60:02d},{3 + k / 1000},Ladung ü" for k in range(60)]
    for byte_order_mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        table = read(file, byte_order_mark + "\r\n".join([*lines, ""]).encode(encoding), ("voltage_V",))
        assert table.columns["voltage_V"].tolist() == [3 + k / 1000 for k in range(60)]
        assert table.columns["time_s"].tolist() == list(range(60))
        assert table.row_location(0) == "line 3"
        truncated_table = read(
            file, byte_order_mark + "\r\n".join([*lines, "2026-03-02 08:01:00,3."]).encode(encoding), ("voltage_V",)
        )
        assert (truncated_table.rows, [finding.code for finding in truncated_table.findings]) == (
            60,
            ["rows.truncated"],
        )


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_parallel_and_chunked_reading_gives_the_same_values(
    file: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    header = HEADER.replace("Time (s)", "Date") + ",温度计"
    dates = [f"2024-01-31 {k // 3600:02}:{k // 60 % 60:02}:{k % 60:02}.5" for k in range(20_000)]
    body = [f"{date},{3 + k % 7},{-k},{k % 50},0.5,冷" for k, date in enumerate(dates)]
    expected = read(file, "\n".join([header, *body]).encode(encoding))
    assert expected.columns["time_s"].tolist() == [float(k) for k in range(20_000)]
    monkeypatch.setattr(text_parts, "_MIN_PART_BYTES", 1 << 12)
    monkeypatch.setattr(csv, "_THREADS", 7)
    monkeypatch.setattr(csv, "_CHUNK_FIELDS", 999)
    parallel = read_table(file, {}, REQUIRED_COLUMNS)
    assert all(parallel.columns[name].tolist() == values.tolist() for name, values in expected.columns.items())


def test_a_malformed_row_in_a_later_part_is_found(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = [f"{k}.5,{3 + k % 7},{-k},{k % 50},0.5" for k in range(20_000)]
    monkeypatch.setattr(text_parts, "_MIN_PART_BYTES", 1 << 12)
    monkeypatch.setattr(csv, "_THREADS", 7)
    body[15_000] += ",7"
    assert "line 15002" in error_message(file, "\n".join([HEADER, *body]))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("extra_rows", [0, 500])
def test_text_between_rows_is_reported_at_any_chunk_boundary(
    file: Path, monkeypatch: pytest.MonkeyPatch, threads: int, extra_rows: int
) -> None:
    monkeypatch.setattr(text_parts, "_MIN_PART_BYTES", 1 << 12)
    monkeypatch.setattr(csv, "_THREADS", threads)
    monkeypatch.setattr(csv, "_CHUNK_FIELDS", 5 * 100)
    body = [f"{k}.5,{3 + k % 7},{-k},{k % 50},0.5" for k in range(600 + extra_rows)]
    file.write_text("\n".join([HEADER, *body[:600], *["end of step"] * 100, *body[600:]]))
    table = load_table(file)
    assert [finding.code for finding in table.findings] == ["rows.text"]
    assert np.count_nonzero(np.isfinite(table.columns["voltage_V"])) == len(body)


def test_a_preamble_is_skipped(file: Path) -> None:
    text = "Test report\nSerial;123\nOperator;Änne;;\n\n" + csv_text(header=HEADER.replace(",", ";"), separator=";")
    assert read(file, text).rows == 50


def test_a_line_of_units_is_applied(file: Path) -> None:
    lines = csv_text(header="Time;Voltage;Current;Temp;SOC", separator=";").splitlines()
    plain = read(file, csv_text())
    table = read(file, "\n".join([lines[0], "min;[mV];(A);;%", *lines[1:]]))
    assert table.columns["time_s"] == pytest.approx(plain.columns["time_s"] * 60)
    assert table.columns["voltage_V"] == pytest.approx(plain.columns["voltage_V"] / 1000)
    assert table.columns["soc"] == pytest.approx(plain.columns["soc"] / 100)
    assert table.columns["temperature_degC"].tolist() == plain.columns["temperature_degC"].tolist()


def test_blank_lines_and_trailing_separators_are_ignored(file: Path) -> None:
    text = csv_text().replace("\n3.0,", "\n\n3.0,").replace("\n", ",\n").replace("\n,\n", "\n\n") + "\n\n"
    assert read(file, text).rows == 50


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("time_s", 1),
        ("Time", 1),
        ("Timestamp", 1),
        ("Test Time (s)", 1),
        ("Test_Time(s)", 1),
        ("Test Time / s", 1),
        ("TIME [ms]", 1e-3),
        ("Total Time (min)", 60),
        ("Run Time (h)", 3600),
        ("~Time[h]", 3600),
        ("t_s", 1),
        ("time/s", 1),
    ],
)
def test_names_and_units_of_time_are_recognized(file: Path, header: str, factor: float) -> None:
    table = read(file, csv_text(header=HEADER.replace("Time (s)", header)))
    assert table.columns["time_s"] == pytest.approx(np.arange(50) * factor)


@pytest.mark.parametrize(
    ("old", "new", "name", "factor", "offset"),
    [
        ("Voltage (V)", "Voltage (mV)", "voltage_V", 1e-3, 0),
        ("Voltage (V)", "U[V]", "voltage_V", 1, 0),
        ("Voltage (V)", "Ecell/V", "voltage_V", 1, 0),
        ("Voltage (V)", "Potential (V)", "voltage_V", 1, 0),
        ("Current (A)", "I/mA", "current_A", 1e-3, 0),
        ("Current (A)", "current_mA", "current_A", 1e-3, 0),
        ("Current (A)", "Current#A", "current_A", 1, 0),
        ("Current (A)", "Amps", "current_A", 1, 0),
        ("Temperature (C)", "Battery_Temp_degC", "temperature_degC", 1, 0),
        ("Temperature (C)", "Aux_Temperature_1 (C)", "temperature_degC", 1, 0),
        ("Temperature (C)", "T [K]", "temperature_degC", 1, -273.15),
        ("Temperature (C)", "Temp", "temperature_degC", 1, 0),
        ("SOC", "SOC [%]", "soc", 0.01, 0),
        ("SOC", "SOC_%", "soc", 0.01, 0),
        ("SOC", "soc (-)", "soc", 1, 0),
        ("SOC", "State of Charge", "soc", 1, 0),
    ],
)
def test_names_and_units_are_recognized(
    file: Path, old: str, new: str, name: str, factor: float, offset: float
) -> None:
    plain = read(file, csv_text()).columns[name]
    table = read(file, csv_text(header=HEADER.replace(old, new)))
    assert table.columns[name] == pytest.approx(plain * factor + offset)


def test_the_cell_temperature_is_preferred_to_the_chamber(file: Path) -> None:
    text = "Time,Chamber_Temp_degC,Battery_Temp_degC,Ambient_Temp_degC\n0,1,2,3\n1,1,2,3\n"
    table = read(file, text, ("temperature_degC", "ambient_degC"))
    assert table.columns["temperature_degC"].tolist() == [2, 2]
    assert table.columns["ambient_degC"].tolist() == [3, 3]


def test_a_mapping_takes_precedence(file: Path) -> None:
    text = "t,Voltage,Voltage aux,Strom [mA]\n0,1,5,1000\n1,2,6,2000\n"
    required_columns = ("voltage_V", "current_A")
    table = read(file, text, required_columns, time_s="t", voltage_V="Voltage aux", current_A="Strom [mA]")
    assert table.columns["voltage_V"].tolist() == [5, 6]
    assert table.columns["current_A"].tolist() == [1, 2]


def test_a_mapping_to_an_absent_column_is_reported(file: Path) -> None:
    table = read(file, csv_text(), voltage_V="U_cell")
    assert [finding.code for finding in table.findings] == ["mapped_column_absent"]
    text = csv_text(header=HEADER.replace("Voltage (V)", "Spannung"))
    assert 'no voltage column, not even "U_cell" (data.columns)' in error_message(file, text, voltage_V="U_cell")


def test_columns_without_a_canonical_name_keep_their_own(file: Path) -> None:
    table = read(file, "Time,Pressure\n0,5\n1,6\n", ("Pressure",))
    assert table.columns["Pressure"].tolist() == [5, 6]


def test_only_requested_columns_are_read(file: Path) -> None:
    text = "Time,Voltage,Status,Remark\n0,1,CHA,a\n1,2,DCH,b\n"
    assert set(read(file, text, ("voltage_V",)).columns) == {"time_s", "voltage_V"}


def test_time_starts_at_zero_and_keeps_its_digits(file: Path) -> None:
    table = read(file, "Time,Voltage\n586410.0820270274,1\n586411.105,2\n", ("voltage_V",))
    assert table.columns["time_s"].tolist() == [0.0, 586411.105 - 586410.0820270274]


@pytest.mark.parametrize(
    "times",
    [
        ("2021-06-07 09:59:59", "2021-06-07 10:00:00", "2021-06-08 10:00:00.5"),
        ("2021-06-07T09:59:59Z", "2021-06-07T10:00:00Z", "2021-06-08T10:00:00.5Z"),
        ("07.06.2021 09:59:59.0", "07.06.2021 10:00:00.0", "08.06.2021 10:00:00.5"),
        ("6/7/2021 9:59:59.0 ", "6/7/2021 10:00:00.0", "6/8/2021 10:00:00.5"),
        ("07-Jun-2021 09:59:59.0", "07-Jun-2021 10:00:00.0", "08-Jun-2021 10:00:00.5"),
        ("33:59:59", "34:00:00", "58:00:00.500"),
        ("0d 09:59:59", "0d 10:00:00", "1d 10:00:00.5"),
    ],
)
def test_times_as_text_are_parsed(file: Path, times: tuple[str, ...]) -> None:
    text = "Timestamp,Voltage\n" + "".join(f"{time},{k}\n" for k, time in enumerate(times))
    assert read(file, text, ("voltage_V",)).columns["time_s"].tolist() == [0, 1, 86401.5]


def test_the_last_row_of_equal_times_is_kept(file: Path) -> None:
    table = read(file, "Time,Voltage\n0,1\n1,2\n1,3\n1,4\n2,5\n", ("voltage_V",))
    assert table.columns["voltage_V"].tolist() == [1, 4, 5]
    (finding,) = table.findings
    assert (finding.code, finding.rows) == ("time.duplicates", (1, 2))
    assert finding.message.startswith('2 rows of "cell_07.csv" had the time of the row after, first at line 3')


def test_an_optional_column_with_gaps_is_dropped_and_reported(file: Path) -> None:
    file.write_text("Time,Voltage,SOC\n0,1,1\n1,2,\n2,3,0.9\n", encoding="utf-8")
    table = read_table(file, {}, ["voltage_V"], ["soc", "current_A"])
    assert set(table.columns) == {"time_s", "voltage_V"}
    assert [(finding.code, finding.column, finding.rows) for finding in table.findings] == [
        ("column_left_out", "soc", (1, 1))
    ]


def test_an_absent_column_is_an_error(file: Path) -> None:
    assert error_message(file, "t_s,U,T_amb\n0,1,2\n1,1,2\n", ("voltage_V", "current_A")) == (
        '"cell_07.csv" has no current column. Found: t_s, U, T_amb. Name it under data.columns, e.g. current_A = "I".'
    )


def test_text_in_a_number_column_is_an_error(file: Path) -> None:
    lines = csv_text().splitlines()
    lines[10:10] = ["", ""]
    lines[20] = lines[20].replace(lines[20].split(",")[2], "overload")
    assert error_message(file, "\n".join(lines)) == (
        '"cell_07.csv" has the text "overload" in column "Current (A)", line 21, where a number is expected: '
        "correct or delete that line."
    )


@pytest.mark.parametrize("gap", ["", "NaN", "inf", "-inf", "N/A"])
def test_a_missing_value_is_an_error(file: Path, gap: str) -> None:
    lines = csv_text().splitlines()
    for index in (7, 9):
        fields = lines[index].split(",")
        lines[index] = ",".join([*fields[:1], gap, *fields[2:]])
    assert error_message(file, "\n".join(lines)) == (
        '"cell_07.csv" has no value in column "Voltage (V)" in 2 rows, first at line 8: '
        "fill in or delete these rows, or leave the file out."
    )


def test_decreasing_time_is_an_error(file: Path) -> None:
    assert error_message(file, "Time,Voltage\n0,1\n1,2\n\n0.5,3\n2,3\n", ("voltage_V",)).startswith(
        'Time runs backwards in "cell_07.csv" at line 5: 0.5 s follows 1 s (once in all).'
    )


def test_constant_time_is_an_error(file: Path) -> None:
    assert "Time stands still in all of" in error_message(file, "Time,Voltage\n1,1\n1,2\n", ("voltage_V",))


def test_an_unparsable_time_is_an_error(file: Path) -> None:
    text = "Time,Voltage\n2021-06-07 10:00:00,1\nsoon,2\n"
    assert 'has "soon" in its time column "Time", line 3' in error_message(file, text, ("voltage_V",))


def test_a_row_with_too_many_values_is_an_error(file: Path) -> None:
    text = csv_text().replace("\n9.0,", "\n9,0,")
    assert "has 6 values in line 11 where the rows before have 5" in error_message(file, text)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty (0 bytes)"),
        (b" \n\n ", "is empty (4 bytes)"),
        (HEADER.encode() + b"\n", "has a header line and no rows"),
        (csv_text(rows(1)).encode(), "has one row of data"),
        (b"0,1,2\n1,2,3\n", 'has no header: its first line is "0,1,2"'),
        (bytes(range(256)) * 10, "is no text file"),
        (b"just some words\nand others\n", "has no table in it"),
        (csv_text().encode("utf-16-le"), "is no text file"),
    ],
)
def test_a_file_without_a_table_is_an_error(file: Path, content: bytes, expected: str) -> None:
    assert expected in error_message(file, content)


def test_a_folder_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(VestimError, match="is a folder, not a file"):
        read_table(tmp_path / "x.csv", {}, [])
    with pytest.raises(VestimError, match="does not exist") as error_info:
        read_table(tmp_path / "y.csv", {}, [])
    assert error_info.value.code is ErrorCode.NOT_FOUND


@pytest.mark.slow
@given(st.one_of(st.binary(max_size=400), st.text('0123456789.,;\t\n\r"-eE aV', max_size=200).map(str.encode)))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_table_or_one_message(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.csv"
    for text in (content, HEADER.encode() + b"\n" + content, csv_text(rows(3)).encode() + content):
        file.write_bytes(text)
        try:
            table = read_table(file, {}, REQUIRED_COLUMNS)
        except VestimError as error:
            assert "fuzz.csv" in error.message
        else:
            assert np.all(np.diff(table.columns["time_s"]) > 0)
            assert all(np.isfinite(values).all() for values in table.columns.values())


def test_the_hash_depends_on_the_bytes_only(tmp_path: Path) -> None:
    first, second = write_csv(tmp_path / "1.csv", 50, 1), write_csv(tmp_path / "2.csv", 50, 1)
    assert read_table(first, {}, REQUIRED_COLUMNS).sha256 == read_table(second, {}, REQUIRED_COLUMNS).sha256
