"""MAT files: struct or plain vectors, skipped fields, and one message for anything that cannot be read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from vestim_core.data.readers import read_table
from vestim_core.spec.errors import VestimError

REQUIRED_COLUMNS = ("voltage_V", "current_A", "temperature_degC", "soc")


def signals(count: int = 30) -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {
        "Time": 1000.5 + np.arange(count),
        "Voltage": random.uniform(3, 4, count),
        "Current": random.normal(size=count),
        "Battery_Temp_degC": random.uniform(20, 30, count),
        "SOC": random.random(count),
    }


def save(path: Path, content: dict[str, Any]) -> Path:
    scipy.io.savemat(path, content)
    return path


@pytest.mark.parametrize("as_struct", [True, False])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (1, -1)])
def test_structs_and_plain_variables_as_rows_or_columns_are_read(
    tmp_path: Path, as_struct: bool, shape: tuple[int, ...]
) -> None:
    fields = {name: values.reshape(shape) for name, values in signals().items()}
    table = read_table(save(tmp_path / "a.mat", {"meas": fields} if as_struct else fields), {}, REQUIRED_COLUMNS)
    assert table.columns["voltage_V"].tolist() == signals()["Voltage"].tolist()
    assert table.columns["time_s"].tolist() == list(range(30))
    assert table.findings == ()


def test_fields_of_another_length_or_type_are_skipped_and_reported(tmp_path: Path) -> None:
    extra = {"Label": "drive", "Short": np.arange(7.0), "Cells": np.array(["a", 1.0], dtype=object), "Grid": np.eye(30)}
    table = read_table(save(tmp_path / "a.mat", {"meas": signals() | extra}), {}, REQUIRED_COLUMNS)
    (finding,) = table.findings
    assert (finding.code, finding.severity) == ("fields_skipped", "info")
    assert finding.message == 'Of "a.mat" Label, Short, Cells, Grid were skipped: no vector of 30 numbers.'


def test_the_struct_with_the_signals_is_chosen(tmp_path: Path) -> None:
    content = {"info": {"Time": np.arange(4.0)}, "data": signals(), "x": 1.0}
    assert read_table(save(tmp_path / "a.mat", content), {}, REQUIRED_COLUMNS).rows == 30


def test_integers_become_float64(tmp_path: Path) -> None:
    fields = signals() | {"Battery_Temp_degC": np.arange(30, dtype=np.uint8)}
    table = read_table(save(tmp_path / "a.mat", {"meas": fields}), {}, REQUIRED_COLUMNS)
    assert table.columns["temperature_degC"].dtype == np.float64


def test_a_mapped_time_determines_the_length(tmp_path: Path) -> None:
    fields = {"zeit": np.arange(5.0), "Time": np.arange(9.0), "Voltage": np.linspace(3, 4, 5)}
    table = read_table(save(tmp_path / "a.mat", fields), {"time_s": "zeit"}, ["voltage_V"])
    assert table.rows == 5


@pytest.mark.parametrize(
    ("replaced_fields", "expected"),
    [
        ({"Current": np.arange(7.0)}, "has no current column. Found: Time, Voltage, Battery_Temp_degC, SOC."),
        ({"Current": np.arange(7.0)}, "Current was skipped: no vector of 30 numbers"),
        ({"Voltage": np.where(np.arange(30) == 4, np.nan, 3.5)}, '"Voltage" in 1 row, first at row 5'),
        ({"Time": np.arange(30)[::-1].astype(float)}, "Time runs backwards"),
        (dict.fromkeys(signals(), 1.0), "has one row of data"),
        (dict.fromkeys(signals(), np.empty(0)), "has no rows of data"),
        (dict.fromkeys(signals(), "text"), "holds no vectors of numbers"),
    ],
)
def test_invalid_content_is_an_error(tmp_path: Path, replaced_fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(VestimError) as error_info:
        read_table(save(tmp_path / "a.mat", {"meas": signals() | replaced_fields}), {}, REQUIRED_COLUMNS)
    assert expected in error_info.value.message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty (0 bytes)"),
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + bytes(600), "is damaged or no MAT file"),
        (b"garbage" * 100, "is damaged or no MAT file"),
    ],
)
def test_an_invalid_mat_file_is_an_error(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(VestimError) as error_info:
        read_table(tmp_path / "a.mat", {}, REQUIRED_COLUMNS)
    assert expected in error_info.value.message


@given(st.integers(0, 3000), st.binary(max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_damaged_file_gives_a_table_or_one_message(
    tmp_path_factory: pytest.TempPathFactory, cut: int, inserted_bytes: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.mat"
    valid_content = save(file, {"meas": signals()}).read_bytes()
    for content in (
        valid_content[:cut],
        valid_content[:cut] + inserted_bytes + valid_content[cut + len(inserted_bytes) :],
    ):
        file.write_bytes(content)
        try:
            read_table(file, {}, REQUIRED_COLUMNS)
        except VestimError as error:
            assert "fuzz.mat" in error.message
