"""Jobs of the former program: every variant comes in, every bad one costs a sentence and nothing else."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.homes import open_service
from tests.jobs.legacy.former import (
    FNN,
    GRU,
    LSTM,
    RANGES,
    container_entry,
    former_job,
    former_task,
    older_entry,
    write,
)
from tests.spec.documents import real_document
from vestim_core.jobs.legacy.legacy_folder import FormerFolder
from vestim_core.jobs.legacy.legacy_results import read_predictions
from vestim_core.jobs.rebuild import rebuild
from vestim_core.jobs.registry import Registry
from vestim_core.jobs.service import JobService
from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import JobState
from vestim_core.system import Home

JOB = "job_20251014-180644"


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Where the former program kept its jobs."""
    folder = tmp_path / "old"
    folder.mkdir()
    return folder


def imported(service: JobService, *paths: Path) -> dict[str, list[dict[str, Any]]]:
    """All pages of an import as one answer."""
    found: dict[str, list[dict[str, Any]]] = {"imported": [], "known": [], "skipped": []}
    after = ""
    while True:
        with service.manager.unit():
            page = service.import_legacy([str(path) for path in paths], after)
        for kind, several in found.items():
            several += page[kind]
        after = page["next"]
        if not after:
            assert page["done"] == page["count"] == sum(map(len, found.values()))
            return found


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def task_of(service: JobService, task_id: str, job_id: str = JOB) -> dict[str, Any]:
    tasks = service.show_job(job_id)["tasks"]
    return dict(next(task for task in tasks if task["task_id"] == task_id))


def test_a_whole_job_with_history_results_and_provenance(service: JobService, old: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "was_unpickled"
    job = former_job(old, bomb=bomb)
    former_task(job, predictions=[(3.7, 3.71), (3.6, 3.58), (3.5, 3.5)])
    before = snapshot(old)
    found = imported(service, old)
    assert found["imported"] == [
        {"job_id": JOB, "name": JOB, "state": "done", "models": 1, "notes": [], "source": str(job)}
    ]
    shown = service.show_job(JOB)
    assert shown["imported"] and shown["tags"] == ["imported"] and shown["created_utc"].startswith("2025-10-14T")
    assert shown["ended_utc"][17:23] == f"{(44.917 + 5.9):.3f}"[:6]  # after as long as the training took
    assert shown["spec"]["data"]["columns"] == {
        "soc": "SOC",
        "current_A": "Current",
        "temperature_degC": "Temp",
        "voltage_V": "Voltage",
        "power_W": "Power",
    }
    train, test = shown["tasks"]
    assert (train["state"], train["has_model"], test["state"]) == ("done", True, "done")
    assert train["result"]["training"]["validation"] == {"rmse_mV": 24.5}
    assert train["progress"]["epoch"] == 3 and train["progress"]["max_epochs"] == 18
    best_mV = train["progress"]["best_validation_rmse_mV"]
    assert best_mV == pytest.approx(1000 * 1.3 * (0.01 / 3) ** 0.5)  # the range of the voltage takes it back to volts
    assert test["result"]["overall"]["test"]["rmse_mV"] == pytest.approx((500 / 3) ** 0.5)
    assert test["result"]["overall"]["test"]["bias_mV"] == pytest.approx(-10 / 3)  # prediction minus truth
    assert test["result"]["files"][0]["file"] == "drive_1.csv"
    about = json.loads((service.manager.folder(JOB).job_json).read_text())["provenance"]["imported"]
    assert about["source"] == str(job) and about["job_metadata"]["train_folder_path"] == "/home/user/cell/train"
    assert snapshot(old) == before and not bomb.exists()


def test_predictions_are_what_every_test_leaves(service: JobService, old: Path) -> None:
    import numpy as np

    former_task(former_job(old), predictions=[(3.7, 3.71), (3.6, 3.58)])
    imported(service, old)
    with np.load(service.manager.folder(JOB).result("test_001") / "predictions" / "drive_1.npz") as kept:
        assert kept["predicted"].tolist() == [3.71, 3.58] and kept["target"].tolist() == [3.7, 3.6]
        assert kept["time_s"].tolist() == [0.0, 1.0] and kept["segment"].tolist() == [0, 0]


def test_importing_twice_changes_nothing_and_a_deleted_job_comes_back(service: JobService, old: Path) -> None:
    former_task(former_job(old))
    imported(service, old)
    service.rename(JOB, "my favourite")
    again = imported(service, old)
    assert not again["imported"] and [one["job_id"] for one in again["known"]] == [JOB]
    assert service.show_job(JOB)["name"] == "my favourite"
    service.delete(JOB)
    assert [one["job_id"] for one in imported(service, old)["imported"]] == [JOB]
    assert service.show_job(JOB)["name"] == JOB


def test_another_job_of_a_known_id_is_named(service: JobService, old: Path) -> None:
    first, other = former_job(old / "a"), former_job(old / "b")
    former_task(first)
    found = imported(service, old)
    assert [one["source"] for one in found["imported"]] == [str(first)]
    (told,) = found["skipped"]
    assert f"job {JOB} is there already, from '{first}'" in told["sentence"] and f"'{other}'" in told["sentence"]
    write(other / "job_metadata.json", {"job_id": "job_20251014-180645"})
    again = imported(service, old)
    assert [one["job_id"] for one in again["imported"]] == ["job_20251014-180645"]
    assert [one["source"] for one in again["known"]] == [str(first)] and not again["skipped"]
    copy = service.duplicate(JOB)["job_id"]
    write(other / "job_metadata.json", {"job_id": copy})
    assert "which was not imported" in imported(service, other)["skipped"][0]["sentence"]


def test_a_lost_registry_is_rebuilt_with_imported_jobs(service: JobService, old: Path, tmp_path: Path) -> None:
    former_task(former_job(old), predictions=[(3.7, 3.71)])
    former_job(old, "job_20250101-000000")
    imported(service, old)
    before = service.show_job(JOB)
    service.manager.registry.close()
    Home(tmp_path / "home").registry.unlink()
    fresh = open_service(tmp_path / "home")
    assert rebuild(fresh.manager) == []
    after = fresh.show_job(JOB)
    for same in ("state", "tasks", "tags", "imported", "spec", "best", "validation", "created_utc"):
        assert after[same] == before[same], same
    assert fresh.manager.get("job_20250101-000000").provenance["imported"]["source"].endswith("job_20250101-000000")


def test_an_import_that_was_cut_off_is_finished_by_the_next(service: JobService, old: Path, tmp_path: Path) -> None:
    former_task(former_job(old))
    imported(service, old)
    service.manager.registry.close()
    (tmp_path / "home" / "registry.sqlite").unlink()  # the folder was renamed, the transaction never committed
    fresh = open_service(tmp_path / "home")
    (fresh.manager.home.jobs / f".incoming-{JOB}").mkdir()  # and another half one
    assert [one["job_id"] for one in imported(fresh, old)["imported"]] == [JOB]


def test_what_cannot_go_on_here_is_refused(service: JobService, old: Path) -> None:
    former_task(former_job(old), weights=None, summary=False)
    found = imported(service, old)["imported"][0]
    assert (found["state"], found["models"]) == ("stopped", 0)
    with pytest.raises(VestimError, match="trained in PyBattML and cannot go on here"):
        service.resume(JOB)
    with pytest.raises(VestimError, match="has no trained model"):
        service.test(JOB, ["x.csv"], [], False, {}, [])
    copy = service.duplicate(JOB)["job_id"]
    assert service.show_job(copy)["state"] == "draft" and not service.show_job(copy)["imported"]


@pytest.mark.parametrize(
    ("settings", "architecture", "sizes"),
    [
        (LSTM, "LSTM_ARCH_6_4", [6, 6]),
        ({**LSTM, "RNN_LAYER_SIZES": None, "HIDDEN_UNITS": "12", "LAYERS": "3"}, "LSTM_L3_HU12", [12, 12, 12]),
        (GRU, "GRU_L1_HU5", [5]),
        ({"MODEL_TYPE": "GRU"}, "GRU_ARCH_64_32", [64, 64]),
        ({}, "LSTM_L2_HU64", [64, 64]),
        ({}, "FNN_90_45", [90, 45]),
        ({}, "rank_1_of_5_LSTM_ARCH_64_32", [64, 64]),
        ({}, "rank_2_of_5_FNN_8", [8]),
        (FNN, "FNN_5_3", [5, 3]),
        ({**FNN, "HIDDEN_LAYER_SIZES": "7, 6"}, "FNN_7_6", [7, 6]),
    ],
)
def test_sizes_by_settings_and_by_the_name_of_the_folder(
    service: JobService, old: Path, settings: dict[str, Any], architecture: str, sizes: list[int]
) -> None:
    job = former_job(old, settings={"LOOKBACK": 5})
    former_task(job, settings, architecture=architecture, name="B4096_AdW_LR_CosineAnnealingWarmRestarts_VP180_rep_3")
    assert imported(service, old)["imported"][0]["models"] == 1
    trial = service.manager.get(JOB).tasks["train_001"].document["trial"]
    assert trial["model"]["sizes"] == sizes
    rolls = [step for step in trial["preparation"] if step["step"] == "pre_roll"]
    assert [step["rows"] for step in rolls] == ([] if trial["model"]["kind"] == "fnn" else ["first"])


def test_the_output_is_limited_as_it_was(service: JobService, old: Path) -> None:
    job = former_job(old)
    former_task(job, LSTM, name="a")
    former_task(job, GRU, architecture="GRU_L1_HU5", name="b")
    former_task(job, FNN, architecture="FNN_5_3", name="c")
    former_task(former_job(old, "job_20250102-000000", normalised=False), FNN, architecture="FNN_5_3")
    imported(service, old)
    limits = {
        task.document["trial"]["model"]["kind"]: task.document["trial"]["model"]["output_max"]
        for task in service.manager.get(JOB).tasks.values()
    }
    assert limits == {"lstm": None, "gru": pytest.approx(4.2), "fnn": pytest.approx(4.2)}
    (task,) = service.manager.get("job_20250102-000000").tasks.values()
    assert task.document["trial"]["model"]["output_min"] is None
    assert task.document["trial"]["preparation"][-1] == {"step": "normalise", "method": "none"}


def test_preparation_in_the_order_of_the_former_program(service: JobService, old: Path) -> None:
    done = {
        "applied_filters": [
            {
                "column": "Power",
                "output_column_name": "P_low",
                "corner_frequency": 0.02,
                "sampling_rate": 10.0,
                "filter_order": 3,
            }
        ],
        "created_columns": [
            {"column_name": "mix", "formula": "moving_average(Current, 30) - np.sqrt(np.abs(P_low)) + shift(SOC, 2)"},
            {"column_name": "evil", "formula": "__import__('os').system('true')"},
            {"column_name": "random", "formula": "Temp + noise(0, 1)"},
        ],
        "resampling": {"applied": True, "frequency": "1Hz"},
        "padding": {"applied": True, "length": 50, "resampling_frequency_for_padding": "1Hz"},
    }
    job = former_job(old, preparation=done, ranges=RANGES | {"P_low": (0.0, 1.0), "mix": (0.0, 1.0)})
    former_task(job, {**LSTM, "FEATURE_COLUMNS": ["SOC", "P_low", "mix"]})
    found = imported(service, old)["imported"][0]
    steps = service.manager.get(JOB).tasks["train_001"].document["trial"]["preparation"]
    assert [step["step"] for step in steps] == [
        "resample",
        "pre_roll",
        "butterworth",
        "formula",
        "formula",
        "pre_roll",
        "normalise",
    ]
    assert (steps[0]["period_s"], steps[1]["duration_s"], steps[1]["rows"]) == (1.0, 50.0, "rest")
    assert (steps[2]["cutoff_Hz"], steps[2]["order"], steps[2]["start"]) == (pytest.approx(0.002), 3, "zero")
    assert steps[3]["formula"] == "moving_average(current_A, 30) - np.sqrt(np.abs(P_low)) + shift(soc, 2)"
    assert (steps[5]["duration_s"], steps[5]["rows"]) == (7.0, "first")
    notes = " ".join(found["notes"])
    assert (
        "column 'evil' cannot be made here" in notes
        and "'random' holds noise" in notes
        and "begins one period earlier" in notes
    )
    assert steps[0]["max_gap_s"] > 1e8  # the former program took a file as one piece, however long it paused


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"INFERENCE_FILTER_TYPE": "EMA", "INFERENCE_FILTER_ALPHA": "0.1"}, {"kind": "ema"}),
        (
            {"INFERENCE_FILTER_TYPE": "Moving Average", "INFERENCE_FILTER_WINDOW_SIZE": "11"},
            {"kind": "moving_average", "window_s": 11.0},
        ),
        ({"INFERENCE_FILTER_TYPE": "Savitzky-Golay"}, {"kind": "savitzky_golay", "window_s": 101.0, "polynomial": 2}),
    ],
)
def test_the_inference_filter_is_a_setting_of_the_model(
    service: JobService, old: Path, said: dict[str, Any], kept: dict[str, Any]
) -> None:
    former_task(former_job(old), {**LSTM, **said})
    imported(service, old)
    found = service.manager.get(JOB).tasks["train_001"].document["trial"]["model"]["output_filter"]
    assert {key: found[key] for key in kept} == kept
    notes = service.manager.get(JOB).provenance["imported"]["notes"]
    assert [note for note in notes if "filter of predictions" in note and "looking back only" in note]


@pytest.mark.parametrize(
    ("architecture", "own", "taken", "told"),
    [
        ("FNN_5_3", {}, "relu", "'GELU'; relu is taken"),
        ("FNN_5_3", {"FNN_ACTIVATION": "Tanh"}, "tanh", ""),
        ("rank_1_of_5_FNN_5_3", {}, "gelu", ""),
    ],
)
def test_the_activation_is_that_which_the_network_was_built_with(
    service: JobService, old: Path, architecture: str, own: dict[str, Any], taken: str, told: str
) -> None:
    task = former_task(former_job(old, settings=FNN), {**FNN, **own}, architecture=architecture, name="T")
    write(task / "training_summary.json", {"hyperparameters": {**FNN, "FNN_ACTIVATION": "GELU"}})
    notes = " | ".join(imported(service, old)["imported"][0]["notes"])
    assert service.manager.get(JOB).tasks["train_001"].document["trial"]["model"]["activation"] == taken
    assert told in notes and ("activation" in notes) == bool(told)


def test_values_that_are_nothing_or_texts_hide_nothing(service: JobService, old: Path) -> None:
    job = former_job(old)
    first = former_task(job, name="a")
    losses = {"best_validation_loss_denormalized": None, "completed_epochs": "3", "training_time_seconds": "12.3"}
    write(first / "training_summary.json", losses)
    second = former_task(job, name="b", progress=None)
    history = [{"epoch": str(n), "train_loss_normalized": "0.04", "validation_loss_normalized": 0.01} for n in (1, 2)]
    write(second / "training_summary.json", {"training_history": history, "best_validation_loss_denormalized": "9.5"})
    info = json.loads((second / "task_info.json").read_text().replace("Infinity", "null"))
    write(second / "task_info.json", {**info, "repetition": "2"})
    imported(service, old)
    one, other = (task_of(service, task)["result"]["training"] for task in ("train_001", "train_002"))
    assert one["validation"] == {"rmse_mV": pytest.approx(1000 * 1.3 * (0.01 / 3) ** 0.5)}
    assert (one["elapsed_s"], one["epochs"]) == (12.3, 3)
    assert (other["validation"], other["epochs"]) == ({"rmse_mV": 9.5}, 2)
    assert service.manager.get(JOB).tasks["train_002"].document["trial"]["repetition"] == 2


@pytest.fixture
def west(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose time is behind UTC."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "WEST+9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("west")
def test_an_id_at_the_end_of_all_dates_comes_in(service: JobService, old: Path) -> None:
    former_task(former_job(old, "job_99991231-235959"))
    write(old / "job_99991231-235959" / "job_metadata.json", {})
    assert [one["job_id"] for one in imported(service, old)["imported"]] == ["job_99991231-235959"]


def test_columns_in_other_units_keep_their_names(service: JobService, old: Path) -> None:
    former_task(former_job(old, ranges=RANGES | {"SOC": (10.0, 91.0), "Voltage": (2900.0, 4200.0)}))
    imported(service, old)
    trial = service.manager.get(JOB).tasks["train_001"].document["trial"]
    assert trial["signals"] == {"features": ["SOC", "current_A", "temperature_degC"], "target": "Voltage"}


def test_windows_code_page_line_ends_paths_and_the_older_progress_file(service: JobService, old: Path) -> None:
    job = former_job(old, windows=True)
    former_task(job, progress="older", epochs=4)
    assert imported(service, old)["imported"][0]["notes"] == []
    assert service.show_job(JOB)["spec"]["data"]["train"] == ["C:\\Users\\ü\\cell\\train"]
    assert task_of(service, "train_001")["progress"]["epoch"] == 4


def test_a_table_of_results_where_predictions_are_gone(service: JobService, old: Path) -> None:
    job = former_job(old)
    former_task(job, name="T_rep_1")
    (job / f"test_results_summary_{JOB}.csv").write_text(
        "Sl.No,Task ID,Model,File Name,#W&Bs,Best Train Loss,Best Valid Loss,Epochs Trained,Test RMSE (mV),"
        "Test MAXE (mV),R2\n1.1,T_rep_1,LSTM,drive.csv,100,1,2,3,56.66,178.43,0.8273\n1.2,T_rep_1,LSTM,cut"
    )
    imported(service, old)
    file = task_of(service, "test_001")["result"]["files"][0]
    assert (file["file"], file["rmse_mV"], file["max_mV"], file["r2"]) == ("drive.csv", 56.66, 178.43, 0.8273)


def test_jobs_before_their_training_are_drafts(service: JobService, old: Path) -> None:
    former_job(old)
    write(old / "job_registry.json", {JOB: container_entry(JOB, "hyperparameters_set")})
    found = imported(service, old / "job_registry.json")["imported"][0]
    assert (found["state"], found["models"]) == ("draft", 0)
    shown = service.show_job(JOB)
    assert shown["spec"]["model"][0]["kind"] == "lstm" and not shown["imported"]
    service.save_data(JOB, real_document(old)["data"])
    assert service.start(JOB)["state"] == "queued"
    assert service.manager.job_containers[JOB].tasks.keys() >= {"prepare_1", "train_001", "test_001"}
    assert service.manager.get(JOB).provenance["imported"]["source"] == str(old / JOB)


def test_both_registries_stale_paths_damaged_entries_and_gone_folders(service: JobService, old: Path) -> None:
    ids = [f"job_20250101-00000{n}" for n in range(5)]
    for job_id in ids[:3]:
        former_task(former_job(old / ("sub" if job_id == ids[1] else ""), job_id), summary=False)
    former_task(former_job(old, ids[3]), weights=None, summary=False, progress=None)
    history = {"task_20251014180645_1_rep_1": {"train_losses": [0.04, 0.02], "val_losses": [0.03]}}
    entries = {
        ids[0]: container_entry(ids[0], "complete"),
        ids[1]: older_entry(ids[1], "training_completed"),
        ids[2]: container_entry(ids[2], "error", progress_message="CUDA out of memory"),
        ids[3]: container_entry(ids[3], "training", details={"history": history}),
        ids[4]: older_entry(ids[4]),
        "job_20250811-160000": {"job_id": None, "status": 7, "job_folder": ["x"], "details": "imported"},
        "job_20250811-160001": "text",
        "job_20250811-160002": {**older_entry("job_20250811-160002"), "job_folder": "../../../etc"},
        "job_20250811-160003": older_entry("job_20250811-160009"),
    }
    write(old / "job_registry.json", entries)
    found = imported(service, old / "job_registry.json")
    states = {one["job_id"]: one["state"] for one in found["imported"]}
    assert states == {ids[0]: "done", ids[1]: "done", ids[2]: "failed", ids[3]: "stopped"}
    notes = {one["job_id"]: " ".join(one["notes"]) for one in found["imported"]}
    assert "ended with an error (CUDA out of memory)" in notes[ids[2]]
    assert "'training' (Epoch 3/18)" in notes[ids[3]] and "nothing of it runs here" in notes[ids[3]]
    assert service.show_job(ids[3])["tasks"][0]["progress"]["epoch"] == 2
    sentences = [one["sentence"] for one in found["skipped"]]
    for words in ("is not there any more", "names no job", "is damaged", "'..'", "is about job"):
        assert any(words in sentence for sentence in sentences), words
    assert len(sentences) == 5 and all("\n" not in sentence for sentence in sentences)
    assert not service.show_job(ids[3])["error"]


def test_a_folder_is_searched_with_its_registry(service: JobService, old: Path) -> None:
    former_task(former_job(old / "a"), summary=False)
    former_task(former_job(old / "b", "job_20250101-000000"), summary=False)
    write(old / "job_registry.json", {JOB: container_entry(JOB, "complete")})
    found = imported(service, old)
    assert {one["job_id"]: one["state"] for one in found["imported"]} == {JOB: "done", "job_20250101-000000": "stopped"}
    assert imported(service, old / "a", old)["known"]


def test_whatever_is_no_job_gets_a_sentence(service: JobService, old: Path, tmp_path: Path) -> None:
    good = former_job(old / "good", "job_20250101-000000")
    former_task(good)
    (old / "broken").mkdir()
    (old / "broken" / "job_registry.json").write_text('{"job_20250102-000000": {"job_id"')
    (old / "list").mkdir()
    (old / "list" / "job_registry.json").write_text("[1, 2]")
    (old / "job_20250103-000000").mkdir()
    bad_id = former_job(old / "named", "job_20250104-000000")
    write(bad_id / "job_metadata.json", {"job_id": "../../escape"})
    (old / "job_20250105-000000").symlink_to(tmp_path)
    found = imported(service, old, tmp_path / "nowhere")
    assert [one["job_id"] for one in found["imported"]] == ["job_20250101-000000"]
    sentences = " | ".join(one["sentence"] for one in found["skipped"])
    for words in (
        "is no JSON",
        "is no registry",
        "holds nothing of one",
        "cannot be the id",
        "is a link",
        "no file or",
    ):
        assert words in sentences, words
    assert len(found["skipped"]) == 6
    own = service.manager.home.jobs / "job_20250101-000000"
    assert "is a job of Vestim" in imported(service, own)["skipped"][0]["sentence"]
    assert "there is no job of PyBattML" in imported(service, tmp_path / "home" / "keys")["skipped"][0]["sentence"]
    assert not (tmp_path / "escape").exists()


def test_a_closed_folder_costs_a_sentence_and_no_other_job(
    service: JobService, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"job_20250101-00000{n}" for n in range(3)]
    for job_id in (ids[0], ids[2]):
        former_task(former_job(old / "jobs", job_id))
    (old / "jobs" / ids[1]).mkdir()
    entries = {job_id: container_entry(job_id) for job_id in ids}
    entries["job_20250102-000000"] = {**older_entry("job_20250102-000000"), "job_folder": "/" + "x" * 300}
    entries = {"job_20250102-000000": entries.pop("job_20250102-000000"), **entries}
    write(old / "jobs" / "job_registry.json", entries)
    (old / "shut").mkdir()
    look = Path.stat

    def closed(self: Path, *, follow_symlinks: bool = True) -> Any:
        if self.parent.name in {"shut", ids[1]}:
            raise PermissionError(13, "Permission denied", str(self))
        return look(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", closed)
    for asked in (old / "jobs" / "job_registry.json", old):
        found = imported(service, asked)
        assert {one["job_id"] for one in found["imported"] + found["known"]} == {ids[0], ids[2]}
        sentences = " | ".join(one["sentence"] for one in found["skipped"])
        assert "too long" in sentences and "Permission denied" in sentences and ids[1] in sentences
    assert f"'{old / 'shut'}' cannot be opened" in sentences


def test_what_lies_deep_or_beyond_the_limit_is_named(
    service: JobService, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = former_job(old / "a" / "b" / "c" / "d")
    former_job(old / "e", "job_20250101-000000")
    found = imported(service, old)
    assert [one["job_id"] for one in found["imported"]] == ["job_20250101-000000"]
    (told,) = found["skipped"]
    assert str(deep.parent) in told["sentence"] and "name a folder nearer" in told["sentence"]
    assert [one["job_id"] for one in imported(service, old, deep.parent)["imported"]] == [JOB]
    monkeypatch.setattr("vestim_core.jobs.legacy.candidates.MAX_FOLDERS", 2)
    sentences = [one["sentence"] for one in imported(service, old)["skipped"]]
    assert any("behind 2 other folders" in one and str(old / "a" / "b") in one for one in sentences)


def test_a_job_half_written_brings_what_can_be_read(service: JobService, old: Path, tmp_path: Path) -> None:
    job = former_job(old)
    task = former_task(job)
    (job / "augmentation_metadata.json").write_text('{"applied_filters": [')
    (task / "training_summary.json").write_text("")
    with (task / "logs" / "training_progress.csv").open("ab") as log:
        log.truncate(1 << 30)
    (task / "test_results").mkdir()
    (task / "test_results" / "a_predictions.csv").write_text("nothing\n1\n")
    secret = tmp_path / "secret.json"
    secret.write_text('{"MODEL_TYPE": "SECRET"}')
    (job / "hyperparams.json").unlink()
    (job / "hyperparams.json").symlink_to(secret)
    write(job / "training_tasks_summary.json", [{"task_id": "task_gone"}])
    found = imported(service, old)["imported"][0]
    notes = " | ".join(found["notes"])
    for words in ("half-written", "larger than 32 MiB", "no columns of true", "leads out", "'task_gone' there is no"):
        assert words in notes, words
    assert found["state"] == "stopped" and found["models"] == 1
    assert all("\n" not in note for note in found["notes"])


def test_weights_without_a_scaler_are_no_model(service: JobService, old: Path) -> None:
    former_task(former_job(old, ranges={"Voltage": (2.9, 4.2)}))
    found = imported(service, old)["imported"][0]
    assert found["models"] == 0 and any(
        "do not tell the range of SOC, Current, Temp" in note for note in found["notes"]
    )


def test_settings_that_the_spec_does_not_allow_are_left_at_their_defaults(service: JobService, old: Path) -> None:
    job = former_job(old)
    former_task(job, {**LSTM, "INITIAL_LR": "-3", "MAX_EPOCHS": "many", "BATCH_SIZE": "0"}, name="odd")
    former_task(job, {**LSTM, "TARGET_COLUMN": "SOC"}, name="senseless")
    former_task(job, {"MODEL_TYPE": "TRANSFORMER"}, architecture="TRANSFORMER_4", name="unknown")
    found = imported(service, old)["imported"][0]
    notes = " | ".join(found["notes"])
    assert found["models"] == 1 and "learning_rate is left at its default" in notes
    assert "training 'senseless' is left out" in notes and "there is no model transformer" in notes


def test_many_jobs_come_in_page_by_page(service: JobService, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestim_core.jobs.legacy.importing.CALL_S", 0.0)
    for number in range(4):
        former_task(former_job(old, f"job_20250101-00000{number}"))
    after, pages = "", 0
    while True:
        with service.manager.unit():
            page = service.import_legacy([str(old)], after)
        pages += 1
        assert len(page["imported"]) == 1 and page["count"] == 4 and page["done"] == pages
        after = page["next"]
        if not after:
            break
    assert pages == 4
    with pytest.raises(VestimError, match="named as next"):
        service.import_legacy([str(old)], "x")


def test_nothing_is_left_when_the_disk_takes_nothing_more(
    service: JobService, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former_task(former_job(old))

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    found = imported(service, old)
    assert "No space left on device" in found["skipped"][0]["sentence"]
    assert list(service.manager.home.jobs.iterdir()) == []


def test_a_failed_transaction_leaves_a_folder_that_the_next_import_takes(service: JobService, old: Path) -> None:
    former_task(former_job(old))
    with pytest.raises(RuntimeError), service.manager.unit():
        service.import_legacy([str(old)])
        raise RuntimeError("the disk is full")
    assert not service.manager.registry.has(JOB)
    assert service.manager.job_containers == {}
    assert [one["job_id"] for one in imported(service, old)["imported"]] == [JOB]
    assert service.manager.get(JOB).state is JobState.DONE
    assert isinstance(service.manager.registry, Registry)


def test_how_often_the_first_row_was_repeated(service: JobService, old: Path) -> None:
    job = former_job(old, settings={"LOOKBACK": "50,100"})
    silent = {key: value for key, value in LSTM.items() if key != "LOOKBACK"}
    former_task(job, {**LSTM, "LOOKBACK": "12"}, name="a")
    former_task(job, silent, name="b_L33_c")
    write(job / "hyperparams.json", {"MAX_EPOCHS": 3})
    former_task(job, silent, name="c_L33_c")
    former_task(job, silent, name="d")
    for task in ("b_L33_c", "c_L33_c", "d"):
        (job / "models" / "LSTM_ARCH_6_4" / task / "training_summary.json").unlink()
    imported(service, old)
    steps = [task.document["trial"]["preparation"] for task in service.manager.get(JOB).tasks.values()]
    assert [several[-2]["duration_s"] for several in steps] == [12.0, 33.0, 33.0, 400.0]


def test_tests_on_new_files_are_named_and_phases_have_passed(service: JobService, old: Path) -> None:
    job = former_job(old)
    (former_task(job) / "new_test_20251101").mkdir()
    assert "new_test_20251101" in imported(service, old)["imported"][0]["notes"][0]
    states = {manager["phase"]: manager["state"] for manager in service.show_job(JOB)["managers"]}
    assert states == dict.fromkeys(states, "done") | {"testing": "waiting"}


def test_predictions_beyond_the_limit_of_a_job_are_figures_of_the_table(
    service: JobService, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = former_job(old)
    for name in ("a", "b"):
        former_task(job, name=name, predictions=[(3.7, 3.71)] * 9)
    size = (job / "models" / "LSTM_ARCH_6_4" / "a" / "test_results" / "drive_1_predictions.csv").stat().st_size
    monkeypatch.setattr("vestim_core.jobs.legacy.legacy_results.MAX_PREDICTION_BYTES", 2 * size - 1)
    (job / "test_results_summary_x.csv").write_text("Task ID,File Name,Test RMSE (mV)\nb,drive_1.csv,12.5\n")
    (note,) = imported(service, old)["imported"][0]["notes"]
    assert "of the 1 predicted files of 'b' 0 are read" in note
    results = [task_of(service, test)["result"]["files"][0] for test in ("test_001", "test_002")]
    assert [(one["rows"], one["rmse_mV"]) for one in results] == [(9, pytest.approx(10.0)), (0, 12.5)]


def test_a_quote_that_never_ends_spoils_its_own_line_alone(service: JobService, old: Path) -> None:
    job = former_job(old)
    task = former_task(job, name="T_rep_1", predictions=[(3.7, 3.71), (3.6, 3.61)])
    endless = '"' + "x" * 140_000 + "\n"
    with (task / "logs" / "training_progress.csv").open("a") as log:
        log.write(endless + "4,0.01,0.0001,0.0001,0.005,2.0,0.01,0,1.0,0.5\n")
    with (task / "test_results" / "drive_1_predictions.csv").open("a") as predictions:
        predictions.write(endless + "3,3.5,3.51,-10\n")
    (job / "test_results_summary_x.csv").write_text(
        f'Task ID,File Name,Test RMSE (mV)\n{endless}T_rep_1,"cold, slow.csv",12.5\n'
    )
    imported(service, old)
    assert task_of(service, "train_001")["progress"]["epoch"] == 4
    files = {one["file"]: one for one in task_of(service, "test_001")["result"]["files"]}
    assert files["drive_1.csv"]["rows"] == 3 and files["cold, slow.csv"]["rmse_mV"] == 12.5


def test_predictions_of_standalone_tests(tmp_path: Path) -> None:
    path = tmp_path / "x_predictions.csv"
    path.write_text("Time (h),True_Voltage,Predicted_Voltage,Error\n0.0,3.7,3.71,0.01\n0.5,3.6,3.58,-0.02\n0.6,3.5")
    found = read_predictions(FormerFolder(tmp_path), path, "voltage_V")
    assert (found.file, found.time_s.tolist()) == ("x.csv", [0.0, 1800.0])
    assert found.figures["bias_mV"] == pytest.approx(-5.0) and found.figures["max_mV"] == pytest.approx(20.0)
    path.write_text("Timestamp,True SOC (%),Predicted SOC (%),Error\n2025-01-01 10:00:00,50,51,-1\nx,,52,0\n")
    found = read_predictions(FormerFolder(tmp_path), path, "soc")
    assert found.time_s.tolist() == [0.0, 1.0] and found.predicted.tolist() == [0.51, 0.52]
    assert found.figures["rmse_percent"] == pytest.approx(1.0)  # where the truth is known
    path.write_text("Timestamp,True SOC (%),Predicted SOC (%)\n0,,50\n1,60,61\n")
    assert read_predictions(FormerFolder(tmp_path), path, "soc").predicted.tolist() == [0.5, 0.61]
