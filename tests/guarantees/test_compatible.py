"""compatible, movable: stored data are read again, here or elsewhere; a lost registry is rebuilt from the job
folders."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.guarantees.conftest import arm_failpoint, follow_to_end, follow_until, running_pid, stop_daemon
from vestim_core.client import Client
from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepare_data import prepare_table
from vestim_core.data.readers import read_table
from vestim_core.evaluation.evaluation_report import scored_rows
from vestim_core.evaluation.inference import predict
from vestim_core.jobs.database import MIGRATIONS, SCHEMA_VERSION, DamagedDatabase, open_database
from vestim_core.models.model_files import load_model
from vestim_core.spec.errors import ErrorCode, VestimError

FIXTURES = Path(__file__).parents[1] / "fixtures"  # homes that earlier versions wrote
WORKER_EVENTS = {"epoch", "checkpoint", "result", "finding"}


def _restorable_status(client: Client, job_id: str) -> dict[str, Any]:
    """The part of `show_job` that a rebuilt registry must restore."""
    status: dict[str, Any] = json.loads(json.dumps(client.call("show_job", job_id=job_id)))
    for key in ("last_seq", "updated_utc"):
        del status[key]
    for task in status["tasks"]:
        del task["retries"]
    return status


def _worker_events(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (e["kind"], e["task"], e["attempt"], e["time_utc"], e["data"]) for e in events if e["kind"] in WORKER_EVENTS
    ]


def test_a_damaged_registry_is_rebuilt_from_the_job_folders(
    client: Client, job: Callable[..., dict[str, Any]], cells: dict[str, list[str]]
) -> None:
    document = job("fnn", epochs=5)
    done = client.call("submit", spec=document)["job_id"]
    events = follow_to_end(client, done)
    client.call("rename", job_id=done, name="renamed <b>")
    client.call("tag", job_id=done, add=["good", "42"])
    client.call("note", job_id=done, text="two\nlines")
    client.call("archive", job_id=done)
    draft = client.call("create_job", name="half a job", spec={"data": cells})["job_id"]
    incomplete = {**document, "data": {**cells, "train": [cells["train"][0] + ".txt"]}}
    Path(incomplete["data"]["train"][0]).write_text("time_s\n")
    failed = client.call("submit", spec=incomplete)["job_id"]
    follow_to_end(client, failed)
    stopped = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    follow_until(client, stopped, lambda event: event["kind"] == "epoch")
    client.call("stop", job_id=stopped)
    follow_to_end(client, stopped)
    running = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    follow_until(client, running, lambda event: event["kind"] == "epoch")
    pid = running_pid(client, running, "train")
    expected = {job_id: _restorable_status(client, job_id) for job_id in (done, draft, failed, stopped)}
    lineage = client.call("hello")["lineage"]
    cursor = {"stream": f"job:{done}", "lineage": lineage, "seq": len(events)}
    stop_daemon(client)
    client.home.registry.write_bytes(b"no database " * 1000)
    with Client() as new_client:
        rebuilt = {job_id: _restorable_status(new_client, job_id) for job_id in expected}
        assert rebuilt == expected
        assert new_client.call("show_job", job_id=running)["state"] == "running"
        assert running_pid(new_client, running, "train") == pid
        assert new_client.call("hello")["lineage"] != lineage
        (part,) = new_client.call("wait", cursors=[cursor], limit=10_000)["streams"]
        assert part["reset"], "a cursor of the former lineage starts over"
        assert _worker_events(part["events"]) == _worker_events(events)
        assert [event["seq"] for event in part["events"]] == list(range(1, len(part["events"]) + 1))
        new_client.call("stop", job_id=running, test=False)
        follow_to_end(new_client, running)
    assert list(client.home.root.glob("registry.damaged-*.sqlite")), "the damaged one is kept"


def test_an_interrupted_rebuild_loses_no_job(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = {client.call("create_job", name=name)["job_id"] for name in "abc"}
    stop_daemon(client)
    client.home.registry.unlink()
    token = arm_failpoint(monkeypatch, tmp_path, "rebuild.job")
    with Client() as new_client, pytest.raises(VestimError):
        new_client.call("hello")
    assert not token.exists()
    with Client() as new_client:
        assert {job["job_id"] for job in new_client.call("list_jobs")["jobs"]} == jobs


def test_an_empty_file_is_no_registry(client: Client) -> None:
    job_id = client.call("create_job", name="a")["job_id"]
    stop_daemon(client)
    client.home.registry.write_bytes(b"")
    with Client() as new_client:
        assert [job["job_id"] for job in new_client.call("list_jobs")["jobs"]] == [job_id]


def test_a_job_folder_tests_with_the_same_numbers_elsewhere(
    client: Client, job: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    document = job("lstm", epochs=3)
    job_id = client.call("submit", spec=document)["job_id"]
    follow_to_end(client, job_id)
    copied_folder = tmp_path / "elsewhere"
    shutil.copytree(client.home.jobs / job_id, copied_folder)
    client.call("delete", job_id=job_id)
    module, description = load_model(copied_folder / "tasks" / "train_001" / "result")
    pipeline = Pipeline.from_json(description["preparation"])
    columns = [*description["signals"]["features"], description["signals"]["target"]]
    file = prepare_table(pipeline, read_table(Path(document["data"]["test"][0]), {}, columns), "test")
    with np.load(copied_folder / "tasks" / "test_001" / "result" / "predictions" / "test.npz") as arrays:
        assert np.array_equal(predict(module, file, pipeline)[scored_rows(file)], arrays["predicted"])


@pytest.mark.parametrize("version", [1, 2])
def test_a_home_of_an_earlier_version_opens(vestim_home: Path, version: int) -> None:
    shutil.copytree(FIXTURES / f"home_version_{version}", vestim_home, dirs_exist_ok=True)
    expected = json.loads((FIXTURES / f"home_version_{version}.json").read_text())
    with Client() as client:
        (job,) = client.call("list_jobs")["jobs"]
        status = client.call("show_job", job_id=job["job_id"])
        assert _restricted_to(status, expected["show_job"]) == expected["show_job"]
        events = follow_to_end(client, job["job_id"])
        assert events == expected["events"]
        assert _data_sets(client) == expected.get("data_sets", [])
        assert load_model(client.home.jobs / job["job_id"] / "tasks" / "train_001" / "result")
        stop_daemon(client)
    (vestim_home / "registry.sqlite").unlink()
    with Client() as client:
        rebuilt = _restricted_to(_restorable_status(client, job["job_id"]), expected["show_job"])
        assert rebuilt == {key: expected["show_job"][key] for key in rebuilt} | {"tasks": rebuilt["tasks"]}
        assert _worker_events(follow_to_end(client, job["job_id"])) == _worker_events(expected["events"])
        summaries = [row["summary"] for row in expected.get("data_sets", []) if row["summary"]]
        assert [row["summary"] for row in _data_sets(client)] == summaries
        for summary in summaries:
            assert client.call("show_data_set", data_set=summary["name"]) == expected["show_data_set"]
    assert (vestim_home / "registry.version-1.sqlite").exists() is (version == 1), "what is migrated is copied before"


def _restricted_to(reply: Any, reference: Any) -> Any:
    """The reply without keys that only later versions have."""
    if isinstance(reply, dict) and isinstance(reference, dict):
        return {key: _restricted_to(value, reference[key]) for key, value in reply.items() if key in reference}
    if isinstance(reply, list) and isinstance(reference, list) and len(reply) == len(reference):
        return [_restricted_to(item, reference_item) for item, reference_item in zip(reply, reference, strict=True)]
    return reply


def _data_sets(client: Client) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.call("wait", cursors=[{"stream": "data_sets"}])["streams"][0]["events"]
    return rows


def test_an_older_database_is_copied_and_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    open_database(path, 1).close()
    newer = open_database(path, 3, {1: "ALTER TABLE jobs ADD COLUMN color TEXT", 2: "CREATE TABLE more (x)"})
    assert newer.execute("SELECT color FROM jobs").fetchall() == []
    assert newer.execute("PRAGMA user_version").fetchone() == (3,)
    newer.close()
    for version in (1, 2):
        with sqlite3.connect(tmp_path / f"registry.version-{version}.sqlite") as copy:
            assert copy.execute("PRAGMA user_version").fetchone() == (version,)
        copy.close()


def test_a_migrated_database_equals_a_new_one(tmp_path: Path) -> None:
    def tables(name: str, *versions: int) -> list[tuple[Any, ...]]:
        for version in versions:
            open_database(tmp_path / name, version).close()
        db = open_database(tmp_path / name)
        schema = db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        db.close()
        return schema

    assert tables("new.sqlite") == tables("old.sqlite", *range(1, SCHEMA_VERSION))
    assert not list(tmp_path.glob("new.version*")), "there was nothing to copy"


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    open_database(path, 1).close()
    with pytest.raises(VestimError):
        open_database(path, 2, {1: "CREATE TABLE half (x); CREATE TABLE half (x)"})
    db = open_database(path)
    assert db.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []
    db.close()


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    open_database(path, SCHEMA_VERSION + 1, {**MIGRATIONS, SCHEMA_VERSION: "SELECT 1"}).close()
    content = path.read_bytes()
    with pytest.raises(VestimError) as caught:
        open_database(path)
    assert caught.value.code is ErrorCode.VERSION
    assert "update Vestim" in caught.value.message
    assert path.read_bytes() == content


def test_another_file_is_reported_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"garbage " * 500)
    with pytest.raises(DamagedDatabase):
        open_database(path)
