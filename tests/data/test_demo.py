"""The demo's files: reproducible, plausible, readable, and more complex than a one-RC circuit."""

from pathlib import Path

import numpy as np
import pytest

from vestim_core.data.demo import ensure_demo, write_demo
from vestim_core.data.demo.cell import ocv, simulate
from vestim_core.data.prepare_data import prepare
from vestim_core.data.readers import read_table
from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import validate_job

REQUIRED_COLUMNS = ("voltage_V", "current_A", "temperature_degC", "soc", "ambient_degC")
DEFECTIVE = "defective_urban_25degC.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder)
    return folder


@pytest.mark.slow
def test_every_run_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "again")
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_job_is_valid_and_leaves_the_defective_file_out(folder: Path) -> None:
    spec = validate_job(write_demo(folder))
    files = [*spec.data.train, *spec.data.validation, *spec.data.test]
    assert all(Path(file).is_absolute() and Path(file).is_file() for file in files)
    assert {Path(file).name for file in files} | {DEFECTIVE} == {path.name for path in folder.iterdir()}
    assert {trial.model.kind for trial in spec.trials()} == {"lstm", "fnn"}


@pytest.mark.slow
def test_a_complete_set_is_kept_and_any_other_is_rewritten(tmp_path: Path) -> None:
    progress: list[dict[str, object]] = []
    first = ensure_demo(tmp_path / "demo", progress.append)
    assert first["generated"] and Path(first["defective"]).name == DEFECTIVE
    assert first["defective"] not in str(first["spec"])
    assert [report["fraction"] for report in progress] == sorted(report["fraction"] for report in progress)
    path = Path(first["spec"]["data"]["train"][0])
    modified_ns = path.stat().st_mtime_ns
    assert ensure_demo(tmp_path / "demo") == {**first, "generated": False}
    assert path.stat().st_mtime_ns == modified_ns
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    assert ensure_demo(tmp_path / "demo")["generated"] and path.read_bytes() == content
    (tmp_path / "demo" / "demo.json").write_text("{")
    assert ensure_demo(tmp_path / "demo")["generated"]


def test_an_unwritable_folder_gives_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VestimError, match="the demo data cannot be written"):
        ensure_demo(tmp_path / "file" / "demo")


def test_the_job_can_be_prepared(folder: Path, tmp_path: Path) -> None:
    spec = validate_job(write_demo(folder))
    trial = spec.trials()[0]
    findings: list[object] = []
    prepared = prepare(
        spec.data, trial.signals, trial.preparation, tmp_path, lambda *_: None, findings.append, lambda: False
    )
    assert findings == []
    train, (test,) = prepared.files_of_role("train"), prepared.files_of_role("test")
    temperatures = [file.column("temperature_degC") for file in train]
    assert min(map(np.min, temperatures)) < test.column("temperature_degC").min()
    assert max(map(np.max, temperatures)) > test.column("temperature_degC").max()
    assert all(np.abs(np.median(t) - np.median(test.column("temperature_degC"))) > 1 for t in temperatures)


def test_files_are_plausible(folder: Path) -> None:
    for path in sorted(folder.glob("0*.csv")):
        table = read_table(path, {}, REQUIRED_COLUMNS)
        columns = table.columns
        assert 3000 <= table.rows <= 10_000
        assert 2.7 < columns["voltage_V"].min() < columns["voltage_V"].max() < 4.25
        assert -13.6 < columns["current_A"].min() < columns["current_A"].max() < 6.8
        assert 0 <= columns["soc"].min() < columns["soc"].max() <= 1
        self_heating_K = columns["temperature_degC"] - columns["ambient_degC"]
        assert -1 < self_heating_K.min() < self_heating_K.max() < 20
        counted_Ah = np.sum(columns["current_A"]) / 3600
        assert counted_Ah / 4.5 == pytest.approx(columns["soc"][-1] - columns["soc"][0], abs=0.01)


def test_the_defective_file_has_its_two_defects(folder: Path) -> None:
    with pytest.raises(VestimError, match=r'no value in column "Voltage \(V\)" in 40 rows, first at line 1202'):
        read_table(folder / DEFECTIVE, {}, REQUIRED_COLUMNS)
    columns = read_table(folder / DEFECTIVE, {}, ["current_A", "soc"]).columns
    assert np.corrcoef(columns["current_A"][:-1], np.diff(columns["soc"]))[0, 1] < -0.9


def test_the_cell_rests_at_its_open_circuit_voltage() -> None:
    trace = simulate(lambda second, *_: 0.0 if second < 100 else None, 25.0, 0.6)
    assert trace.voltage_V == pytest.approx(np.full(100, ocv(0.6)))
    assert trace.temperature_degC.tolist() == [25.0] * 100


def test_resistance_rises_in_the_cold_and_falls_with_current() -> None:
    def drop_mV(current_A: float, ambient_degC: float) -> float:
        trace = simulate(lambda second, *_: current_A if second < 20 else None, ambient_degC, 0.6)
        return float(ocv(0.6) - trace.voltage_V[-1]) * 1000

    assert drop_mV(-4.5, 0.0) > 1.5 * drop_mV(-4.5, 25.0) > 1.5 * drop_mV(-4.5, 45.0)
    assert drop_mV(-9.0, 5.0) < 1.95 * drop_mV(-4.5, 5.0)


def test_hysteresis_separates_rest_voltages_after_charge_and_discharge() -> None:
    def rested_V(first_A: float) -> float:
        def drive(second: int, *_: float) -> float | None:
            return first_A if second < 600 else -first_A if second < 660 else 0.0 if second < 9000 else None

        start = 0.5 - first_A * 540 / 3600 / 4.5
        trace = simulate(drive, 25.0, start)
        assert trace.soc[-1] == pytest.approx(0.5)
        return float(trace.voltage_V[-1])

    assert rested_V(4.5) - rested_V(-4.5) > 0.005
