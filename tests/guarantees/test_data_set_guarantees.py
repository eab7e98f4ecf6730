"""Named data sets with real files, workers and daemons: checked, used, changed, lost and rebuilt."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.conftest import (
    arm_failpoint,
    epoch_ended,
    follow_to_end,
    follow_until,
    kill_daemon,
    registry_rows,
    stop_daemon,
    write_cell,
)
from tests.patience import PENDING_S
from vestim_core.client import Client
from vestim_core.client.inspection_calls import wait_for_data_set
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import read_json, write_json


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder with ten small drives."""
    directory = tmp_path / "cells"
    directory.mkdir()
    for index in range(10):
        write_cell(directory / f"drive_{index}.csv", index, rows=400)
    return directory


def _save_checked(client: Client, name: str, **spec: Any) -> dict[str, Any]:
    """Save a data set and wait for the end of its check."""
    return wait_for_data_set(client, client.call("save_data_set", name=name, spec=spec))


def _refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(VestimError) as caught:
        call()
    assert "\n" not in caught.value.message
    return caught.value.message


def _task_states(client: Client, job_id: str) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in client.call("show_job", job_id=job_id)["tasks"]}


def _error_message(client: Client, job_id: str) -> str:
    return str(client.call("show_job", job_id=job_id)["error"]["message"])


def test_a_job_trains_on_a_data_set_that_two_clients_share(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    progress_events: list[dict[str, Any]] = []
    spec = {"files": [str(folder)], "split": {"validation": 2, "test": 0.1, "seed": 4}}
    answer = client.call("save_data_set", name="drives", spec=spec)
    data_set = wait_for_data_set(client, answer, progress_events.append)
    files = data_set["content"]["files"]
    assert [file["role"] for file in files] == ["train"] * 7 + ["validation"] * 2 + ["test"]
    assert all(file["rows"] == 400 and file["sample_time_s"] == 1.0 and len(file["sha256"]) == 64 for file in files)
    with Client(client.home) as second_client:
        (part,) = second_client.call("wait", cursors=[{"stream": "data_sets"}])["streams"]
        assert [row["summary"] for row in part["events"]] == client.call("list_data_sets")["data_sets"]
        cursor = {"stream": "data_sets", "lineage": part["lineage"], "seq": part["seq"]}
        client.call("rename_data_set", data_set="drives", name="ten drives")
        (update,) = second_client.call("wait", cursors=[cursor], timeout_s=PENDING_S)["streams"]
        assert [row["summary"]["name"] for row in update["events"]] == ["ten drives"]
    job_id = client.call("submit", spec={**job(epochs=2), "data": {"data_set": "ten drives"}})["job_id"]
    follow_to_end(client, job_id)
    assert set(_task_states(client, job_id).values()) == {"done"}
    job_json = read_json(client.home.jobs / job_id / "job.json")
    assert job_json["spec"]["data"]["hashes"] == {file["path"]: file["sha256"] for file in files}
    assert job_json["provenance"]["data_set"] == {
        "data_set_id": data_set["data_set_id"],
        "name": "ten drives",
        "sha256": data_set["sha256"],
    }
    assert {file["sha256"] for file in job_json["provenance"]["prepare_1"]["files"]} == {f["sha256"] for f in files}


def test_a_changed_or_missing_file_requires_a_new_check(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    spec = {"train": [f"{folder}/drive_[1-9].csv"], "validation": [f"{folder}/drive_0.csv"]}
    first_check = _save_checked(client, "drives", **spec)
    document = {**job(epochs=1), "data": {"data_set": "drives"}}
    write_cell(folder / "drive_3.csv", 77, rows=400)
    failed_id = client.call("submit", spec=document)["job_id"]
    follow_to_end(client, failed_id)
    assert "drive_3.csv" in _error_message(client, failed_id) and "has changed" in _error_message(client, failed_id)
    assert "check the data set" in _error_message(client, failed_id)
    second_check = wait_for_data_set(client, client.call("check_data_set", data_set="drives"))
    assert second_check["changes"] == [f"'{folder / 'drive_3.csv'}' has other content."]
    assert second_check["sha256"] != first_check["sha256"]
    done_id = client.call("submit", spec=document)["job_id"]
    follow_to_end(client, done_id)
    assert client.call("show_job", job_id=done_id)["state"] == "done"
    (folder / "drive_0.csv").unlink()
    assert "drive_0.csv" in _refusal(lambda: client.call("submit", spec=document))
    third_check = client.call("check_data_set", data_set="drives")
    assert "drive_0.csv" in _refusal(lambda: wait_for_data_set(client, third_check))
    assert client.call("list_data_sets")["data_sets"][0]["state"] == "failed"


def test_findings_are_stored_and_their_repairs_applied(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    lines = (folder / "drive_1.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    flipped = [",".join([row[0], row[1], str(-float(row[2])), *row[3:]]) for row in rows]
    (folder / "drive_1.csv").write_text("\n".join([lines[0], *flipped]))
    spec = {"train": [str(folder / "drive_1.csv")], "validation": [str(folder / "drive_2.csv")]}
    data_set = _save_checked(client, "drives", **spec)
    assert data_set["findings"]["error"] >= 1
    proposed = [
        {"file": finding["file"], "repair": finding["repair"]}
        for finding in data_set["content"]["findings"]
        if finding["severity"] == "error"
    ]
    document = {**job(epochs=1), "data": {"data_set": "drives"}}
    failed_id = client.call("submit", spec=document)["job_id"]
    follow_to_end(client, failed_id)
    assert client.call("show_job", job_id=failed_id)["state"] == "failed"
    reply = client.call("save_data_set", name="drives", spec={**spec, "repairs": proposed}, data_set="drives")
    repaired = wait_for_data_set(client, reply)
    assert not repaired["findings"].get("error")
    assert repaired["content"]["repairs"][0]["file"] == str(folder / "drive_1.csv")
    done_id = client.call("submit", spec=document)["job_id"]
    follow_to_end(client, done_id)
    assert client.call("show_job", job_id=done_id)["state"] == "done"


def test_a_remembered_mapping_is_stored_in_the_data_set(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text().replace("voltage_V", "klemme"))
    header = (folder / "drive_0.csv").read_text().splitlines()[0].split(",")
    client.call("map_columns", header=header, columns={"voltage_V": "klemme"})
    data_set = _save_checked(client, "drives", files=[str(folder)], split={"validation": 2})
    assert data_set["content"]["columns"] == {"voltage_V": "klemme"}
    client.call("map_columns", header=header, columns={})
    job_id = client.call("submit", spec={**job(epochs=1), "data": {"data_set": "drives"}})["job_id"]
    follow_to_end(client, job_id)
    assert client.call("show_job", job_id=job_id)["state"] == "done"


def test_data_sets_outlive_daemons_and_a_lost_registry(client: Client, folder: Path) -> None:
    data_set = _save_checked(client, "drives", files=[str(folder)], split={"validation": 2})
    deleted = _save_checked(client, "gone", files=[str(folder)], split={"validation": 2})
    client.call("delete_data_set", data_set="gone")
    kill_daemon(client)
    assert client.call("show_data_set", data_set="drives") == data_set
    stop_daemon(client)
    client.home.registry.write_bytes(b"no database " * 1000)
    with Client() as new_client:
        assert new_client.call("show_data_set", data_set=data_set["data_set_id"]) == data_set
        assert [row["name"] for row in new_client.call("list_data_sets")["data_sets"]] == ["drives"]
        assert not (new_client.home.data_sets / f"{deleted['data_set_id']}.json").exists()


def test_a_check_survives_its_daemon(client: Client, tmp_path: Path) -> None:
    directory = tmp_path / "many"
    directory.mkdir()
    for index in range(12):
        write_cell(directory / f"{index}.csv", index, rows=20_000)
    answer = client.call("save_data_set", name="many", spec={"files": [str(directory)], "split": {"validation": 2}})
    follow_until(client, answer["inspection_id"], lambda event: event["kind"] == "attempt")
    kill_daemon(client)
    data_set = wait_for_data_set(client, answer)
    assert (data_set["state"], data_set["rows"]) == ("ready", 240_000)
    attempts = [
        e for e in follow_to_end(client, answer["inspection_id"]) if e["kind"] == "attempt" and "pid" in e["data"]
    ]
    assert len(attempts) == 1, "its worker was taken over, not started anew"
    stored = read_json(client.home.data_sets / f"{data_set['data_set_id']}.json")
    assert stored["state"] == "ready"


@pytest.mark.parametrize("failpoint", ["command.done", "command.committed"])
def test_a_daemon_killed_in_a_command_creates_one_data_set(
    client: Client, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failpoint: str
) -> None:
    token = arm_failpoint(monkeypatch, tmp_path, failpoint)
    spec = {"files": [str(folder)], "split": {"validation": 2}}
    data_set = _save_checked(client, "drives", **spec)
    assert not token.exists(), "the first daemon died"
    assert [row["data_set_id"] for row in client.call("list_data_sets")["data_sets"]] == [data_set["data_set_id"]]
    assert [path.stem for path in client.home.data_sets.iterdir()] == [data_set["data_set_id"]]


def test_a_repeated_command_creates_one_data_set(client: Client, folder: Path) -> None:
    spec = {"files": [str(folder)], "split": {"validation": 2}}
    answers = [client.call("save_data_set", command_id="once", name="drives", spec=spec) for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(client.call("list_data_sets")["data_sets"]) == 1
    wait_for_data_set(client, answers[0])
    deleted = [client.call("delete_data_set", command_id="twice", data_set="drives") for _ in range(2)]
    assert deleted[0] == deleted[1]


def test_a_check_can_be_stopped(client: Client, tmp_path: Path) -> None:
    directory = tmp_path / "many"
    directory.mkdir()
    for index in range(12):
        write_cell(directory / f"{index}.csv", index, rows=20_000)
    answer = client.call("save_data_set", name="many", spec={"files": [str(directory)], "split": {"validation": 2}})
    client.call("stop", job_id=answer["inspection_id"], test=False)
    message = _refusal(lambda: wait_for_data_set(client, answer))
    assert "stopped" in message and "check it again" in message


def test_an_invalid_data_set_is_reported_by_its_check(client: Client, folder: Path) -> None:
    first_file, second_file = f"{folder}/drive_1.csv", f"{folder}/drive_2.csv"
    for name, spec, expected_text in (
        ("pattern", {"train": [f"{folder}/nothing_*.csv"], "validation": [first_file]}, "matches no file"),
        (
            "twice",
            {"train": [first_file], "validation": [f"{folder}/drive_[12].csv"]},
            "is named for train and for validation",
        ),
        ("split", {"files": [first_file], "split": {"validation": 0.5}}, "leaves no file for train"),
        ("gone", {"train": [first_file], "validation": [f"{second_file}.gone"]}, "does not exist"),
    ):
        answer = client.call("save_data_set", name=name, spec=spec)
        assert expected_text in _refusal(lambda answer=answer: wait_for_data_set(client, answer))  # type: ignore[misc]
        assert expected_text in client.call("show_data_set", data_set=name)["error"]["message"]


def test_files_of_the_same_name_in_two_folders_stay_separate(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    shutil.copy(folder / "drive_5.csv", tmp_path / "other" / "drive_1.csv")
    train = [str(folder / "drive_1.csv"), str(tmp_path / "other" / "drive_1.csv")]
    data_set = _save_checked(client, "drives", train=train, validation=[str(folder / "drive_2.csv")])
    assert [f["code"] for f in data_set["content"]["findings"] if f["code"] == "set.same_name"] == ["set.same_name"]
    job_id = client.call("submit", spec={**job(epochs=1), "data": {"data_set": "drives"}})["job_id"]
    follow_to_end(client, job_id)
    split = read_json(client.home.jobs / job_id / "job.json")["provenance"]["prepare_1"]["split"]
    assert split == {"train": ["drive_1", "drive_1_2"], "validation": ["drive_2"]}


# --- the cache of prepared arrays


def test_missing_arrays_are_prepared_again_for_a_resumed_job(
    client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=30))["job_id"]
    last_seq = len(follow_until(client, job_id, epoch_ended))
    client.call("stop", job_id=job_id, test=False)
    follow_to_end(client, job_id, last_seq)
    (prepared,) = client.home.prepared_data.iterdir()
    shutil.rmtree(prepared)
    resume_seq = client.call("show_job", job_id=job_id)["last_seq"]
    client.call("resume", job_id=job_id)
    events = follow_to_end(client, job_id, resume_seq)
    assert client.call("show_job", job_id=job_id)["state"] == "done"
    assert any("prepared again" in str(event["data"].get("message")) for event in events)
    assert [path.name for path in client.home.prepared_data.iterdir()] == [prepared.name]


def test_files_changed_before_a_resume_are_refused(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    data = {"train": [str(folder / "drive_1.csv")], "validation": [str(folder / "drive_2.csv")]}
    job_id = client.call("submit", spec={**job("lstm", epochs=100_000), "data": data})["job_id"]
    follow_until(client, job_id, epoch_ended)
    client.call("stop", job_id=job_id, test=False)
    follow_to_end(client, job_id)
    shutil.rmtree(client.home.prepared_data)
    client.home.prepared_data.mkdir()
    write_cell(folder / "drive_1.csv", 50, rows=400)
    resume_seq = client.call("show_job", job_id=job_id)["last_seq"]
    client.call("resume", job_id=job_id)
    follow_to_end(client, job_id, resume_seq)
    (failed_task,) = [
        task for task in client.call("show_job", job_id=job_id)["tasks"] if task["task_id"] == "train_001"
    ]
    assert "drive_1.csv" in failed_task["error"]["message"] and "has changed" in failed_task["error"]["message"]


def test_the_cache_stays_within_its_limit_and_removes_leftovers(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    client.call("hello")
    write_json(client.home.settings, {"prepared_cache_GB": 0})
    leftover = client.home.prepared_data / "0123456789abcdef0123456789abcdef.tmp-999999999-abcd"
    leftover.mkdir()
    names = []
    for index in (1, 2):
        data = {"train": [str(folder / f"drive_{index}.csv")], "validation": [str(folder / "drive_3.csv")]}
        job_id = client.call("submit", spec={**job(epochs=1), "data": data})["job_id"]
        follow_to_end(client, job_id)
        assert client.call("show_job", job_id=job_id)["state"] == "done", "what is in use stays above any bound"
        names.append(read_json(client.home.jobs / job_id / "tasks/prepare_1/result/prepared.json")["key"])
    assert names[0] != names[1]
    stop_daemon(client)
    with Client() as new_client:
        new_client.call("hello")
    remaining = {path.name for path in client.home.prepared_data.iterdir() if ".tmp-" not in path.name}
    assert remaining == set()
    assert not leftover.exists()
    assert registry_rows(client.home.root, "SELECT count(*) FROM leases") == [(0,)]


def test_unknown_data_sets_are_not_found(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    for method in ("show_data_set", "check_data_set", "delete_data_set"):
        with pytest.raises(VestimError) as caught:
            client.call(method, data_set="nobody")
        assert caught.value.code is ErrorCode.NOT_FOUND
    draft = client.call("create_job", spec={**job(), "data": {"data_set": "nobody"}})["job_id"]
    assert "there is no data set 'nobody'" in _refusal(lambda: client.call("start", job_id=draft))
