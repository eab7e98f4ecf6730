"""prepare: roles, contents, cache, progress, cancellation, and the set on disk."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.samples import STEPS, drive_csv, write_csv
from vestim_core.data.data_files import sha256_of
from vestim_core.data.prepare_data import PreparationCanceled, prepare, provenance
from vestim_core.data.prepared_set import PreparedSet, is_complete, open_prepared
from vestim_core.spec.data import DataSpec
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.finding import Finding
from vestim_core.spec.preparation import Augment, CoulombSoc, Ema, Formula, Normalize, Resample, Step
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.states import Phase, PhaseState

Reports = list[tuple[Phase, PhaseState, float, str]]


class PrepareRun:
    """One call of prepare, with its progress reports and findings."""

    def __init__(self, cache: Path, data: DataSpec, cancel_after: int | None = None, **overrides: Any) -> None:
        self.reports: Reports = []
        self.findings: list[Finding] = []
        self.cancel_after = cancel_after
        self.prepared: PreparedSet = prepare(
            data,
            overrides.get("signals", SignalsSpec()),
            overrides.get("steps", STEPS),
            cache,
            lambda *report: self.reports.append(report),
            self.findings.append,
            lambda: self.cancel_after is not None and len(self.reports) >= self.cancel_after,
            mappings=overrides.get("mappings"),
        )


@pytest.fixture
def data(tmp_path: Path) -> DataSpec:
    for seed, name in enumerate(("a", "b", "c", "d")):
        write_csv(tmp_path / f"{name}.csv", 50 + seed, seed)
    train = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    return DataSpec(train=train, validation=[str(tmp_path / "c.csv")], test=[str(tmp_path / "d.csv")])


def replace_roles(data: DataSpec, **roles: list[str]) -> DataSpec:
    return DataSpec.model_validate(data.model_dump() | roles)


def test_all_files_of_all_roles_are_prepared_in_order(tmp_path: Path, data: DataSpec) -> None:
    prepared = PrepareRun(tmp_path / "cache", data).prepared
    assert [(file.key, file.role) for file in prepared.files] == [
        ("a", "train"),
        ("b", "train"),
        ("c", "validation"),
        ("d", "test"),
    ]
    assert [file.key for file in prepared.files_of_role("train")] == ["a", "b"]
    assert prepared.period_s == 1.0
    assert [len(file.time_s) for file in prepared.files] == [54, 55, 56, 57]


def test_arrays_are_mapped_read_only(tmp_path: Path, data: DataSpec) -> None:
    file = PrepareRun(tmp_path / "cache", data).prepared.files[0]
    assert isinstance(file.features, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        file.features[0, 0] = 1


def test_the_scale_depends_on_training_files_only(tmp_path: Path, data: DataSpec) -> None:
    expected = PrepareRun(tmp_path / "one", data).prepared.pipeline.to_json()
    write_csv(tmp_path / "c.csv", 90, seed=77)
    write_csv(tmp_path / "d.csv", 90, seed=78)
    assert PrepareRun(tmp_path / "two", data).prepared.pipeline.to_json() == expected


def test_repeated_preparation_uses_the_cache(tmp_path: Path, data: DataSpec) -> None:
    first = PrepareRun(tmp_path / "cache", data)
    index = first.prepared.directory / "prepared.json"
    modified_ns = index.stat().st_mtime_ns
    second = PrepareRun(tmp_path / "cache", data)
    assert second.prepared.directory == first.prepared.directory
    assert index.stat().st_mtime_ns == modified_ns
    assert second.prepared.arrays_sha256 == first.prepared.arrays_sha256
    assert "earlier preparation" in second.reports[-1][3]
    os.utime(first.prepared.directory, (1e9, 1e9))
    open_prepared(first.prepared.directory)
    assert first.prepared.directory.stat().st_mtime > 1e9, "the cache tracks the last use"


def test_copies_share_the_cache_and_keep_their_own_paths(tmp_path: Path, data: DataSpec) -> None:
    first = PrepareRun(tmp_path / "cache", data).prepared
    (tmp_path / "copy").mkdir()
    for name in "abcd":
        shutil.copy(tmp_path / f"{name}.csv", tmp_path / "copy")
    copied_data = DataSpec(
        train=[str(tmp_path / "copy/a.csv"), str(tmp_path / "copy/b.csv")],
        validation=[str(tmp_path / "copy/c.csv")],
        test=[str(tmp_path / "copy/d.csv")],
    )
    second = PrepareRun(tmp_path / "cache", copied_data).prepared
    assert second.directory == first.directory
    assert provenance(second)["files"][0]["path"] == str(tmp_path / "copy/a.csv")


@pytest.mark.parametrize(
    "overrides",
    [
        {"signals": SignalsSpec(features=["soc", "current_A"])},
        {"signals": SignalsSpec(features=["voltage_V", "current_A"], target="soc")},
        {"steps": [Resample(period_s=2.0), Normalize()]},
        {"steps": [Resample(), Normalize(method="min-max")]},
    ],
)
def test_other_settings_give_another_set(tmp_path: Path, data: DataSpec, overrides: dict[str, Any]) -> None:
    first = PrepareRun(tmp_path / "cache", data).prepared
    second = PrepareRun(tmp_path / "cache", data, **overrides).prepared
    assert second.directory != first.directory
    assert second.arrays_sha256 != first.arrays_sha256


def test_other_content_or_roles_give_another_set(tmp_path: Path, data: DataSpec) -> None:
    first = PrepareRun(tmp_path / "cache", data).prepared
    swapped_set = PrepareRun(
        tmp_path / "cache", replace_roles(data, validation=data.test, test=data.validation)
    ).prepared
    write_csv(tmp_path / "d.csv", 60, seed=99)
    changed_content = PrepareRun(tmp_path / "cache", data).prepared
    assert len({first.directory, swapped_set.directory, changed_content.directory}) == 3


def test_a_damaged_cache_is_prepared_again(tmp_path: Path, data: DataSpec) -> None:
    first = PrepareRun(tmp_path / "cache", data).prepared
    array = first.directory / "a" / "features.npy"
    expected = array.read_bytes()
    array.write_bytes(expected[:-4])
    assert not is_complete(first.directory)
    with pytest.raises(VestimError, match="No complete prepared data"):
        open_prepared(first.directory)
    PrepareRun(tmp_path / "cache", data)
    assert array.read_bytes() == expected


def test_the_same_content_in_two_roles_is_rejected(tmp_path: Path, data: DataSpec) -> None:
    shutil.copy(tmp_path / "a.csv", tmp_path / "US06_25C.csv")
    with pytest.raises(VestimError) as error_info:
        PrepareRun(tmp_path / "cache", replace_roles(data, test=[str(tmp_path / "US06_25C.csv")]))
    assert error_info.value.message == (
        '"US06_25C.csv" is in both training as "a.csv" and test (same content). '
        "Results would look too good: remove it from test."
    )
    assert error_info.value.actions == ("Remove it from test",)
    assert not (tmp_path / "cache").exists()


def test_duplicates_in_a_role_are_used_once_and_reported(tmp_path: Path, data: DataSpec) -> None:
    shutil.copy(tmp_path / "a.csv", tmp_path / "again.csv")
    with_duplicate = replace_roles(data, train=[*data.train, str(tmp_path / "again.csv")])
    for _ in range(2):  # prepared, then taken from the cache
        run = PrepareRun(tmp_path / "cache", with_duplicate)
        assert [file.key for file in run.prepared.files_of_role("train")] == ["a", "b"]
        duplicates = [finding.file for finding in run.findings if finding.code == "set.same_file_twice"]
        assert duplicates == ["again.csv"]
    assert not [
        finding for finding in PrepareRun(tmp_path / "cache", data).findings if finding.code.startswith("set.same")
    ]


def test_two_files_of_the_same_name_are_distinguished(tmp_path: Path, data: DataSpec) -> None:
    same_named = write_csv(tmp_path / "other" / "A.csv", 70, seed=5)
    prepared = PrepareRun(tmp_path / "cache", replace_roles(data, test=[str(same_named)])).prepared
    assert [file.key for file in prepared.files] == ["a", "b", "c", "A_2"]
    assert [file.name for file in prepared.files] == ["a.csv", "b.csv", "c.csv", "A.csv"]
    assert len(prepared.files[3].time_s) == 74


def test_findings_and_repairs_distinguish_files_of_the_same_name(tmp_path: Path) -> None:
    for folder, hotter_K in (("a", 0.0), ("b", 20.0)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cell.csv").write_bytes(drive_csv(flipped=True, hotter_K=hotter_K))
    data = DataSpec(train=[str(tmp_path / "a" / "cell.csv")], validation=[str(tmp_path / "b" / "cell.csv")])
    flip = {"kind": "flip", "parameters": {"column": "current_A"}}

    def with_flips(*names: str) -> DataSpec:
        return DataSpec.model_validate(
            data.model_dump() | {"repairs": [{"file": name, "repair": flip} for name in names]}
        )

    with pytest.raises(VestimError) as error_info:
        PrepareRun(tmp_path / "cache", with_flips("a/cell.csv"))
    assert error_info.value.message.startswith('In "b/cell.csv" voltage falls')
    with pytest.raises(VestimError, match="2 files have that name"):
        PrepareRun(tmp_path / "cache", with_flips("cell.csv"))
    prepared = PrepareRun(tmp_path / "cache", with_flips("a/cell.csv", str(tmp_path / "b" / "cell.csv"))).prepared
    assert [(file.key, file.name) for file in prepared.files] == [("cell", "a/cell.csv"), ("cell_2", "b/cell.csv")]
    accept = [{"file": "a/cell.csv", "repair": {"kind": "accept", "parameters": {"code": "current.sign"}}}]
    with pytest.raises(VestimError, match=r'In "b/cell\.csv"'):
        PrepareRun(tmp_path / "cache", DataSpec.model_validate(data.model_dump() | {"repairs": accept}))


def test_each_file_is_read_with_its_own_mapping(tmp_path: Path, data: DataSpec) -> None:
    expected = PrepareRun(tmp_path / "one", data).prepared.arrays_sha256
    for name, header_name in (("a", "Zeug"), ("b", "Kram")):
        text = (tmp_path / f"{name}.csv").read_text(encoding="utf-8")
        header, rest = text.split("\n", 1)
        assert "Voltage (V)" in header
        (tmp_path / f"{name}.csv").write_text(
            header.replace("Voltage (V)", header_name) + "\n" + rest, encoding="utf-8"
        )
    with pytest.raises(VestimError, match="has no voltage column"):
        PrepareRun(tmp_path / "two", data)
    mappings = {data.train[0]: {"voltage_V": "Zeug"}, data.train[1]: {"voltage_V": "Kram"}}
    assert PrepareRun(tmp_path / "two", data, mappings=mappings).prepared.arrays_sha256 == expected


@pytest.mark.parametrize("name", ["con.csv", "Zelle 1 (25 °C).csv", "..csv", "#.csv"])
def test_keys_are_valid_file_names(tmp_path: Path, data: DataSpec, name: str) -> None:
    path = write_csv(tmp_path / "odd" / name, 70, seed=5)
    key = PrepareRun(tmp_path / "cache", replace_roles(data, test=[str(path)])).prepared.files[3].key
    assert key in {"file_con", "Zelle_1_25_C", "file"}


def test_phases_progress_and_finish_in_order(tmp_path: Path, data: DataSpec) -> None:
    reports = PrepareRun(tmp_path / "cache", data).reports
    phases = [Phase.DATA_IMPORT, Phase.DATA_PROCESSING, Phase.DATA_AUGMENTATION]
    assert list(dict.fromkeys(report[0] for report in reports)) == phases
    for phase in phases:
        phase_reports = [report for report in reports if report[0] is phase]
        assert [report[1] for report in phase_reports] == [PhaseState.RUNNING] * (len(phase_reports) - 1) + [
            PhaseState.DONE
        ]
        fractions = [report[2] for report in phase_reports]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
    assert "read 3 of 4 files" in [report[3] for report in reports]


@pytest.mark.parametrize("report_count", [0, 3, 6, 9, 13])
def test_a_cancelled_preparation_leaves_nothing(tmp_path: Path, data: DataSpec, report_count: int) -> None:
    with pytest.raises(PreparationCanceled):
        PrepareRun(tmp_path / "cache", data, cancel_after=report_count)
    assert not list((tmp_path / "cache").glob("*"))


def test_a_failed_preparation_leaves_nothing(tmp_path: Path, data: DataSpec) -> None:
    (tmp_path / "d.csv").write_text("Time,Voltage\n0,1\n1,2\n", encoding="utf-8")
    with pytest.raises(VestimError, match=r'"d\.csv" has no SOC or current or temperature column'):
        PrepareRun(tmp_path / "cache", data)
    assert not (tmp_path / "cache").exists()


def test_an_unwritable_cache_is_an_error(tmp_path: Path, data: DataSpec) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(VestimError, match="The prepared data cannot be written to") as error_info:
        PrepareRun(tmp_path / "cache", data)
    assert error_info.value.code is ErrorCode.FAILED


def test_baseline_columns_are_included_when_present(tmp_path: Path, data: DataSpec) -> None:
    signals = SignalsSpec(features=["temperature_degC"], target="voltage_V")
    assert set(PrepareRun(tmp_path / "cache", data, signals=signals).prepared.files[0].columns) == {
        "temperature_degC",
        "voltage_V",
        "soc",
        "current_A",
    }
    text = (tmp_path / "a.csv").read_text(encoding="utf-8").replace("Current (A)", "Flow")
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    prepared = PrepareRun(tmp_path / "cache", data, signals=signals).prepared
    assert "current_A" not in prepared.files[0].columns
    with pytest.raises(KeyError):
        prepared.files[0].column("current_A")


def test_a_folder_expands_to_its_files_in_natural_order(tmp_path: Path, data: DataSpec) -> None:
    for seed in (10, 2, 1):
        write_csv(tmp_path / "many" / f"cell_{seed}.csv", 40, 100 + seed)
    (tmp_path / "many" / "notes.txt").write_text("not data", encoding="utf-8")
    prepared = PrepareRun(tmp_path / "cache", replace_roles(data, train=[str(tmp_path / "many")])).prepared
    assert [file.key for file in prepared.files_of_role("train")] == ["cell_1", "cell_2", "cell_10"]


def test_missing_files_are_reported_before_any_is_read(tmp_path: Path, data: DataSpec) -> None:
    with pytest.raises(VestimError, match=r'nowhere.csv" does not exist') as error_info:
        PrepareRun(tmp_path / "cache", replace_roles(data, test=[str(tmp_path / "nowhere.csv")]))
    assert error_info.value.code is ErrorCode.NOT_FOUND
    (tmp_path / "empty").mkdir()
    with pytest.raises(VestimError, match=r"has no data file in it"):
        PrepareRun(tmp_path / "cache", replace_roles(data, test=[str(tmp_path / "empty")]))
    (tmp_path / "x.res").write_bytes(b"1")
    with pytest.raises(VestimError, match=r'"x.res" is an Arbin database: in MITS Pro export it'):
        PrepareRun(tmp_path / "cache", replace_roles(data, test=[str(tmp_path / "x.res")]))


def test_provenance_names_every_file(tmp_path: Path, data: DataSpec) -> None:
    record = provenance(PrepareRun(tmp_path / "cache", data).prepared)
    assert record["split"] == {"train": ["a", "b"], "validation": ["c"], "test": ["d"]}
    first = record["files"][0]
    assert first | {"sha256": len(first["sha256"])} == {
        "key": "a",
        "name": "a.csv",
        "path": str(tmp_path / "a.csv"),
        "sha256": 64,
        "role": "train",
        "source_rows": 50,
        "rows": 49,
        "duration_s": 49.0,
        "segments": 1,
    }
    assert len(record["arrays_sha256"]) == 64


def test_a_file_must_match_its_fixed_hash(tmp_path: Path, data: DataSpec) -> None:
    files = [*data.train, *data.validation, *data.test]
    with_hashes = replace_roles(data, hashes={path: sha256_of(Path(path)) for path in files})  # type: ignore[arg-type]
    PrepareRun(tmp_path / "cache", with_hashes)
    from_data_set = DataSpec.model_validate(with_hashes.model_dump() | {"data_set": "cells"})
    write_csv(tmp_path / "b.csv", 51, 99)
    for spec, message in (
        (with_hashes, "data.hashes"),
        (from_data_set, r"data set 'cells' has changed: .*vestim data check"),
    ):
        with pytest.raises(VestimError, match=rf'b\.csv".*{message}'):
            PrepareRun(tmp_path / "cache", spec)
    (tmp_path / "b.csv").unlink()
    with pytest.raises(VestimError, match=r'b\.csv" of data set \'cells\' does not exist any more') as error_info:
        PrepareRun(tmp_path / "cache", from_data_set)
    assert error_info.value.code is ErrorCode.NOT_FOUND
    unknown = replace_roles(data, hashes={str(tmp_path / "a.csv"): "0", str(tmp_path): "1"}, train=[data.train[0]])  # type: ignore[arg-type]
    with pytest.raises(VestimError, match="not among the files"):
        PrepareRun(tmp_path / "cache", unknown)
    with pytest.raises(VestimError, match="Only a daemon knows the files of data set 'cells'"):
        PrepareRun(tmp_path / "cache", DataSpec(data_set="cells"))


def test_the_cache_key_depends_on_repairs_and_not_on_paths(tmp_path: Path, data: DataSpec) -> None:
    accept = {"kind": "accept", "parameters": {"code": "x"}}
    by_name = DataSpec.model_validate(data.model_dump() | {"repairs": [{"file": "a.csv", "repair": accept}]})
    by_path = DataSpec.model_validate(data.model_dump() | {"repairs": [{"file": data.train[0], "repair": accept}]})
    cache = tmp_path / "cache"
    assert PrepareRun(cache, by_name).prepared.directory == PrepareRun(cache, by_path).prepared.directory
    assert PrepareRun(cache, by_name).prepared.directory != PrepareRun(cache, data).prepared.directory


def test_errors_block_the_job_until_repaired_or_accepted(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_bytes(drive_csv(flipped=name == "a"))
    data = DataSpec(train=[str(tmp_path / "a.csv")], validation=[str(tmp_path / "b.csv")])
    with pytest.raises(VestimError) as error_info:
        PrepareRun(tmp_path / "cache", data)
    assert error_info.value.message.startswith('In "a.csv" voltage falls where the current rises')
    assert error_info.value.message.endswith("(add the proposed repair to data.repairs, or leave the file out).")
    assert [problem["location"] for problem in error_info.value.problems] == ["a.csv"]
    assert not (tmp_path / "cache").exists()
    flip = {"file": "a.csv", "repair": {"kind": "flip", "parameters": {"column": "current_A"}}}
    accept = {"file": "a.csv", "repair": {"kind": "accept", "parameters": {"code": "set.same_file_twice"}}}
    with pytest.raises(VestimError, match="hold the same rows"):  # the other file is the same with the correct sign
        PrepareRun(tmp_path / "cache", DataSpec.model_validate(data.model_dump() | {"repairs": [flip]}))
    repaired_data = DataSpec.model_validate(data.model_dump() | {"repairs": [flip, accept, accept | {"file": "b.csv"}]})
    run = PrepareRun(tmp_path / "cache", repaired_data)
    train, validation = run.prepared.files
    assert train.column("current_A") == pytest.approx(validation.column("current_A")[: len(train.time_s)])
    misnamed_repair = DataSpec.model_validate(data.model_dump() | {"repairs": [flip | {"file": "z.csv"}]})
    with pytest.raises(VestimError, match=r'A repair names "z\.csv"'):
        PrepareRun(tmp_path / "cache", misnamed_repair)


def test_findings_of_files_and_of_the_set_reach_the_job(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(drive_csv())
    (tmp_path / "b.csv").write_bytes(drive_csv(hotter_K=20.0, first_off_K=5.0))
    data = DataSpec(train=[str(tmp_path / "a.csv")], validation=[str(tmp_path / "b.csv")])
    for _ in range(2):  # prepared, then taken from the cache
        codes = {(finding.code, finding.file) for finding in PrepareRun(tmp_path / "cache", data).findings}
        assert {("temperature.first_sample", "b.csv"), ("set.outside_training", "b.csv")} <= codes


# --- steps


def _steps(*middle: Step) -> list[Step]:
    return [Resample(), *middle, Normalize()]


def test_new_columns_can_be_inputs(tmp_path: Path, data: DataSpec) -> None:
    steps = _steps(
        Formula(output="power", formula="voltage_V * current_A"),
        Ema(column="power", output="slow", tau_s=10),
        CoulombSoc(output="counted", capacity_Ah=2, initial_soc=0.5),
    )
    signals = SignalsSpec(features=["slow", "counted", "temperature_degC"])
    prepared = PrepareRun(tmp_path / "cache", data, signals=signals, steps=steps).prepared
    file = prepared.files_of_role("test")[0]
    assert file.features.shape[1] == 3
    assert set(file.columns) == {"temperature_degC", "voltage_V", "current_A", "soc", "power", "slow", "counted"}
    assert file.column("power") == pytest.approx(file.column("voltage_V") * file.column("current_A"))
    again = PrepareRun(tmp_path / "other", data, signals=signals, steps=steps).prepared
    assert again.arrays_sha256 == prepared.arrays_sha256


def test_augmentation_changes_training_files_only_and_is_recorded(tmp_path: Path, data: DataSpec) -> None:
    steps = _steps(Augment(column="current_A", offset=0.5, gain_percent=1, noise=0.01))
    plain = PrepareRun(tmp_path / "cache", data, steps=_steps()).prepared
    for _ in range(2):  # prepared, then taken from the cache
        prepared = PrepareRun(tmp_path / "cache", data, steps=steps).prepared
        for plain_file, augmented_file in zip(plain.files, prepared.files, strict=True):
            is_equal = np.array_equal(plain_file.column("current_A"), augmented_file.column("current_A"))
            assert is_equal == (augmented_file.role != "train")
            assert np.array_equal(plain_file.column("voltage_V"), augmented_file.column("voltage_V"))
        records = [file.get("augmentation") for file in provenance(prepared)["files"]]
        assert records[2:] == [None, None]
        offsets = [record[0]["offset"] for record in records[:2]]
        assert len(set(offsets)) == 2
        assert all(record[0]["column"] == "current_A" and record[0]["step"] == 2 for record in records[:2])
    assert prepared.pipeline.feature_scale.to_json() != plain.pipeline.feature_scale.to_json()


def test_a_step_on_an_absent_column_names_the_file(tmp_path: Path, data: DataSpec) -> None:
    text = (tmp_path / "d.csv").read_text(encoding="utf-8").replace("Temperature (C)", "Other")
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    signals = SignalsSpec(features=["soc", "current_A"])
    assert PrepareRun(tmp_path / "cache", data, signals=signals, steps=_steps()).prepared
    steps = _steps(Ema(column="temperature_degC", output="slow"))
    with pytest.raises(VestimError, match=r'"d\.csv" has no temperature column\. Found: Time \(s\), Voltage'):
        PrepareRun(tmp_path / "cache", data, signals=signals, steps=steps)


def test_a_formula_without_a_value_names_file_and_step(tmp_path: Path, data: DataSpec) -> None:
    steps = _steps(Formula(output="x", formula="log(current_A)"))
    with pytest.raises(VestimError, match=r'Step 2 has no value for "a\.csv" at \d+ s and in \d+ more rows: logarithm'):
        PrepareRun(tmp_path / "cache", data, steps=steps)
    assert not (tmp_path / "cache").exists()


def test_a_constant_new_column_is_rejected_as_an_input(tmp_path: Path, data: DataSpec) -> None:
    steps = _steps(Formula(output="x", formula="0 * soc + 3"))
    with pytest.raises(VestimError, match="x is 3 in every row of the training files"):
        PrepareRun(tmp_path / "cache", data, signals=SignalsSpec(features=["x", "soc"]), steps=steps)


def test_a_grid_finer_than_the_rows_and_a_delay_are_reported(tmp_path: Path, data: DataSpec) -> None:
    steps: list[Step] = [Resample(period_s=0.1, method="linear"), Normalize()]
    for _ in range(2):  # prepared, then taken from the cache
        findings = PrepareRun(tmp_path / "cache", data, steps=steps).findings
        finer = [finding for finding in findings if finding.code == "resample.finer"]
        assert [finding.file for finding in finer] == ["a.csv", "b.csv", "c.csv", "d.csv"]
        assert finer[0].severity == "warning"
        assert '"a.csv" has a row every 1 s and is put on a grid of 0.1 s' in finer[0].message
        delays = [finding.message for finding in findings if finding.code == "resample.delay"]
        assert delays[0].startswith('Linear interpolation delays every signal of "a.csv" by one of its rows, 1 s')
    codes = {finding.code for finding in PrepareRun(tmp_path / "cache", data).findings}
    assert not codes & {"resample.finer", "resample.delay"}
