"""Each check finds its fault at its rows and nothing else; each repair removes the fault of its finding."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.data.vendor_formats import plain_semicolon
from vestim_core.data.checks import CheckedFile, check_set, check_table
from vestim_core.data.readers import load_table
from vestim_core.data.repairs import REPAIR_FUNCTIONS, apply_repair, apply_repairs
from vestim_core.data.table import Table
from vestim_core.spec.errors import VestimError
from vestim_core.spec.finding import Finding, Repair, Severity

ROWS = 3000  # seconds of drive, one row each


def drive_table(**replaced_columns: np.ndarray) -> Table:
    """A drive without any fault; `replaced` gives other columns."""
    random = np.random.default_rng(3)
    time_s = np.arange(ROWS, dtype=np.float64)
    current_A = np.repeat(random.normal(-0.5, 2.5, ROWS // 5), 5)
    charge_Ah = np.concatenate(([0.0], np.cumsum(current_A[:-1]))) / 3600
    soc = 0.8 + charge_Ah / 4.0
    voltage_V = 3.2 + soc + 0.02 * current_A + random.normal(0, 2e-4, ROWS)
    columns = {
        "time_s": time_s,
        "voltage_V": voltage_V,
        "current_A": current_A,
        "temperature_degC": 22 + 6 * time_s / ROWS + random.normal(0, 0.02, ROWS),
        "soc": soc,
        "power_W": voltage_V * current_A,
    }
    return Table(Path("made.csv"), "made.csv", "0" * 64, columns | replaced_columns)


def altered_table(column: str, rows: slice | int | np.ndarray, value: float) -> Table:
    values = drive_table().columns[column].copy()
    values[rows] = value
    return drive_table(**{column: values})


def only_finding(table: Table) -> Finding:
    (finding,) = check_table(table)
    assert finding.file == "made.csv"
    assert '"made.csv"' in finding.message
    assert "\n" not in finding.message
    return finding


def repaired_table(table: Table) -> Table:
    return apply_repairs(table, [finding.repair for finding in check_table(table) if finding.repair])


def test_a_good_table_has_no_finding() -> None:
    assert check_table(drive_table()) == []


def test_checks_change_nothing() -> None:
    table = drive_table()
    original = {name: values.copy() for name, values in table.columns.items()}
    check_table(table)
    assert all(np.array_equal(original[name], values) for name, values in table.columns.items())


def test_decreasing_time_is_shifted_not_sorted() -> None:
    time_s = np.arange(ROWS, dtype=np.float64)
    time_s[700:] -= 30
    finding = only_finding(drive_table(time_s=time_s))
    assert (finding.code, finding.severity, finding.rows) == ("time.not_monotonic", Severity.ERROR, (700, 700))
    assert repaired_table(drive_table(time_s=time_s)).columns["time_s"].tolist() == list(range(ROWS))


def test_a_block_of_tiny_steps_is_merged_and_a_single_pair_is_only_reported() -> None:
    time_s = np.arange(ROWS, dtype=np.float64)
    time_s[1000:1500] = 1000 + np.arange(500) * 1e-6
    table = drive_table(time_s=time_s)
    finding = next(candidate for candidate in check_table(table) if candidate.code == "time.tiny_steps")
    assert (finding.severity, finding.rows) == (Severity.WARNING, (1001, 1499))
    assert "in one block 500 rows" in finding.message
    merged_table = apply_repair(table, finding.repair or Repair(kind=""))
    assert (merged_table.rows, merged_table.columns["soc"][1000]) == (ROWS - 499, table.columns["soc"][1499])
    time_s = np.arange(ROWS, dtype=np.float64)
    time_s[9] = 8.999 + 1e-4
    time_s[8] = 8.999
    assert [
        candidate.severity
        for candidate in check_table(drive_table(time_s=time_s))
        if candidate.code == "time.tiny_steps"
    ] == ["info"]


def test_gaps_are_reported_with_the_rows_around_them() -> None:
    time_s = np.arange(ROWS, dtype=np.float64)
    time_s[500:] += 90
    time_s[800:] += 3
    long_gap, short_gap = (finding for finding in check_table(drive_table(time_s=time_s)) if finding.code == "time.gap")
    assert (long_gap.severity, long_gap.rows, short_gap.severity, short_gap.rows) == (
        "warning",
        (499, 500),
        "info",
        (799, 800),
    )


def test_mixed_sample_rates_are_reported() -> None:
    time_s = np.cumsum(np.where(np.arange(ROWS) < 2000, 1.0, 5.0))
    assert "time.mixed_rates" in [finding.code for finding in check_table(drive_table(time_s=time_s))]


@pytest.mark.parametrize(
    ("column", "factor", "code"),
    [
        ("current_A", -1.0, "current.sign"),
        ("current_A", 1000.0, "current.unit"),
        ("voltage_V", 1000.0, "voltage.unit"),
        ("soc", 100.0, "soc.percent"),
        ("time_s", 1000.0, "time.unit"),
        ("time_s", 1 / 3600, "time.unit"),
    ],
)
def test_wrong_signs_and_units_are_found_and_repaired(column: str, factor: float, code: str) -> None:
    expected = drive_table()
    wrong = drive_table(**{column: expected.columns[column] * factor})
    findings_by_code = {finding.code: finding for finding in check_table(replace(wrong, columns=_without_power(wrong)))}
    repair = findings_by_code[code].repair
    assert repair is not None
    assert apply_repair(wrong, repair).columns[column] == pytest.approx(expected.columns[column], rel=1e-9)


def test_a_wrong_sign_is_found_without_current_steps() -> None:
    time_s = np.arange(ROWS, dtype=np.float64)
    soc = 0.2 + 2.0 * time_s / 3600 / 4.0
    columns = {"time_s": time_s, "voltage_V": 3.2 + soc, "current_A": np.full(ROWS, -2.0), "soc": soc}
    columns["current_A"][:5] = 0.0
    table = Table(Path("made.csv"), "made.csv", "0" * 64, columns)
    assert "current.sign" in [finding.code for finding in check_table(table)]
    assert "current.sign" not in [
        finding.code for finding in check_table(replace(table, columns=columns | {"current_A": -columns["current_A"]}))
    ]


def test_kelvin_is_found_and_repaired() -> None:
    table = drive_table(temperature_degC=drive_table().columns["temperature_degC"] + 273.15)
    assert only_finding(table).code == "temperature.unit"
    assert repaired_table(table).columns["temperature_degC"] == pytest.approx(drive_table().columns["temperature_degC"])


@pytest.mark.parametrize(
    ("column", "rows", "value", "code", "location"),
    [
        ("temperature_degC", slice(50, 60), -273.0, "temperature.sentinel", (50, 59)),
        ("temperature_degC", 0, 40.0, "temperature.first_sample", (0, 0)),
        ("temperature_degC", 400, 80.0, "channel.spike", (400, 400)),
        ("voltage_V", 402, 1.0, "channel.spike", (402, 402)),
        ("voltage_V", slice(100, 104), np.nan, "channel.missing", (100, 103)),
        ("current_A", 7, np.inf, "channel.not_finite", (7, 7)),
        ("soc", slice(100, 102), np.nan, "channel.missing", (100, 101)),
    ],
)
def test_wrong_values_are_found_and_filled(
    column: str, rows: slice | int, value: float, code: str, location: tuple[int, int]
) -> None:
    table = altered_table(column, rows, value)
    finding = next(candidate for candidate in check_table(table) if candidate.code == code)
    assert (finding.column, finding.rows) == (column, location)
    tolerance = {"temperature_degC": 0.1, "voltage_V": 0.2, "current_A": 8.0, "soc": 1e-2}[column]
    assert repaired_table(table).columns[column] == pytest.approx(drive_table().columns[column], abs=tolerance)


def test_a_voltage_step_caused_by_current_is_no_spike() -> None:
    current_A = drive_table().columns["current_A"].copy()
    voltage_V = drive_table().columns["voltage_V"].copy()
    current_A[1201], voltage_V[1201] = -90.0, voltage_V[1201] - 0.02 * 90
    codes = [finding.code for finding in check_table(drive_table(current_A=current_A, voltage_V=voltage_V))]
    assert "channel.spike" not in codes


def test_a_stuck_voltage_is_dropped() -> None:
    table = altered_table("voltage_V", slice(600, 680), 3.9)
    finding = next(candidate for candidate in check_table(table) if candidate.code == "channel.stuck")
    assert (finding.severity, finding.rows) == ("error", (601, 679))
    assert repaired_table(table).rows == ROWS - 79


def test_clipping_lag_range_constant_and_power_are_found() -> None:
    truth = drive_table().columns
    random = np.random.default_rng(0)
    noisy = truth["current_A"] + random.normal(0, 0.01, ROWS)
    assert "channel.clipped" in [
        finding.code for finding in check_table(drive_table(current_A=np.clip(noisy, -2.0, 20.0)))
    ]
    delayed_V = np.concatenate((truth["voltage_V"][:2], truth["voltage_V"][:-2]))
    assert "channel.lag" in [finding.code for finding in check_table(drive_table(voltage_V=delayed_V))]
    assert "soc.range" in [finding.code for finding in check_table(drive_table(soc=truth["soc"] + 0.4))]
    assert "soc.capacity" in [finding.code for finding in check_table(drive_table(soc=random.random(ROWS)))]
    assert only_finding(altered_table("temperature_degC", slice(None), 25.0)).code == "channel.constant"
    assert only_finding(drive_table(power_W=truth["power_W"] * 1.05)).code == "power.mismatch"
    assert "channel.range" in [finding.code for finding in check_table(altered_table("temperature_degC", 900, 500.0))]


def test_rests_between_charges_are_not_clipping() -> None:
    current_A = np.abs(drive_table().columns["current_A"] + np.random.default_rng(1).normal(0, 0.1, ROWS))
    current_A[:50] = current_A[400:450] = current_A[900:950] = 0.0
    assert "channel.clipped" not in [finding.code for finding in check_table(drive_table(current_A=current_A))]


def test_duplicate_files_and_leaks_between_roles_are_found() -> None:
    table = drive_table()
    copy = replace(table, name="copy.csv", sha256="1" * 64)
    findings = check_set([CheckedFile(table, "train"), CheckedFile(copy, "train")])
    assert [
        (finding.code, finding.severity, finding.file) for finding in findings if finding.code.startswith("set.same")
    ] == [
        ("set.same_file_twice", "warning", "made.csv"),
        ("set.same_file_twice", "warning", "copy.csv"),
    ]
    findings = check_set([CheckedFile(table, "train"), CheckedFile(copy, "test")])
    assert {finding.severity for finding in findings if finding.code == "set.same_file_twice"} == {"error"}
    part = replace(copy, columns={name: values[500:1500] for name, values in table.columns.items()})
    findings = check_set([CheckedFile(table, "train"), CheckedFile(part, "test")])
    assert {(finding.code, finding.severity) for finding in findings if finding.code.startswith("set.same")} == {
        ("set.same_rows", "warning")
    }


def test_contradictions_between_files_are_found() -> None:
    table = drive_table()
    replaced_columns = {"soc": table.columns["soc"] * 0.7, "voltage_V": table.columns["voltage_V"] + 0.01}
    later_table = replace(
        table, name="later.csv", sha256="1" * 64, start_s=ROWS - 2.0, columns=table.columns | replaced_columns
    )
    codes = [finding.code for finding in check_set([CheckedFile(table), CheckedFile(later_table)])]
    assert {"set.overlap", "set.soc_jump", "set.capacity"} <= set(codes)


def test_extrapolation_beyond_the_training_files_is_found() -> None:
    hot = drive_table(temperature_degC=drive_table().columns["temperature_degC"] + 10)
    files = [CheckedFile(drive_table(), "train"), CheckedFile(replace(hot, name="hot.csv", sha256="1" * 64), "test")]
    (finding,) = (candidate for candidate in check_set(files) if candidate.code == "set.outside_training")
    assert (finding.file, finding.column) == ("hot.csv", "temperature_degC")
    assert "extrapolation" in finding.message


def test_repairs_are_recorded_and_replayed(tmp_path: Path) -> None:
    path = plain_semicolon(tmp_path / "a.csv")
    repairs = [
        Repair(kind="flip", parameters={"column": "current_A"}),
        Repair(kind="drop_rows", parameters={"rows": [[0, 4]]}),
        Repair(kind="scale", parameters={"column": "soc", "factor": 2.0}),
    ]
    first_replay, second_replay = (apply_repairs(load_table(path), repairs) for _ in range(2))
    assert {repair.kind for repair in first_replay.repairs} == {"flip", "scale", "drop_rows"}
    for name, values in first_replay.columns.items():
        assert values.tolist() == second_replay.columns[name].tolist()
    assert first_replay.row_location(0) == "line 8"
    record = [Repair.model_validate_json(repair.model_dump_json()) for repair in repairs]
    assert apply_repairs(load_table(path), record).columns["soc"].tolist() == first_replay.columns["soc"].tolist()


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("explode", {}),
        ("flip", {}),
        ("flip", {"column": "nothing"}),
        ("scale", {"column": "soc", "factor": "much"}),
        ("drop_rows", {"rows": 7}),
        ("shift_time", {"shifts": [[1]]}),
        ("fill", {"column": "soc", "longest_rows": None}),
        ("accept", {}),
    ],
)
def test_an_invalid_repair_is_rejected(kind: str, parameters: dict[str, object]) -> None:
    with pytest.raises(VestimError, match=r"made\.csv"):
        apply_repair(drive_table(), Repair(kind=kind, parameters=parameters))


def test_every_proposed_kind_of_repair_exists() -> None:
    assert {"accept", "drop_rows", "fill", "flip", "scale", "shift_time"} <= set(REPAIR_FUNCTIONS)


def _without_power(table: Table) -> dict[str, np.ndarray]:
    return {name: values for name, values in table.columns.items() if name != "power_W"}
