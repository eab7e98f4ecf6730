"""Files without SOC: start and capacity for counting are proposed, recorded and replayed, causally."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vestim_core.data.checks import CheckedFile, check_set, check_table
from vestim_core.data.prepare_data import prepare
from vestim_core.data.prepared_set import PreparedFile
from vestim_core.data.readers import load_table
from vestim_core.data.repairs import apply_repair, apply_repairs, load_repaired
from vestim_core.data.table import Table
from vestim_core.spec.data import DataSpec, FileRepair
from vestim_core.spec.errors import VestimError
from vestim_core.spec.finding import Finding, Repair, Severity
from vestim_core.spec.preparation import Normalize, Resample
from vestim_core.spec.signals import SignalsSpec

CAPACITY_AH = 2.0  # of the simulated cell, arbitrary
HEADER = "Time (s),Voltage (V),Current (A),Temperature (C)"


def ocv(soc: np.ndarray) -> np.ndarray:
    return 3.0 + 1.2 * np.clip(soc, 0, 1)


def cycled_table(
    name: str, soc: float, *legs: tuple[float, float], start_s: float = 0.0, is_labeled: bool = False
) -> Table:
    """A test of `legs`, each (hours, A) in steps of 10 s, starting at `soc`. A charge at 4.2 V tapers."""
    current_A = np.concatenate([np.full(int(hours * 360), amperes) for hours, amperes in legs])
    states = np.empty(len(current_A))
    for row in range(len(current_A)):
        states[row] = soc
        if current_A[row] > 0:
            current_A[row] = min(current_A[row], max((4.2 - ocv(np.array(soc))) / 0.05, 0.02))
        soc += current_A[row] * 10 / 3600 / CAPACITY_AH
    random = np.random.default_rng(len(name))
    columns = {
        "time_s": 10.0 * np.arange(len(current_A)),
        "voltage_V": np.minimum(ocv(states) + 0.05 * current_A, 4.2) + random.normal(0, 1e-5, len(current_A)),
        "current_A": current_A,
        "temperature_degC": 25 + random.normal(0, 2, len(current_A)),
    }
    table = Table(
        Path(name), name, name.ljust(64, "0"), columns | ({"soc": states} if is_labeled else {}), start_s=start_s
    )
    return replace(table, findings=tuple(check_table(table)))


def missing_soc_findings(*tables: Table) -> list[Finding]:
    return [finding for finding in check_set([CheckedFile(table) for table in tables]) if finding.code == "soc.missing"]


def test_counting_continues_from_the_previous_file_with_the_capacity_of_labeled_files() -> None:
    first = cycled_table("first.csv", 0.9, (1, -1.0), (0.5, 0.5), start_s=1000.0, is_labeled=True)
    second = cycled_table("later.csv", float(first.columns["soc"][-1]), (1, -0.6), start_s=1000.0 + 1.5 * 3600)
    (finding,) = missing_soc_findings(first, second)
    assert (finding.severity, finding.file, finding.column) == (Severity.INFO, "later.csv", "soc")
    assert "with 2 Ah, which SOC and current of the other files imply, beginning with" in finding.message
    assert 'in row 0, where it goes on from "first.csv"' in finding.message
    assert finding.repair is not None
    counted_table = apply_repair(second, finding.repair)
    truth = cycled_table("x", float(first.columns["soc"][-1]), (1, -0.6), is_labeled=True).columns["soc"]
    assert counted_table.columns["soc"] == pytest.approx(truth, abs=2e-4)
    assert counted_table.repairs == (finding.repair,)
    assert missing_soc_findings(first, counted_table) == []


def test_counting_starts_at_the_end_of_a_full_charge_and_drops_earlier_rows() -> None:
    charge = cycled_table("charge.csv", 0.3, (0.5, 0.0), (2.5, 1.5), (0.5, 0.0), (1.9, -0.94), (0.5, 0.0))
    (finding,) = missing_soc_findings(charge)
    assert finding.repair is not None
    row = finding.repair.parameters["row"]
    assert (charge.columns["current_A"][row], charge.columns["current_A"][row + 1]) == (
        pytest.approx(0.02, abs=0.05),
        0.0,
    )
    assert f"the end of a full charge; the {row} rows before are left out" in finding.message
    assert "the most that is taken out of the full cell until it is empty" in finding.message
    counted_table = apply_repairs(charge, [finding.repair])
    truth = cycled_table("x", 0.3, (0.5, 0.0), (2.5, 1.5), (0.5, 0.0), (1.9, -0.94), (0.5, 0.0), is_labeled=True)
    assert counted_table.rows == charge.rows - row
    # The cell is assumed empty at the end, where it has a tenth left.
    assert np.abs(counted_table.columns["soc"] - truth.columns["soc"][row:]).max() < 0.12
    repeated_table = apply_repairs(charge, list(counted_table.repairs))
    assert repeated_table.columns["soc"].tolist() == counted_table.columns["soc"].tolist()


def test_counting_starts_at_a_full_cell_or_a_rest_at_a_known_voltage() -> None:
    labeled_table = cycled_table(
        "labeled.csv", 0.3, (2.5, 1.5), (0.5, 0.0), (1.0, -1.0), (0.5, 0.0), (0.4, -0.5), (0.5, 0.0), is_labeled=True
    )
    full = cycled_table("full.csv", 1.0, (0.01, 0.0), (1.0, -1.0))
    rested_table = cycled_table("rested.csv", 0.45, (0.5, 0.0), (0.5, -0.5))
    by_name = {finding.file: finding for finding in missing_soc_findings(labeled_table, full, rested_table)}
    assert "without current at the voltage of a full cell" in by_name["full.csv"].message
    assert "row 0, a rest at 3.5400 V, whose SOC other files give" in by_name["rested.csv"].message
    for table, soc in ((full, 1.0), (rested_table, 0.45)):
        repair = by_name[table.name].repair
        assert repair is not None
        assert repair.parameters["soc"] == pytest.approx(soc, abs=0.01)
        assert repair.parameters["capacity_Ah"] == pytest.approx(CAPACITY_AH, rel=0.01)


def test_without_a_start_or_capacity_no_repair_is_proposed() -> None:
    (single_finding,) = missing_soc_findings(cycled_table("alone.csv", 0.8, (1, -1.0)))
    assert single_finding.repair is None
    assert "tell no capacity" in single_finding.message
    labeled_table = cycled_table("labeled.csv", 0.9, (1, -1.0), is_labeled=True)
    (other_finding,) = missing_soc_findings(labeled_table, cycled_table("other.csv", 0.5, (1, -0.3)))
    assert other_finding.repair is None
    assert "nothing in it tells where to begin" in other_finding.message
    flipped_table = cycled_table("flipped.csv", 0.9, (1, -1.0))
    sign_finding = Finding(code="current.sign", severity=Severity.ERROR, message="x", file="flipped.csv")
    (flipped_finding,) = missing_soc_findings(
        labeled_table, replace(flipped_table, findings=(sign_finding,), start_s=10.0)
    )
    assert flipped_finding.repair is None
    assert "once what is wrong with it is repaired" in flipped_finding.message
    no_current = replace(flipped_table, columns={"time_s": flipped_table.columns["time_s"]})
    assert missing_soc_findings(labeled_table, no_current) == []


def test_counting_is_causal() -> None:
    table = cycled_table("a.csv", 0.8, (1, -1.0), (1, 0.7))
    repair = Repair(kind="count_soc", parameters={"capacity_Ah": 2.0, "soc": 0.8, "row": 40})
    changed_columns = {name: values.copy() for name, values in table.columns.items()}
    changed_columns["current_A"][200:] *= -3
    changed_columns["time_s"][200:] += 500
    original_table, modified_table = (
        apply_repairs(replace(table, columns=c), [repair]) for c in (table.columns, changed_columns)
    )
    assert original_table.columns["soc"][:160].tolist() == modified_table.columns["soc"][:160].tolist()
    assert original_table.columns["time_s"][0] == 400.0


@pytest.mark.parametrize(
    "parameters", [{}, {"capacity_Ah": 0.0, "soc": 1}, {"capacity_Ah": 2.0, "soc": 1, "row": 10**6}, {"capacity_Ah": 2}]
)
def test_invalid_parameters_are_rejected(parameters: dict[str, float]) -> None:
    with pytest.raises(VestimError, match=r"count_soc.*a\.csv"):
        apply_repairs(cycled_table("a.csv", 0.8, (1, -1.0)), [Repair(kind="count_soc", parameters=parameters)])


def write_table(path: Path, table: Table) -> Path:
    columns = [table.columns[name] for name in ("time_s", "voltage_V", "current_A", "temperature_degC")]
    lines = [",".join(f"{value:.5f}" for value in row) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return path


def test_a_job_that_reads_soc_accepts_files_without_it(tmp_path: Path) -> None:
    paths = [
        write_table(
            tmp_path / f"{name}.csv",
            cycled_table(name, 0.3, (0.2, 0.0), (2.5, 1.5), (0.5, 0.0), (1.95, amperes), (0.3, 0.0)),
        )
        for name, amperes in (("train", -0.95), ("valid", -0.9))
    ]
    steps = [Resample(), Normalize()]
    data = DataSpec(train=[str(paths[0])], validation=[str(paths[1])])

    def training_file(spec: DataSpec) -> PreparedFile:
        cache = tmp_path / "cache"
        return prepare(spec, SignalsSpec(), steps, cache, lambda *_: None, lambda _: None, lambda: False).files_of_role(
            "train"
        )[0]

    with pytest.raises(VestimError, match="Or have it counted from the current"):
        training_file(data)
    findings = missing_soc_findings(*(load_table(path) for path in paths))
    repairs = [FileRepair(file=finding.file, repair=finding.repair) for finding in findings if finding.repair]
    assert len(repairs) == 2
    file = training_file(data.model_copy(update={"repairs": repairs}))
    counted_table = load_repaired(paths[0], [repairs[0].repair], {}, ["voltage_V", "soc"], [])
    assert set(counted_table.columns) == {"time_s", "voltage_V", "current_A", "soc"}
    assert file.column("soc")[[0, -1]] == pytest.approx(counted_table.columns["soc"][[0, -1]], abs=0.01)


def test_counting_requires_a_current(tmp_path: Path) -> None:
    path = tmp_path / "volts.csv"
    path.write_text("Time,Voltage\n0,3\n1,3.1\n2,3.2\n", encoding="utf-8")
    repair = Repair(kind="count_soc", parameters={"capacity_Ah": 2.0, "soc": 1.0})
    with pytest.raises(VestimError, match="no current column"):
        load_repaired(path, [repair], {}, ["soc"], [])


@pytest.mark.slow
def test_soc_of_the_shared_drive_is_recovered(shared: Path) -> None:
    tables = [load_table(path) for path in (shared / "data" / "tesla_m80").glob("*.mat")]
    truth = {table.name: table.columns["soc"] for table in tables}

    def unlabeled(table: Table) -> Table:
        return replace(table, columns={name: values for name, values in table.columns.items() if name != "soc"})

    partly_labeled = [unlabeled(table) if table.name.startswith(("12", "18")) else table for table in tables]
    for finding in missing_soc_findings(*partly_labeled):
        assert finding.repair is not None
        table = next(table for table in partly_labeled if table.name == finding.file)
        counted_table = apply_repairs(table, [finding.repair])
        assert np.abs(counted_table.columns["soc"] - truth[table.name]).max() < 0.008
    findings = missing_soc_findings(*(unlabeled(table) for table in tables))
    assert [finding.repair is not None for finding in findings] == [True] * 11
