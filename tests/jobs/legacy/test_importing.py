"""Import of legacy jobs: every variant is imported, every damaged one costs one message and nothing else."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.job_services import open_service
from tests.jobs.legacy.legacy_jobs import (
    FNN,
    GRU,
    LSTM,
    RANGES,
    container_entry,
    make_legacy_job,
    make_legacy_task,
    older_entry,
    write,
)
from tests.spec.documents import job_document_with_files
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.job_service import JobService
from vestim_core.jobs.legacy.legacy_folder import LegacyFolder
from vestim_core.jobs.legacy.legacy_results import read_predictions
from vestim_core.jobs.registry_rebuild import rebuild
from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import JobState
from vestim_core.system import Home

JOB = "job_20251014-180644"


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


@pytest.fixture
def legacy_root(tmp_path: Path) -> Path:
    """Folder of the legacy jobs."""
    folder = tmp_path / "old"
    folder.mkdir()
    return folder


def import_all(service: JobService, *paths: Path) -> dict[str, list[dict[str, Any]]]:
    """Import all pages and return them as one reply."""
    reply: dict[str, list[dict[str, Any]]] = {"imported": [], "known": [], "skipped": []}
    cursor = ""
    while True:
        with service.manager.unit_of_work():
            page = service.import_legacy([str(path) for path in paths], cursor)
        for kind, entries in reply.items():
            entries += page[kind]
        cursor = page["next"]
        if not cursor:
            assert page["done"] == page["count"] == sum(map(len, reply.values()))
            return reply


def snapshot(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder, by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def task_of(service: JobService, task_id: str, job_id: str = JOB) -> dict[str, Any]:
    tasks = service.show_job(job_id)["tasks"]
    return dict(next(task for task in tasks if task["task_id"] == task_id))


def test_a_job_keeps_history_results_and_provenance(service: JobService, legacy_root: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "was_unpickled"
    job = make_legacy_job(legacy_root, bomb=bomb)
    make_legacy_task(job, predictions=[(3.7, 3.71), (3.6, 3.58), (3.5, 3.5)])
    expected_files = snapshot(legacy_root)
    reply = import_all(service, legacy_root)
    assert reply["imported"] == [
        {"job_id": JOB, "name": JOB, "state": "done", "models": 1, "notes": [], "source": str(job)}
    ]
    job_status = service.show_job(JOB)
    assert (
        job_status["imported"]
        and job_status["tags"] == ["imported"]
        and job_status["created_utc"].startswith("2025-10-14T")
    )
    assert job_status["ended_utc"][17:23] == f"{(44.917 + 5.9):.3f}"[:6]  # creation time plus the training's duration
    assert job_status["spec"]["data"]["columns"] == {
        "soc": "SOC",
        "current_A": "Current",
        "temperature_degC": "Temp",
        "voltage_V": "Voltage",
        "power_W": "Power",
    }
    train, test = job_status["tasks"]
    assert (train["state"], train["has_model"], test["state"]) == ("done", True, "done")
    assert train["result"]["training"]["validation"] == {"rmse_mV": 24.5}
    assert train["progress"]["epoch"] == 3 and train["progress"]["max_epochs"] == 18
    best_mV = train["progress"]["best_validation_rmse_mV"]
    assert best_mV == pytest.approx(1000 * 1.3 * (0.01 / 3) ** 0.5)  # scaled back to volts by the range of the voltage
    assert test["result"]["overall"]["test"]["rmse_mV"] == pytest.approx((500 / 3) ** 0.5)
    assert test["result"]["overall"]["test"]["bias_mV"] == pytest.approx(-10 / 3)  # prediction minus truth
    assert test["result"]["files"][0]["file"] == "drive_1.csv"
    provenance = json.loads((service.manager.folder(JOB).job_json).read_text())["provenance"]["imported"]
    assert (
        provenance["source"] == str(job) and provenance["job_metadata"]["train_folder_path"] == "/home/user/cell/train"
    )
    assert snapshot(legacy_root) == expected_files and not bomb.exists()


def test_predictions_have_the_format_of_every_test(service: JobService, legacy_root: Path) -> None:
    import numpy as np

    make_legacy_task(make_legacy_job(legacy_root), predictions=[(3.7, 3.71), (3.6, 3.58)])
    import_all(service, legacy_root)
    with np.load(service.manager.folder(JOB).result("test_001") / "predictions" / "drive_1.npz") as arrays:
        assert arrays["predicted"].tolist() == [3.71, 3.58] and arrays["target"].tolist() == [3.7, 3.6]
        assert arrays["time_s"].tolist() == [0.0, 1.0] and arrays["segment"].tolist() == [0, 0]


def test_importing_twice_changes_nothing_and_a_deleted_job_comes_back(service: JobService, legacy_root: Path) -> None:
    make_legacy_task(make_legacy_job(legacy_root))
    import_all(service, legacy_root)
    service.rename(JOB, "my favorite")
    second_reply = import_all(service, legacy_root)
    assert not second_reply["imported"] and [entry["job_id"] for entry in second_reply["known"]] == [JOB]
    assert service.show_job(JOB)["name"] == "my favorite"
    service.delete(JOB)
    assert [entry["job_id"] for entry in import_all(service, legacy_root)["imported"]] == [JOB]
    assert service.show_job(JOB)["name"] == JOB


def test_another_job_with_a_known_id_is_skipped(service: JobService, legacy_root: Path) -> None:
    first, second = make_legacy_job(legacy_root / "a"), make_legacy_job(legacy_root / "b")
    make_legacy_task(first)
    reply = import_all(service, legacy_root)
    assert [entry["source"] for entry in reply["imported"]] == [str(first)]
    (skipped,) = reply["skipped"]
    assert f"job {JOB} is there already, from '{first}'" in skipped["message"] and f"'{second}'" in skipped["message"]
    write(second / "job_metadata.json", {"job_id": "job_20251014-180645"})
    second_reply = import_all(service, legacy_root)
    assert [entry["job_id"] for entry in second_reply["imported"]] == ["job_20251014-180645"]
    assert [entry["source"] for entry in second_reply["known"]] == [str(first)] and not second_reply["skipped"]
    copy_id = service.duplicate(JOB)["job_id"]
    write(second / "job_metadata.json", {"job_id": copy_id})
    assert "which was not imported" in import_all(service, second)["skipped"][0]["message"]


def test_a_lost_registry_is_rebuilt_with_imported_jobs(service: JobService, legacy_root: Path, tmp_path: Path) -> None:
    make_legacy_task(make_legacy_job(legacy_root), predictions=[(3.7, 3.71)])
    make_legacy_job(legacy_root, "job_20250101-000000")
    import_all(service, legacy_root)
    expected = service.show_job(JOB)
    service.manager.registry.close()
    Home(tmp_path / "home").registry.unlink()
    reopened = open_service(tmp_path / "home")
    assert rebuild(reopened.manager) == []
    rebuilt = reopened.show_job(JOB)
    for key in ("state", "tasks", "tags", "imported", "spec", "best", "validation", "created_utc"):
        assert rebuilt[key] == expected[key], key
    assert reopened.manager.get("job_20250101-000000").provenance["imported"]["source"].endswith("job_20250101-000000")


def test_an_interrupted_import_is_completed_by_the_next(service: JobService, legacy_root: Path, tmp_path: Path) -> None:
    make_legacy_task(make_legacy_job(legacy_root))
    import_all(service, legacy_root)
    service.manager.registry.close()
    (tmp_path / "home" / "registry.sqlite").unlink()  # the folder was renamed, the transaction never committed
    reopened = open_service(tmp_path / "home")
    (reopened.manager.home.jobs / f".incoming-{JOB}").mkdir()  # and another incomplete one
    assert [entry["job_id"] for entry in import_all(reopened, legacy_root)["imported"]] == [JOB]


def test_an_imported_job_cannot_be_resumed(service: JobService, legacy_root: Path) -> None:
    make_legacy_task(make_legacy_job(legacy_root), weights=None, summary=False)
    entry = import_all(service, legacy_root)["imported"][0]
    assert (entry["state"], entry["models"]) == ("stopped", 0)
    with pytest.raises(VestimError, match="trained in PyBattML and cannot go on here"):
        service.resume(JOB)
    with pytest.raises(VestimError, match="has no trained model"):
        service.evaluate(JOB, ["x.csv"], [], False, {}, [])
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
    service: JobService, legacy_root: Path, settings: dict[str, Any], architecture: str, sizes: list[int]
) -> None:
    job = make_legacy_job(legacy_root, settings={"LOOKBACK": 5})
    make_legacy_task(
        job, settings, architecture=architecture, name="B4096_AdW_LR_CosineAnnealingWarmRestarts_VP180_rep_3"
    )
    assert import_all(service, legacy_root)["imported"][0]["models"] == 1
    trial = service.manager.get(JOB).tasks["train_001"].document["trial"]
    assert trial["model"]["sizes"] == sizes
    rolls = [step for step in trial["preparation"] if step["step"] == "pre_roll"]
    assert [step["rows"] for step in rolls] == ([] if trial["model"]["kind"] == "fnn" else ["first"])


def test_the_output_limits_are_kept(service: JobService, legacy_root: Path) -> None:
    job = make_legacy_job(legacy_root)
    make_legacy_task(job, LSTM, name="a")
    make_legacy_task(job, GRU, architecture="GRU_L1_HU5", name="b")
    make_legacy_task(job, FNN, architecture="FNN_5_3", name="c")
    make_legacy_task(
        make_legacy_job(legacy_root, "job_20250102-000000", is_normalized=False), FNN, architecture="FNN_5_3"
    )
    import_all(service, legacy_root)
    limits = {
        task.document["trial"]["model"]["kind"]: task.document["trial"]["model"]["output_max"]
        for task in service.manager.get(JOB).tasks.values()
    }
    assert limits == {"lstm": None, "gru": pytest.approx(4.2), "fnn": pytest.approx(4.2)}
    (task,) = service.manager.get("job_20250102-000000").tasks.values()
    assert task.document["trial"]["model"]["output_min"] is None
    assert task.document["trial"]["preparation"][-1] == {"step": "normalize", "method": "none"}


def test_preparation_keeps_the_legacy_order(service: JobService, legacy_root: Path) -> None:
    preparation = {
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
    job = make_legacy_job(
        legacy_root, preparation=preparation, ranges=RANGES | {"P_low": (0.0, 1.0), "mix": (0.0, 1.0)}
    )
    make_legacy_task(job, {**LSTM, "FEATURE_COLUMNS": ["SOC", "P_low", "mix"]})
    entry = import_all(service, legacy_root)["imported"][0]
    steps = service.manager.get(JOB).tasks["train_001"].document["trial"]["preparation"]
    assert [step["step"] for step in steps] == [
        "resample",
        "pre_roll",
        "butterworth",
        "formula",
        "formula",
        "pre_roll",
        "normalize",
    ]
    assert (steps[0]["period_s"], steps[1]["duration_s"], steps[1]["rows"]) == (1.0, 50.0, "rest")
    assert (steps[2]["cutoff_Hz"], steps[2]["order"], steps[2]["start"]) == (pytest.approx(0.002), 3, "zero")
    assert steps[3]["formula"] == "moving_average(current_A, 30) - np.sqrt(np.abs(P_low)) + shift(soc, 2)"
    assert (steps[5]["duration_s"], steps[5]["rows"]) == (7.0, "first")
    notes = " ".join(entry["notes"])
    assert (
        "column 'evil' cannot be made here" in notes
        and "'random' holds noise" in notes
        and "begins one period earlier" in notes
    )
    assert steps[0]["max_gap_s"] > 1e8  # PyBattML treated a file as one segment, whatever its gaps


@pytest.mark.parametrize(
    ("settings", "expected"),
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
    service: JobService, legacy_root: Path, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    make_legacy_task(make_legacy_job(legacy_root), {**LSTM, **settings})
    import_all(service, legacy_root)
    output_filter = service.manager.get(JOB).tasks["train_001"].document["trial"]["model"]["output_filter"]
    assert {key: output_filter[key] for key in expected} == expected
    notes = service.manager.get(JOB).provenance["imported"]["notes"]
    assert [note for note in notes if "filter of predictions" in note and "looking back only" in note]


@pytest.mark.parametrize(
    ("architecture", "task_settings", "activation", "note"),
    [
        ("FNN_5_3", {}, "relu", "'GELU'; relu is taken"),
        ("FNN_5_3", {"FNN_ACTIVATION": "Tanh"}, "tanh", ""),
        ("rank_1_of_5_FNN_5_3", {}, "gelu", ""),
    ],
)
def test_the_activation_is_the_one_of_the_trained_network(
    service: JobService, legacy_root: Path, architecture: str, task_settings: dict[str, Any], activation: str, note: str
) -> None:
    task = make_legacy_task(
        make_legacy_job(legacy_root, settings=FNN), {**FNN, **task_settings}, architecture=architecture, name="T"
    )
    write(task / "training_summary.json", {"hyperparameters": {**FNN, "FNN_ACTIVATION": "GELU"}})
    notes = " | ".join(import_all(service, legacy_root)["imported"][0]["notes"])
    assert service.manager.get(JOB).tasks["train_001"].document["trial"]["model"]["activation"] == activation
    assert note in notes and ("activation" in notes) == bool(note)


def test_missing_and_text_values_hide_nothing(service: JobService, legacy_root: Path) -> None:
    job = make_legacy_job(legacy_root)
    first = make_legacy_task(job, name="a")
    losses = {"best_validation_loss_denormalized": None, "completed_epochs": "3", "training_time_seconds": "12.3"}
    write(first / "training_summary.json", losses)
    second = make_legacy_task(job, name="b", progress=None)
    history = [{"epoch": str(n), "train_loss_normalized": "0.04", "validation_loss_normalized": 0.01} for n in (1, 2)]
    write(second / "training_summary.json", {"training_history": history, "best_validation_loss_denormalized": "9.5"})
    info = json.loads((second / "task_info.json").read_text().replace("Infinity", "null"))
    write(second / "task_info.json", {**info, "repetition": "2"})
    import_all(service, legacy_root)
    first_result, second_result = (task_of(service, task)["result"]["training"] for task in ("train_001", "train_002"))
    assert first_result["validation"] == {"rmse_mV": pytest.approx(1000 * 1.3 * (0.01 / 3) ** 0.5)}
    assert (first_result["elapsed_s"], first_result["epochs"]) == (12.3, 3)
    assert (second_result["validation"], second_result["epochs"]) == ({"rmse_mV": 9.5}, 2)
    assert service.manager.get(JOB).tasks["train_002"].document["trial"]["repetition"] == 2


@pytest.fixture
def west(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is behind UTC."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "WEST+9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("west")
def test_an_id_with_the_latest_date_is_imported(service: JobService, legacy_root: Path) -> None:
    make_legacy_task(make_legacy_job(legacy_root, "job_99991231-235959"))
    write(legacy_root / "job_99991231-235959" / "job_metadata.json", {})
    assert [entry["job_id"] for entry in import_all(service, legacy_root)["imported"]] == ["job_99991231-235959"]


def test_columns_in_other_units_keep_their_names(service: JobService, legacy_root: Path) -> None:
    make_legacy_task(make_legacy_job(legacy_root, ranges=RANGES | {"SOC": (10.0, 91.0), "Voltage": (2900.0, 4200.0)}))
    import_all(service, legacy_root)
    trial = service.manager.get(JOB).tasks["train_001"].document["trial"]
    assert trial["signals"] == {"features": ["SOC", "current_A", "temperature_degC"], "target": "Voltage"}


def test_windows_code_page_line_ends_paths_and_the_older_progress_file(service: JobService, legacy_root: Path) -> None:
    job = make_legacy_job(legacy_root, windows=True)
    make_legacy_task(job, progress="older", epochs=4)
    assert import_all(service, legacy_root)["imported"][0]["notes"] == []
    assert service.show_job(JOB)["spec"]["data"]["train"] == ["C:\\Users\\ü\\cell\\train"]
    assert task_of(service, "train_001")["progress"]["epoch"] == 4


def test_a_table_of_results_where_predictions_are_gone(service: JobService, legacy_root: Path) -> None:
    job = make_legacy_job(legacy_root)
    make_legacy_task(job, name="T_rep_1")
    (job / f"test_results_summary_{JOB}.csv").write_text(
        "Sl.No,Task ID,Model,File Name,#W&Bs,Best Train Loss,Best Valid Loss,Epochs Trained,Test RMSE (mV),"
        "Test MAXE (mV),R2\n1.1,T_rep_1,LSTM,drive.csv,100,1,2,3,56.66,178.43,0.8273\n1.2,T_rep_1,LSTM,cut"
    )
    import_all(service, legacy_root)
    file = task_of(service, "test_001")["result"]["files"][0]
    assert (file["file"], file["rmse_mV"], file["max_mV"], file["r2"]) == ("drive.csv", 56.66, 178.43, 0.8273)


def test_jobs_before_their_training_are_drafts(service: JobService, legacy_root: Path) -> None:
    make_legacy_job(legacy_root)
    write(legacy_root / "job_registry.json", {JOB: container_entry(JOB, "hyperparameters_set")})
    entry = import_all(service, legacy_root / "job_registry.json")["imported"][0]
    assert (entry["state"], entry["models"]) == ("draft", 0)
    job_status = service.show_job(JOB)
    assert job_status["spec"]["model"][0]["kind"] == "lstm" and not job_status["imported"]
    service.save_data(JOB, job_document_with_files(legacy_root)["data"])
    assert service.start(JOB)["state"] == "queued"
    assert service.manager.job_containers[JOB].tasks.keys() >= {"prepare_1", "train_001", "test_001"}
    assert service.manager.get(JOB).provenance["imported"]["source"] == str(legacy_root / JOB)


def test_both_registries_stale_paths_damaged_entries_and_gone_folders(service: JobService, legacy_root: Path) -> None:
    ids = [f"job_20250101-00000{n}" for n in range(5)]
    for job_id in ids[:3]:
        make_legacy_task(make_legacy_job(legacy_root / ("sub" if job_id == ids[1] else ""), job_id), summary=False)
    make_legacy_task(make_legacy_job(legacy_root, ids[3]), weights=None, summary=False, progress=None)
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
    write(legacy_root / "job_registry.json", entries)
    reply = import_all(service, legacy_root / "job_registry.json")
    states = {entry["job_id"]: entry["state"] for entry in reply["imported"]}
    assert states == {ids[0]: "done", ids[1]: "done", ids[2]: "failed", ids[3]: "stopped"}
    notes = {entry["job_id"]: " ".join(entry["notes"]) for entry in reply["imported"]}
    assert "ended with an error (CUDA out of memory)" in notes[ids[2]]
    assert "'training' (Epoch 3/18)" in notes[ids[3]] and "nothing of it runs here" in notes[ids[3]]
    assert service.show_job(ids[3])["tasks"][0]["progress"]["epoch"] == 2
    messages = [entry["message"] for entry in reply["skipped"]]
    for expected_text in ("is not there any more", "names no job", "is damaged", "'..'", "is about job"):
        assert any(expected_text in message for message in messages), expected_text
    assert len(messages) == 5 and all("\n" not in message for message in messages)
    assert not service.show_job(ids[3])["error"]


def test_a_folder_is_searched_with_its_registry(service: JobService, legacy_root: Path) -> None:
    make_legacy_task(make_legacy_job(legacy_root / "a"), summary=False)
    make_legacy_task(make_legacy_job(legacy_root / "b", "job_20250101-000000"), summary=False)
    write(legacy_root / "job_registry.json", {JOB: container_entry(JOB, "complete")})
    reply = import_all(service, legacy_root)
    assert {entry["job_id"]: entry["state"] for entry in reply["imported"]} == {
        JOB: "done",
        "job_20250101-000000": "stopped",
    }
    assert import_all(service, legacy_root / "a", legacy_root)["known"]


def test_everything_else_gets_a_message(service: JobService, legacy_root: Path, tmp_path: Path) -> None:
    good = make_legacy_job(legacy_root / "good", "job_20250101-000000")
    make_legacy_task(good)
    (legacy_root / "broken").mkdir()
    (legacy_root / "broken" / "job_registry.json").write_text('{"job_20250102-000000": {"job_id"')
    (legacy_root / "list").mkdir()
    (legacy_root / "list" / "job_registry.json").write_text("[1, 2]")
    (legacy_root / "job_20250103-000000").mkdir()
    bad_id = make_legacy_job(legacy_root / "named", "job_20250104-000000")
    write(bad_id / "job_metadata.json", {"job_id": "../../escape"})
    (legacy_root / "job_20250105-000000").symlink_to(tmp_path)
    reply = import_all(service, legacy_root, tmp_path / "nowhere")
    assert [entry["job_id"] for entry in reply["imported"]] == ["job_20250101-000000"]
    messages = " | ".join(entry["message"] for entry in reply["skipped"])
    for expected_text in (
        "is no JSON",
        "is no registry",
        "holds nothing of one",
        "cannot be the id",
        "is a link",
        "no file or",
    ):
        assert expected_text in messages, expected_text
    assert len(reply["skipped"]) == 6
    job_folder = service.manager.home.jobs / "job_20250101-000000"
    assert "is a job of Vestim" in import_all(service, job_folder)["skipped"][0]["message"]
    assert "there is no job of PyBattML" in import_all(service, tmp_path / "home" / "keys")["skipped"][0]["message"]
    assert not (tmp_path / "escape").exists()


def test_a_closed_folder_gives_a_message_and_stops_no_other_job(
    service: JobService, legacy_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"job_20250101-00000{n}" for n in range(3)]
    for job_id in (ids[0], ids[2]):
        make_legacy_task(make_legacy_job(legacy_root / "jobs", job_id))
    (legacy_root / "jobs" / ids[1]).mkdir()
    entries = {job_id: container_entry(job_id) for job_id in ids}
    entries["job_20250102-000000"] = {**older_entry("job_20250102-000000"), "job_folder": "/" + "x" * 300}
    entries = {"job_20250102-000000": entries.pop("job_20250102-000000"), **entries}
    write(legacy_root / "jobs" / "job_registry.json", entries)
    (legacy_root / "shut").mkdir()
    original_stat = Path.stat

    def closed_stat(self: Path, *, follow_symlinks: bool = True) -> Any:
        if self.parent.name in {"shut", ids[1]}:
            raise PermissionError(13, "Permission denied", str(self))
        return original_stat(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", closed_stat)
    for path in (legacy_root / "jobs" / "job_registry.json", legacy_root):
        reply = import_all(service, path)
        assert {entry["job_id"] for entry in reply["imported"] + reply["known"]} == {ids[0], ids[2]}
        messages = " | ".join(entry["message"] for entry in reply["skipped"])
        assert "too long" in messages and "Permission denied" in messages and ids[1] in messages
    assert f"'{legacy_root / 'shut'}' cannot be opened" in messages


def test_folders_beyond_the_limits_are_named(
    service: JobService, legacy_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = make_legacy_job(legacy_root / "a" / "b" / "c" / "d")
    make_legacy_job(legacy_root / "e", "job_20250101-000000")
    reply = import_all(service, legacy_root)
    assert [entry["job_id"] for entry in reply["imported"]] == ["job_20250101-000000"]
    (skipped,) = reply["skipped"]
    assert str(deep.parent) in skipped["message"] and "name a folder nearer" in skipped["message"]
    assert [entry["job_id"] for entry in import_all(service, legacy_root, deep.parent)["imported"]] == [JOB]
    monkeypatch.setattr("vestim_core.jobs.legacy.import_candidates.MAX_FOLDERS", 2)
    messages = [entry["message"] for entry in import_all(service, legacy_root)["skipped"]]
    assert any("behind 2 other folders" in message and str(legacy_root / "a" / "b") in message for message in messages)


def test_the_readable_part_of_an_incomplete_job_is_imported(
    service: JobService, legacy_root: Path, tmp_path: Path
) -> None:
    job = make_legacy_job(legacy_root)
    task = make_legacy_task(job)
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
    entry = import_all(service, legacy_root)["imported"][0]
    notes = " | ".join(entry["notes"])
    for expected_text in (
        "half-written",
        "larger than 32 MiB",
        "no columns of true",
        "leads out",
        "'task_gone' there is no",
    ):
        assert expected_text in notes, expected_text
    assert entry["state"] == "stopped" and entry["models"] == 1
    assert all("\n" not in note for note in entry["notes"])


def test_weights_without_a_scaler_are_no_model(service: JobService, legacy_root: Path) -> None:
    make_legacy_task(make_legacy_job(legacy_root, ranges={"Voltage": (2.9, 4.2)}))
    entry = import_all(service, legacy_root)["imported"][0]
    assert entry["models"] == 0 and any(
        "do not tell the range of SOC, Current, Temp" in note for note in entry["notes"]
    )


def test_settings_that_the_spec_does_not_allow_are_left_at_their_defaults(
    service: JobService, legacy_root: Path
) -> None:
    job = make_legacy_job(legacy_root)
    make_legacy_task(job, {**LSTM, "INITIAL_LR": "-3", "MAX_EPOCHS": "many", "BATCH_SIZE": "0"}, name="odd")
    make_legacy_task(job, {**LSTM, "TARGET_COLUMN": "SOC"}, name="senseless")
    make_legacy_task(job, {"MODEL_TYPE": "TRANSFORMER"}, architecture="TRANSFORMER_4", name="unknown")
    entry = import_all(service, legacy_root)["imported"][0]
    notes = " | ".join(entry["notes"])
    assert entry["models"] == 1 and "learning_rate is left at its default" in notes
    assert "training 'senseless' is left out" in notes and "there is no model transformer" in notes


def test_many_jobs_are_imported_page_by_page(
    service: JobService, legacy_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestim_core.jobs.legacy.legacy_importer.CALL_S", 0.0)
    for index in range(4):
        make_legacy_task(make_legacy_job(legacy_root, f"job_20250101-00000{index}"))
    cursor, page_count = "", 0
    while True:
        with service.manager.unit_of_work():
            page = service.import_legacy([str(legacy_root)], cursor)
        page_count += 1
        assert len(page["imported"]) == 1 and page["count"] == 4 and page["done"] == page_count
        cursor = page["next"]
        if not cursor:
            break
    assert page_count == 4
    with pytest.raises(VestimError, match="named as next"):
        service.import_legacy([str(legacy_root)], "x")


def test_a_full_disk_leaves_no_partial_job(
    service: JobService, legacy_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_legacy_task(make_legacy_job(legacy_root))

    def fail(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", fail)
    reply = import_all(service, legacy_root)
    assert "No space left on device" in reply["skipped"][0]["message"]
    assert list(service.manager.home.jobs.iterdir()) == []


def test_a_folder_from_a_failed_transaction_is_used_by_the_next_import(service: JobService, legacy_root: Path) -> None:
    make_legacy_task(make_legacy_job(legacy_root))
    with pytest.raises(RuntimeError), service.manager.unit_of_work():
        service.import_legacy([str(legacy_root)])
        raise RuntimeError("the disk is full")
    assert not service.manager.registry.has_job(JOB)
    assert service.manager.job_containers == {}
    assert [entry["job_id"] for entry in import_all(service, legacy_root)["imported"]] == [JOB]
    assert service.manager.get(JOB).state is JobState.DONE
    assert isinstance(service.manager.registry, Registry)


def test_the_number_of_repetitions_of_the_first_row(service: JobService, legacy_root: Path) -> None:
    job = make_legacy_job(legacy_root, settings={"LOOKBACK": "50,100"})
    without_lookback = {key: value for key, value in LSTM.items() if key != "LOOKBACK"}
    make_legacy_task(job, {**LSTM, "LOOKBACK": "12"}, name="a")
    make_legacy_task(job, without_lookback, name="b_L33_c")
    write(job / "hyperparams.json", {"MAX_EPOCHS": 3})
    make_legacy_task(job, without_lookback, name="c_L33_c")
    make_legacy_task(job, without_lookback, name="d")
    for task in ("b_L33_c", "c_L33_c", "d"):
        (job / "models" / "LSTM_ARCH_6_4" / task / "training_summary.json").unlink()
    import_all(service, legacy_root)
    steps = [task.document["trial"]["preparation"] for task in service.manager.get(JOB).tasks.values()]
    assert [trial_steps[-2]["duration_s"] for trial_steps in steps] == [12.0, 33.0, 33.0, 400.0]


def test_evaluations_are_noted_and_phases_are_done(service: JobService, legacy_root: Path) -> None:
    job = make_legacy_job(legacy_root)
    (make_legacy_task(job) / "new_test_20251101").mkdir()
    assert "new_test_20251101" in import_all(service, legacy_root)["imported"][0]["notes"][0]
    states = {manager["phase"]: manager["state"] for manager in service.show_job(JOB)["managers"]}
    assert states == dict.fromkeys(states, "done") | {"testing": "waiting"}


def test_predictions_beyond_the_limit_come_from_the_table(
    service: JobService, legacy_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_legacy_job(legacy_root)
    for name in ("a", "b"):
        make_legacy_task(job, name=name, predictions=[(3.7, 3.71)] * 9)
    size = (job / "models" / "LSTM_ARCH_6_4" / "a" / "test_results" / "drive_1_predictions.csv").stat().st_size
    monkeypatch.setattr("vestim_core.jobs.legacy.legacy_results.MAX_PREDICTION_BYTES", 2 * size - 1)
    (job / "test_results_summary_x.csv").write_text("Task ID,File Name,Test RMSE (mV)\nb,drive_1.csv,12.5\n")
    (note,) = import_all(service, legacy_root)["imported"][0]["notes"]
    assert "of the 1 predicted files of 'b' 0 are read" in note
    results = [task_of(service, test)["result"]["files"][0] for test in ("test_001", "test_002")]
    assert [(result["rows"], result["rmse_mV"]) for result in results] == [(9, pytest.approx(10.0)), (0, 12.5)]


def test_an_unclosed_quote_spoils_only_its_own_line(service: JobService, legacy_root: Path) -> None:
    job = make_legacy_job(legacy_root)
    task = make_legacy_task(job, name="T_rep_1", predictions=[(3.7, 3.71), (3.6, 3.61)])
    unclosed_line = '"' + "x" * 140_000 + "\n"
    with (task / "logs" / "training_progress.csv").open("a") as log:
        log.write(unclosed_line + "4,0.01,0.0001,0.0001,0.005,2.0,0.01,0,1.0,0.5\n")
    with (task / "test_results" / "drive_1_predictions.csv").open("a") as predictions:
        predictions.write(unclosed_line + "3,3.5,3.51,-10\n")
    (job / "test_results_summary_x.csv").write_text(
        f'Task ID,File Name,Test RMSE (mV)\n{unclosed_line}T_rep_1,"cold, slow.csv",12.5\n'
    )
    import_all(service, legacy_root)
    assert task_of(service, "train_001")["progress"]["epoch"] == 4
    files = {entry["file"]: entry for entry in task_of(service, "test_001")["result"]["files"]}
    assert files["drive_1.csv"]["rows"] == 3 and files["cold, slow.csv"]["rmse_mV"] == 12.5


def test_predictions_of_standalone_tests(tmp_path: Path) -> None:
    path = tmp_path / "x_predictions.csv"
    path.write_text("Time (h),True_Voltage,Predicted_Voltage,Error\n0.0,3.7,3.71,0.01\n0.5,3.6,3.58,-0.02\n0.6,3.5")
    prediction = read_predictions(LegacyFolder(tmp_path), path, "voltage_V")
    assert (prediction.file, prediction.time_s.tolist()) == ("x.csv", [0.0, 1800.0])
    assert prediction.metrics["bias_mV"] == pytest.approx(-5.0) and prediction.metrics["max_mV"] == pytest.approx(20.0)
    path.write_text("Timestamp,True SOC (%),Predicted SOC (%),Error\n2025-01-01 10:00:00,50,51,-1\nx,,52,0\n")
    prediction = read_predictions(LegacyFolder(tmp_path), path, "soc")
    assert prediction.time_s.tolist() == [0.0, 1.0] and prediction.predicted.tolist() == [0.51, 0.52]
    assert prediction.metrics["rmse_percent"] == pytest.approx(1.0)  # over the rows with known truth
    path.write_text("Timestamp,True SOC (%),Predicted SOC (%)\n0,,50\n1,60,61\n")
    assert read_predictions(LegacyFolder(tmp_path), path, "soc").predicted.tolist() == [0.5, 0.61]
