"""compatible, movable: what was written is read again, here or elsewhere; folders tell a lost registry anew."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.guarantees.conftest import arm, finish, running_pid, stop_daemon, until
from vestim_core.client import Client
from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepare import prepare_table
from vestim_core.data.readers import read_table
from vestim_core.evaluation.inference import predict
from vestim_core.evaluation.report import scored_rows
from vestim_core.jobs.database import MIGRATIONS, SCHEMA_VERSION, DamagedDatabase, open_database
from vestim_core.models.files import load_model
from vestim_core.spec.errors import ErrorCode, VestimError

FIXTURES = Path(__file__).parents[1] / "fixtures"
OF_WORKERS = {"epoch", "checkpoint", "result", "finding"}


def _told(client: Client, job_id: str) -> dict[str, Any]:
    """Everything that a rebuilt registry has to tell again."""
    shown: dict[str, Any] = json.loads(json.dumps(client.call("show_job", job_id=job_id)))
    for changing in ("last_seq", "updated_utc"):
        del shown[changing]
    for task in shown["tasks"]:
        del task["retries"]
    return shown


def _words_of_workers(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(e["kind"], e["task"], e["attempt"], e["time_utc"], e["data"]) for e in events if e["kind"] in OF_WORKERS]


def test_a_damaged_registry_is_set_aside_and_told_anew_by_the_job_folders(
    client: Client, job: Callable[..., dict[str, Any]], cells: dict[str, list[str]]
) -> None:
    document = job("fnn", epochs=5)
    done = client.call("submit", spec=document)["job_id"]
    events = finish(client, done)
    client.call("rename", job_id=done, name="renamed <b>")
    client.call("tag", job_id=done, add=["good", "42"])
    client.call("note", job_id=done, text="two\nlines")
    client.call("archive", job_id=done)
    draft = client.call("create_job", name="half a job", spec={"data": cells})["job_id"]
    missing = {**document, "data": {**cells, "train": [cells["train"][0] + ".txt"]}}
    Path(missing["data"]["train"][0]).write_text("time_s\n")
    failed = client.call("submit", spec=missing)["job_id"]
    finish(client, failed)
    stopped = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    until(client, stopped, lambda event: event["kind"] == "epoch")
    client.call("stop", job_id=stopped)
    finish(client, stopped)
    running = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    until(client, running, lambda event: event["kind"] == "epoch")
    pid = running_pid(client, running, "train")
    before = {job_id: _told(client, job_id) for job_id in (done, draft, failed, stopped)}
    lineage = client.call("hello")["lineage"]
    cursor = {"stream": f"job:{done}", "lineage": lineage, "seq": len(events)}
    stop_daemon(client)
    client.home.registry.write_bytes(b"no database " * 1000)
    with Client() as later:
        after = {job_id: _told(later, job_id) for job_id in before}
        assert after == before
        assert later.call("show_job", job_id=running)["state"] == "running"
        assert running_pid(later, running, "train") == pid
        assert later.call("hello")["lineage"] != lineage
        (part,) = later.call("wait", cursors=[cursor], limit=10_000)["streams"]
        assert part["reset"], "a cursor of the former lineage starts over"
        assert _words_of_workers(part["events"]) == _words_of_workers(events)
        assert [event["seq"] for event in part["events"]] == list(range(1, len(part["events"]) + 1))
        later.call("stop", job_id=running, test=False)
        finish(later, running)
    assert list(client.home.root.glob("registry.damaged-*.sqlite")), "the damaged one is kept"


def test_a_rebuild_that_was_cut_short_leaves_no_job_out(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = {client.call("create_job", name=name)["job_id"] for name in "abc"}
    stop_daemon(client)
    client.home.registry.unlink()
    token = arm(monkeypatch, tmp_path, "rebuild.job")
    with Client() as later, pytest.raises(VestimError):
        later.call("hello")
    assert not token.exists()
    with Client() as later:
        assert {job["job_id"] for job in later.call("list_jobs")["jobs"]} == jobs


def test_an_empty_file_is_no_registry(client: Client) -> None:
    job_id = client.call("create_job", name="a")["job_id"]
    stop_daemon(client)
    client.home.registry.write_bytes(b"")
    with Client() as later:
        assert [job["job_id"] for job in later.call("list_jobs")["jobs"]] == [job_id]


def test_a_job_folder_tests_with_the_same_numbers_elsewhere(
    client: Client, job: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    document = job("lstm", epochs=3)
    job_id = client.call("submit", spec=document)["job_id"]
    finish(client, job_id)
    moved = tmp_path / "elsewhere"
    shutil.copytree(client.home.jobs / job_id, moved)
    client.call("delete", job_id=job_id)
    module, description = load_model(moved / "tasks" / "train_001" / "result")
    pipeline = Pipeline.from_json(description["preparation"])
    needed = [*description["signals"]["features"], description["signals"]["target"]]
    file = prepare_table(pipeline, read_table(Path(document["data"]["test"][0]), {}, needed), "test")
    with np.load(moved / "tasks" / "test_001" / "result" / "predictions" / "test.npz") as kept:
        assert np.array_equal(predict(module, file, pipeline)[scored_rows(file)], kept["predicted"])


@pytest.mark.parametrize("version", [1, 2])
def test_a_home_of_an_earlier_version_opens(vestim_home: Path, version: int) -> None:
    shutil.copytree(FIXTURES / f"home_version_{version}", vestim_home, dirs_exist_ok=True)
    told = json.loads((FIXTURES / f"home_version_{version}.json").read_text())
    with Client() as client:
        (job,) = client.call("list_jobs")["jobs"]
        shown = client.call("show_job", job_id=job["job_id"])
        assert _as_told(shown, told["show_job"]) == told["show_job"]
        events = finish(client, job["job_id"])
        assert events == told["events"]
        assert _data_sets(client) == told.get("data_sets", [])
        assert load_model(client.home.jobs / job["job_id"] / "tasks" / "train_001" / "result")
        stop_daemon(client)
    (vestim_home / "registry.sqlite").unlink()
    with Client() as client:
        again = _as_told(_told(client, job["job_id"]), told["show_job"])
        assert again == {key: told["show_job"][key] for key in again} | {"tasks": again["tasks"]}
        assert _words_of_workers(finish(client, job["job_id"])) == _words_of_workers(told["events"])
        summaries = [row["summary"] for row in told.get("data_sets", []) if row["summary"]]
        assert [row["summary"] for row in _data_sets(client)] == summaries
        for summary in summaries:
            assert client.call("show_data_set", data_set=summary["name"]) == told["show_data_set"]
    assert (vestim_home / "registry.version-1.sqlite").exists() is (version == 1), "what is migrated is copied before"


def _as_told(shown: Any, told: Any) -> Any:
    """What is shown without what is told since a later version only."""
    if isinstance(shown, dict) and isinstance(told, dict):
        return {key: _as_told(value, told[key]) for key, value in shown.items() if key in told}
    if isinstance(shown, list) and isinstance(told, list) and len(shown) == len(told):
        return [_as_told(one, other) for one, other in zip(shown, told, strict=True)]
    return shown


def _data_sets(client: Client) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.call("wait", cursors=[{"stream": "data_sets"}])["streams"][0]["events"]
    return rows


def test_an_older_database_is_copied_and_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    open_database(path, 1).close()
    newer = open_database(path, 3, {1: "ALTER TABLE jobs ADD COLUMN colour TEXT", 2: "CREATE TABLE more (x)"})
    assert newer.execute("SELECT colour FROM jobs").fetchall() == []
    assert newer.execute("PRAGMA user_version").fetchone() == (3,)
    newer.close()
    for version in (1, 2):
        with sqlite3.connect(tmp_path / f"registry.version-{version}.sqlite") as copy:
            assert copy.execute("PRAGMA user_version").fetchone() == (version,)
        copy.close()


def test_a_new_database_is_what_an_old_one_becomes(tmp_path: Path) -> None:
    def tables(name: str, *versions: int) -> list[tuple[Any, ...]]:
        for version in versions:
            open_database(tmp_path / name, version).close()
        db = open_database(tmp_path / name)
        found = db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        db.close()
        return found

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
    before = path.read_bytes()
    with pytest.raises(VestimError) as refused:
        open_database(path)
    assert refused.value.code is ErrorCode.VERSION
    assert "update Vestim" in refused.value.sentence
    assert path.read_bytes() == before


def test_what_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"garbage " * 500)
    with pytest.raises(DamagedDatabase):
        open_database(path)
