"""compatible, movable: stored data are read again, here or elsewhere; a lost registry is rebuilt from the job
folders."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
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
from vestim_core.spec.schema_upgrade import upgrade_event, upgrade_job, upgrade_job_record, upgrade_record

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


EARLIER_KEYS = [
    "normalise",
    "batch_rows",
    "batch_windows",
    "chunk_steps",
    "lookback_steps",
    '"sentence"',
    '"place"',
    '"text"',
    '"reason"',
    '"retest"',
    '"doubts"',
]


def _expected(name: str) -> dict[str, Any]:
    """What a home of an earlier version showed then, in today's spelling."""
    return dict(json.loads((FIXTURES / f"{name}.json").read_text()))


def _upgraded_events(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**event, "data": upgrade_event(event["kind"], event["data"])} for event in events]


@pytest.mark.parametrize("version", [1, 2])
def test_a_home_of_an_earlier_version_opens(vestim_home: Path, version: int) -> None:
    shutil.copytree(FIXTURES / f"home_version_{version}", vestim_home, dirs_exist_ok=True)
    expected = _expected(f"home_version_{version}")
    expected_status = upgrade_job_record(expected["show_job"])
    expected_events = _upgraded_events(expected["events"])
    expected_data_sets = upgrade_record(expected.get("data_sets", []))
    with Client() as client:
        (job,) = client.call("list_jobs")["jobs"]
        status = client.call("show_job", job_id=job["job_id"])
        assert _restricted_to(status, expected_status) == expected_status
        events = follow_to_end(client, job["job_id"])
        assert events == expected_events
        assert not [key for key in EARLIER_KEYS if key in json.dumps([status, events])]
        assert _data_sets(client) == expected_data_sets
        assert load_model(client.home.jobs / job["job_id"] / "tasks" / "train_001" / "result")
        stop_daemon(client)
    (vestim_home / "registry.sqlite").unlink()
    with Client() as client:
        rebuilt = _restricted_to(_restorable_status(client, job["job_id"]), expected_status)
        assert rebuilt == {key: expected_status[key] for key in rebuilt} | {"tasks": rebuilt["tasks"]}
        assert _worker_events(follow_to_end(client, job["job_id"])) == _worker_events(expected_events)
        summaries = [row["summary"] for row in expected_data_sets if row["summary"]]
        assert [row["summary"] for row in _data_sets(client)] == summaries
        for summary in summaries:
            shown_data_set = client.call("show_data_set", data_set=summary["name"])
            assert shown_data_set == upgrade_record(expected["show_data_set"])
    for copied_version in range(1, SCHEMA_VERSION):
        is_copied = (vestim_home / f"registry.version-{copied_version}.sqlite").exists()
        assert is_copied is (copied_version >= version), "what is migrated is copied before"


def test_every_kind_of_job_of_version_2_opens_and_goes_on(vestim_home: Path) -> None:
    """Tested with an evaluation, failed, drafted with a grid, and paused in mid-training."""
    shutil.copytree(FIXTURES / "home_version_2_jobs", vestim_home, dirs_exist_ok=True)
    expected = _expected("home_version_2_jobs")
    job_ids = {name: record["job_id"] for name, record in expected.items()}
    with Client() as client:
        for record in expected.values():
            status = client.call("show_job", job_id=record["job_id"])
            expected_status = upgrade_job_record(record["show_job"])
            expected_status.pop("problems", None)  # a draft's files exist only where the fixture was made
            assert _restricted_to(status, expected_status) == expected_status
            (part,) = client.call("wait", cursors=[{"stream": f"job:{record['job_id']}"}], limit=10_000)["streams"]
            assert part["events"] == _upgraded_events(record["events"])
            assert not [key for key in EARLIER_KEYS if key in json.dumps([status, part["events"]])]
        draft = client.call("show_job", job_id=job_ids["draft"])
        assert draft["spec"]["training"] == [
            {"batch_size": [16, 32], "method": "tbptt"},
            {"batch_size": 512, "method": "rows"},
        ]
        stop_daemon(client)
    (vestim_home / "registry.sqlite").unlink()
    with Client() as client:
        for name, record in expected.items():
            status = client.call("show_job", job_id=record["job_id"])
            assert (status["state"], status["name"]) == (record["show_job"]["state"], record["show_job"]["name"])
            assert status["spec"] == upgrade_job(record["show_job"]["spec"]).document, name
            assert [task["task_id"] for task in status["tasks"]] == [
                task["task_id"] for task in record["show_job"]["tasks"]
            ]
        last_epoch = max(e["data"]["epoch"] for e in expected["paused"]["events"] if e["kind"] == "epoch")
        last_seq = client.call("show_job", job_id=job_ids["paused"])["last_seq"]
        client.call("resume", job_id=job_ids["paused"])
        events = follow_until(client, job_ids["paused"], lambda event: event["kind"] == "epoch", last_seq)
        resumed_epochs = [event["data"]["epoch"] for event in events if event["kind"] == "epoch"]
        assert resumed_epochs[0] == last_epoch + 1, "continued from the checkpoint, not started over"
        client.call("stop", job_id=job_ids["paused"], test=False)
        follow_to_end(client, job_ids["paused"])


def test_a_job_ended_by_force_is_rebuilt_as_it_was(
    client: Client, tmp_path: Path, job: Callable[..., dict[str, Any]]
) -> None:
    """A stop that had to kill the worker ends as stopped, also after the registry was lost."""
    job_id = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    follow_until(client, job_id, lambda event: event["kind"] == "epoch")
    process = psutil.Process(running_pid(client, job_id, "train"))
    process.suspend()  # it cannot obey
    client.call("stop", job_id=job_id, test=False)
    follow_to_end(client, job_id)
    expected = _restorable_status(client, job_id)
    assert expected["state"] == "stopped"
    stop_daemon(client)
    client.home.registry.unlink()
    with Client() as new_client:
        assert _restorable_status(new_client, job_id) == expected


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
