"""Named data sets with real files, workers and daemons: checked, referred to, changed, lost and told again."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.conftest import (
    arm,
    epoch_ended,
    finish,
    kill_daemon,
    registry_rows,
    stop_daemon,
    until,
    write_cell,
)
from vestim_core.client import Client
from vestim_core.client.inspection import await_data_set
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import read_json, write_json


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten small drives."""
    place = tmp_path / "cells"
    place.mkdir()
    for number in range(10):
        write_cell(place / f"drive_{number}.csv", number, rows=400)
    return place


def _kept(client: Client, name: str, **spec: Any) -> dict[str, Any]:
    """A data set whose check has ended."""
    return await_data_set(client, client.call("save_data_set", name=name, spec=spec))


def _refused(act: Callable[[], Any]) -> str:
    with pytest.raises(VestimError) as caught:
        act()
    assert "\n" not in caught.value.sentence
    return caught.value.sentence


def _tasks(client: Client, job_id: str) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in client.call("show_job", job_id=job_id)["tasks"]}


def _error(client: Client, job_id: str) -> str:
    return str(client.call("show_job", job_id=job_id)["error"]["message"])


def test_a_job_learns_from_a_data_set_that_two_clients_see_alike(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    told: list[dict[str, Any]] = []
    spec = {"files": [str(folder)], "split": {"validation": 2, "test": 0.1, "seed": 4}}
    answer = client.call("save_data_set", name="drives", spec=spec)
    kept = await_data_set(client, answer, told.append)
    files = kept["content"]["files"]
    assert [file["role"] for file in files] == ["train"] * 7 + ["validation"] * 2 + ["test"]
    assert all(file["rows"] == 400 and file["sample_time_s"] == 1.0 and len(file["sha256"]) == 64 for file in files)
    with Client(client.home) as other:
        (part,) = other.call("wait", cursors=[{"stream": "data_sets"}])["streams"]
        assert [row["summary"] for row in part["events"]] == client.call("list_data_sets")["data_sets"]
        parked = {"stream": "data_sets", "lineage": part["lineage"], "seq": part["seq"]}
        client.call("rename_data_set", data_set="drives", name="ten drives")
        (news,) = other.call("wait", cursors=[parked], timeout_s=10.0)["streams"]
        assert [row["summary"]["name"] for row in news["events"]] == ["ten drives"]
    job_id = client.call("submit", spec={**job(epochs=2), "data": {"data_set": "ten drives"}})["job_id"]
    finish(client, job_id)
    assert set(_tasks(client, job_id).values()) == {"done"}
    written = read_json(client.home.jobs / job_id / "job.json")
    assert written["spec"]["data"]["hashes"] == {file["path"]: file["sha256"] for file in files}
    assert written["provenance"]["data_set"] == {
        "data_set_id": kept["data_set_id"],
        "name": "ten drives",
        "sha256": kept["sha256"],
    }
    assert {file["sha256"] for file in written["provenance"]["prepare_1"]["files"]} == {f["sha256"] for f in files}


def test_a_file_that_changed_or_vanished_is_refused_until_it_is_checked_again(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    spec = {"train": [f"{folder}/drive_[1-9].csv"], "validation": [f"{folder}/drive_0.csv"]}
    before = _kept(client, "drives", **spec)
    document = {**job(epochs=1), "data": {"data_set": "drives"}}
    write_cell(folder / "drive_3.csv", 77, rows=400)
    changed = client.call("submit", spec=document)["job_id"]
    finish(client, changed)
    assert "drive_3.csv" in _error(client, changed) and "has changed" in _error(client, changed)
    assert "check the data set" in _error(client, changed)
    after = await_data_set(client, client.call("check_data_set", data_set="drives"))
    assert after["changes"] == [f"'{folder / 'drive_3.csv'}' has other content."]
    assert after["sha256"] != before["sha256"]
    done = client.call("submit", spec=document)["job_id"]
    finish(client, done)
    assert client.call("show_job", job_id=done)["state"] == "done"
    (folder / "drive_0.csv").unlink()
    assert "drive_0.csv" in _refused(lambda: client.call("submit", spec=document))
    again = client.call("check_data_set", data_set="drives")
    assert "drive_0.csv" in _refused(lambda: await_data_set(client, again))
    assert client.call("list_data_sets")["data_sets"][0]["state"] == "failed"


def test_findings_are_kept_and_their_repairs_applied(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    lines = (folder / "drive_1.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    flipped = [",".join([row[0], row[1], str(-float(row[2])), *row[3:]]) for row in rows]
    (folder / "drive_1.csv").write_text("\n".join([lines[0], *flipped]))
    spec = {"train": [str(folder / "drive_1.csv")], "validation": [str(folder / "drive_2.csv")]}
    found = _kept(client, "drives", **spec)
    assert found["findings"]["error"] >= 1
    proposed = [
        {"file": finding["file"], "repair": finding["repair"]}
        for finding in found["content"]["findings"]
        if finding["severity"] == "error"
    ]
    document = {**job(epochs=1), "data": {"data_set": "drives"}}
    wrong = client.call("submit", spec=document)["job_id"]
    finish(client, wrong)
    assert client.call("show_job", job_id=wrong)["state"] == "failed"
    asked = client.call("save_data_set", name="drives", spec={**spec, "repairs": proposed}, data_set="drives")
    mended = await_data_set(client, asked)
    assert not mended["findings"].get("error")
    assert mended["content"]["repairs"][0]["file"] == str(folder / "drive_1.csv")
    right = client.call("submit", spec=document)["job_id"]
    finish(client, right)
    assert client.call("show_job", job_id=right)["state"] == "done"


def test_a_mapping_that_was_remembered_is_kept_with_the_data_set(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text().replace("voltage_V", "klemme"))
    header = (folder / "drive_0.csv").read_text().splitlines()[0].split(",")
    client.call("map_columns", header=header, columns={"voltage_V": "klemme"})
    found = _kept(client, "drives", files=[str(folder)], split={"validation": 2})
    assert found["content"]["columns"] == {"voltage_V": "klemme"}
    client.call("map_columns", header=header, columns={})
    job_id = client.call("submit", spec={**job(epochs=1), "data": {"data_set": "drives"}})["job_id"]
    finish(client, job_id)
    assert client.call("show_job", job_id=job_id)["state"] == "done"


def test_data_sets_outlive_daemons_and_a_lost_registry(client: Client, folder: Path) -> None:
    kept = _kept(client, "drives", files=[str(folder)], split={"validation": 2})
    gone = _kept(client, "gone", files=[str(folder)], split={"validation": 2})
    client.call("delete_data_set", data_set="gone")
    kill_daemon(client)
    assert client.call("show_data_set", data_set="drives") == kept
    stop_daemon(client)
    client.home.registry.write_bytes(b"no database " * 1000)
    with Client() as later:
        assert later.call("show_data_set", data_set=kept["data_set_id"]) == kept
        assert [row["name"] for row in later.call("list_data_sets")["data_sets"]] == ["drives"]
        assert not (later.home.data_sets / f"{gone['data_set_id']}.json").exists()


def test_a_check_goes_on_when_its_daemon_dies(client: Client, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(12):
        write_cell(many / f"{number}.csv", number, rows=20_000)
    answer = client.call("save_data_set", name="many", spec={"files": [str(many)], "split": {"validation": 2}})
    until(client, answer["inspection_id"], lambda event: event["kind"] == "attempt")
    kill_daemon(client)
    kept = await_data_set(client, answer)
    assert (kept["state"], kept["rows"]) == ("ready", 240_000)
    attempts = [e for e in finish(client, answer["inspection_id"]) if e["kind"] == "attempt" and "pid" in e["data"]]
    assert len(attempts) == 1, "its worker was taken over, not started anew"
    told = read_json(client.home.data_sets / f"{kept['data_set_id']}.json")
    assert told["state"] == "ready"


@pytest.mark.parametrize("failpoint", ["command.done", "command.committed"])
def test_a_daemon_that_dies_in_a_command_makes_one_data_set(
    client: Client, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failpoint: str
) -> None:
    token = arm(monkeypatch, tmp_path, failpoint)
    spec = {"files": [str(folder)], "split": {"validation": 2}}
    kept = _kept(client, "drives", **spec)
    assert not token.exists(), "the first daemon died"
    assert [row["data_set_id"] for row in client.call("list_data_sets")["data_sets"]] == [kept["data_set_id"]]
    assert [path.stem for path in client.home.data_sets.iterdir()] == [kept["data_set_id"]]


def test_a_repeated_command_makes_one_data_set(client: Client, folder: Path) -> None:
    spec = {"files": [str(folder)], "split": {"validation": 2}}
    answers = [client.call("save_data_set", command_id="once", name="drives", spec=spec) for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(client.call("list_data_sets")["data_sets"]) == 1
    await_data_set(client, answers[0])
    deleted = [client.call("delete_data_set", command_id="twice", data_set="drives") for _ in range(2)]
    assert deleted[0] == deleted[1]


def test_a_check_can_be_taken_back(client: Client, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(12):
        write_cell(many / f"{number}.csv", number, rows=20_000)
    answer = client.call("save_data_set", name="many", spec={"files": [str(many)], "split": {"validation": 2}})
    client.call("stop", job_id=answer["inspection_id"], test=False)
    sentence = _refused(lambda: await_data_set(client, answer))
    assert "stopped" in sentence and "check it again" in sentence


def test_what_makes_no_data_set_is_told_by_its_check(client: Client, folder: Path) -> None:
    one, two = f"{folder}/drive_1.csv", f"{folder}/drive_2.csv"
    for name, spec, words in (
        ("pattern", {"train": [f"{folder}/nothing_*.csv"], "validation": [one]}, "matches no file"),
        (
            "twice",
            {"train": [one], "validation": [f"{folder}/drive_[12].csv"]},
            "is named for train and for validation",
        ),
        ("split", {"files": [one], "split": {"validation": 0.5}}, "leaves no file for train"),
        ("gone", {"train": [one], "validation": [f"{two}.gone"]}, "does not exist"),
    ):
        answer = client.call("save_data_set", name=name, spec=spec)
        assert words in _refused(lambda answer=answer: await_data_set(client, answer))  # type: ignore[misc]
        assert words in client.call("show_data_set", data_set=name)["error"]["message"]


def test_files_of_one_name_in_two_folders_are_kept_apart(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    shutil.copy(folder / "drive_5.csv", tmp_path / "other" / "drive_1.csv")
    train = [str(folder / "drive_1.csv"), str(tmp_path / "other" / "drive_1.csv")]
    found = _kept(client, "drives", train=train, validation=[str(folder / "drive_2.csv")])
    assert [f["code"] for f in found["content"]["findings"] if f["code"] == "set.same_name"] == ["set.same_name"]
    job_id = client.call("submit", spec={**job(epochs=1), "data": {"data_set": "drives"}})["job_id"]
    finish(client, job_id)
    split = read_json(client.home.jobs / job_id / "job.json")["provenance"]["prepare_1"]["split"]
    assert split == {"train": ["drive_1", "drive_1_2"], "validation": ["drive_2"]}


# --- the cache of prepared arrays


def test_arrays_that_are_gone_are_made_again_for_a_job_that_goes_on(
    client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=30))["job_id"]
    seen = len(until(client, job_id, epoch_ended))
    client.call("stop", job_id=job_id, test=False)
    finish(client, job_id, seen)
    (prepared,) = client.home.prepared.iterdir()
    shutil.rmtree(prepared)
    last = client.call("show_job", job_id=job_id)["last_seq"]
    client.call("resume", job_id=job_id)
    events = finish(client, job_id, last)
    assert client.call("show_job", job_id=job_id)["state"] == "done"
    assert any("prepared again" in str(event["data"].get("text")) for event in events)
    assert [path.name for path in client.home.prepared.iterdir()] == [prepared.name]


def test_files_that_changed_meanwhile_are_not_taken_for_those_of_before(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    data = {"train": [str(folder / "drive_1.csv")], "validation": [str(folder / "drive_2.csv")]}
    job_id = client.call("submit", spec={**job("lstm", epochs=100_000), "data": data})["job_id"]
    until(client, job_id, epoch_ended)
    client.call("stop", job_id=job_id, test=False)
    finish(client, job_id)
    shutil.rmtree(client.home.prepared)
    client.home.prepared.mkdir()
    write_cell(folder / "drive_1.csv", 50, rows=400)
    last = client.call("show_job", job_id=job_id)["last_seq"]
    client.call("resume", job_id=job_id)
    finish(client, job_id, last)
    (failed,) = [task for task in client.call("show_job", job_id=job_id)["tasks"] if task["task_id"] == "train_001"]
    assert "drive_1.csv" in failed["error"]["message"] and "has changed" in failed["error"]["message"]


def test_the_cache_keeps_to_its_bound_and_clears_leftovers(
    client: Client, folder: Path, job: Callable[..., dict[str, Any]]
) -> None:
    client.call("hello")
    write_json(client.home.settings, {"prepared_cache_GB": 0})
    left = client.home.prepared / "0123456789abcdef0123456789abcdef.tmp-999999999-abcd"
    left.mkdir()
    names = []
    for number in (1, 2):
        data = {"train": [str(folder / f"drive_{number}.csv")], "validation": [str(folder / "drive_3.csv")]}
        job_id = client.call("submit", spec={**job(epochs=1), "data": data})["job_id"]
        finish(client, job_id)
        assert client.call("show_job", job_id=job_id)["state"] == "done", "what is in use stays above any bound"
        names.append(read_json(client.home.jobs / job_id / "tasks/prepare_1/result/prepared.json")["key"])
    assert names[0] != names[1]
    stop_daemon(client)
    with Client() as later:
        later.call("hello")
    kept = {path.name for path in client.home.prepared.iterdir() if ".tmp-" not in path.name}
    assert kept == set()
    assert not left.exists()
    assert registry_rows(client.home.root, "SELECT count(*) FROM leases") == [(0,)]


def test_unknown_data_sets_are_told(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    for method in ("show_data_set", "check_data_set", "delete_data_set"):
        with pytest.raises(VestimError) as caught:
            client.call(method, data_set="nobody")
        assert caught.value.code is ErrorCode.NOT_FOUND
    draft = client.call("create_job", spec={**job(), "data": {"data_set": "nobody"}})["job_id"]
    assert "there is no data set 'nobody'" in _refused(lambda: client.call("start", job_id=draft))
