"""The registry: transactions are complete or undone, and streams are complete and in order."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.jobs.job_services import open_service, submit_job
from tests.spec.documents import job_document_with_files
from vestim_core.jobs.database import DamagedDatabase
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.job_service import JobService
from vestim_core.jobs.registry_rebuild import rebuild, register_job_folder
from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import Intent, JobState, TaskState

MAX_BYTES = 1 << 20  # more than any reply in these tests
VERSION_2_JOBS = Path(__file__).parents[1] / "fixtures" / "home_version_2" / "workspace" / "jobs"


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


def stored_state(service: JobService) -> str:
    """Memory and disk as one text."""
    manager = service.manager
    memory = {job_id: container.to_record() for job_id, container in manager.job_containers.items()}
    stored = {
        row["job_id"]: manager.registry.load(row["job_id"]).to_record() for row in manager.registry.summaries()[0]
    }  # type: ignore[union-attr]
    streams = [manager.registry.read_events(job_id, 0, 10**6, 1 << 30)[0] for job_id in sorted(stored)]
    files = {str(path): path.read_bytes().hex() for path in sorted(manager.home.jobs.rglob("*")) if path.is_file()}
    catalog = manager.registry.read_catalog(0, 1000, MAX_BYTES)[0]
    return json.dumps([memory, stored, streams, files, catalog], sort_keys=True)


def test_a_record_survives_a_restart(service: JobService, tmp_path: Path) -> None:
    container = submit_job(service, tmp_path)
    container.create_attempt("prepare_1")
    service.manager.persist_job_container(container)
    record, lineage = container.to_record(), service.manager.registry.lineage
    service.manager.registry.close()
    reopened = open_service(tmp_path / "home").manager
    assert reopened.get(container.job_id).to_record() == record
    assert reopened.registry.lineage == lineage
    assert len({open_service(tmp_path / str(k)).manager.registry.lineage for k in range(3)} | {lineage}) == 4


def test_a_rollback_restores_memory_and_disk(service: JobService, tmp_path: Path) -> None:
    container = submit_job(service, tmp_path)
    draft = service.create_job("a draft")["job_id"]
    expected_state = stored_state(service)
    draft_container = service.manager.job_containers[draft]
    with pytest.raises(ZeroDivisionError), service.manager.unit_of_work():
        service.stop(container.job_id)
        container.create_attempt("prepare_1")
        service.manager.persist_job_container(container)
        service.create_job("never")
        1 / 0  # noqa: B018
    assert stored_state(service) == expected_state
    assert service.manager.job_containers[draft] is draft_container, "what was not touched was not reloaded"
    with pytest.raises(VestimError), service.manager.unit_of_work():
        service.setup_training_tasks(container.job_id)
    with pytest.raises(VestimError), service.manager.unit_of_work():
        service.save_hyperparameters(container.job_id, {"name": "x"})
    assert stored_state(service) == expected_state
    service.stop(container.job_id)  # later commands work
    assert service.manager.get(container.job_id).intent is Intent.STOP


def test_a_refused_command_leaves_the_stop_ladder_of_others_alone(service: JobService, tmp_path: Path) -> None:
    """intent-wins: repeated invalid commands of a client must not keep a stubborn worker alive."""
    container = submit_job(service, tmp_path)
    attempt = container.create_attempt("prepare_1")
    attempt.sent_intent, attempt.intent_sent_s = Intent.STOP, 123.0
    service.manager.persist_job_container(container)
    with pytest.raises(VestimError), service.manager.unit_of_work():
        service.start("job_of_nobody")
    current_attempt = service.manager.get(container.job_id).tasks["prepare_1"].attempt
    assert current_attempt is attempt and current_attempt.intent_sent_s == 123.0


def test_a_failed_commit_is_undone(service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected_state = stored_state(service)
    registry = service.manager.registry
    connection = registry._db

    class FullDisk:
        def execute(self, sql: str, *args: object) -> object:
            if sql == "COMMIT":
                raise OSError("disk full")
            return connection.execute(sql, *args)

        def __getattr__(self, name: str) -> object:
            return getattr(connection, name)

    monkeypatch.setattr(registry, "_db", FullDisk())
    with pytest.raises(OSError, match="disk full"), service.manager.unit_of_work():
        service.create_job("never")
    monkeypatch.setattr(registry, "_db", connection)
    assert stored_state(service) == expected_state
    service.create_job("now")


def test_an_unwritable_folder_blocks_no_change(service: JobService, tmp_path: Path) -> None:
    container = submit_job(service, tmp_path)
    root = service.manager.folder(container.job_id).root
    root.rename(tmp_path / "gone")
    root.write_text("in the way")
    container.set_intent(Intent.STOP)
    service.manager.persist_job_container(container)
    assert service.manager.registry.load(container.job_id).intent is Intent.STOP  # type: ignore[union-attr]
    root.unlink()
    service.rename(container.job_id, "later")
    assert json.loads((root / "state.json").read_text())["intent"] == "stop"


@pytest.mark.parametrize("is_killed", [False, True])
def test_an_uncommitted_deletion_restores_the_folder(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_killed: bool
) -> None:
    container = submit_job(service, tmp_path)
    folder = service.manager.folder(container.job_id).root
    (folder / "model.pt").write_bytes(b"weights")
    if is_killed:
        monkeypatch.setattr(service.manager, "_restore", lambda job_id: None)
    with pytest.raises(KeyboardInterrupt), service.manager.unit_of_work():
        service.manager.delete_job(container)
        raise KeyboardInterrupt
    reopened = open_service(tmp_path / "home").manager
    reopened.finish_deletions()
    assert reopened.get(container.job_id).state is JobState.QUEUED
    assert (folder / "model.pt").read_bytes() == b"weights"
    assert sorted(path.name for path in reopened.home.jobs.iterdir()) == [container.job_id]


def test_a_new_job_is_queued_behind_those_of_a_rebuilt_registry(service: JobService, tmp_path: Path) -> None:
    for index in range(5):
        service.create_job(str(index))
    first = submit_job(service, tmp_path).job_id
    for job in service.list_jobs()["jobs"]:
        if job["job_id"] != first:
            service.delete(job["job_id"])
    service.manager.registry.close()
    manager = JobManager(service.manager.home, Registry(tmp_path / "anew.sqlite"))
    rebuild(manager)
    second = submit_job(JobService(manager), tmp_path)
    assert second.position > manager.get(first).position


def test_the_catalog_holds_each_job_once_by_its_last_change(service: JobService, tmp_path: Path) -> None:
    first, second, third = (service.create_job(name)["job_id"] for name in "abc")
    service.rename(first, "a2")
    rows, _ = service.manager.registry.read_catalog(0, 100, MAX_BYTES)
    assert [row["job_id"] for row in rows] == [second, third, first]
    assert [row["seq"] for row in rows] == sorted(row["seq"] for row in rows)
    cursor = rows[-1]["seq"]
    assert service.manager.registry.read_catalog(cursor, 100, MAX_BYTES)[0] == []
    service.delete(second)
    (tombstone,), _ = service.manager.registry.read_catalog(cursor, 100, MAX_BYTES)
    assert tombstone["job_id"] == second and tombstone["summary"] is None
    rows, _ = service.manager.registry.read_catalog(0, 2, MAX_BYTES)
    assert [row["job_id"] for row in rows] == [third, first], "in pieces, in order"


def test_events_are_read_in_order_from_any_sequence_number(service: JobService, tmp_path: Path) -> None:
    container = submit_job(service, tmp_path)
    read_events = service.manager.registry.read_events
    events, _ = read_events(container.job_id, 0, 1000, MAX_BYTES)
    assert [event["seq"] for event in events] == list(range(1, container.last_seq + 1))
    for after_seq in range(len(events) + 2):
        assert read_events(container.job_id, after_seq, 1000, MAX_BYTES)[0] == events[after_seq:]
    joined_events: list[dict[str, object]] = []
    while page := read_events(container.job_id, len(joined_events), 3, 1)[0]:
        assert len(page) == 1, "at least one however small the budget"
        joined_events += page
    assert joined_events == events


def test_commands_and_their_answers(service: JobService) -> None:
    registry = service.manager.registry
    with registry.transaction():
        registry.save_answer("c1", "digest", {"job_id": "x"})
    assert registry.find_answer("c1") == ("digest", {"job_id": "x"})
    assert registry.find_answer("c2") is None
    registry.forget_old_commands()
    assert registry.find_answer("c1") is not None, "young ones are kept"


def test_ended_jobs_leave_memory_and_are_loaded_on_request(service: JobService, tmp_path: Path) -> None:
    container = submit_job(service, tmp_path)
    with container.batch_changes():
        for task in list(container.tasks.values()):
            container.set_task_state(task.task_id, TaskState.STOPPED)
        container.set_state(JobState.STOPPED)
    service.manager.persist_job_container(container)
    assert container.job_id not in service.manager.job_containers
    assert service.manager.get(container.job_id).to_record() == container.to_record()
    assert service.manager.registry.active_jobs() == []


def test_an_ended_job_of_a_version_without_ensembles_stays_ended(service: JobService) -> None:
    """Neither the ensemble of its repetitions nor a measurement of its threads is started."""
    (source,) = VERSION_2_JOBS.glob("job_*")
    folder = service.manager.home.jobs / source.name
    shutil.copytree(source, folder)
    document = json.loads((folder / "job.json").read_text())
    document["spec"]["training"]["repetitions"] = 2
    (folder / "job.json").write_text(json.dumps(document))
    for kind in ("train", "test"):
        shutil.copytree(folder / "tasks" / f"{kind}_001", folder / "tasks" / f"{kind}_002")
        for json_file in (folder / "tasks" / f"{kind}_002").rglob("*.json"):
            json_file.write_text(json_file.read_text().replace("_001", "_002"))
    with service.manager.unit_of_work():
        job = register_job_folder(service.manager, source.name)
    assert job is not None and job.state is JobState.DONE
    assert job.tasks["ensemble_1"].state is TaskState.SKIPPED
    assert {job.tasks[name].threads for name in ("train_001", "train_002")} == {1}
    with service.manager.unit_of_work():
        assert service.resume(job.job_id)["state"] == "queued", "and is made when the user wants it"


def test_a_damaged_registry_differs_from_one_that_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"this is no database, and long enough to look like one" * 100)
    with pytest.raises(DamagedDatabase, match=r"registry\.sqlite"):
        Registry(path)
    with pytest.raises(VestimError, match="cannot be opened"):
        Registry(tmp_path)


@pytest.mark.slow
def test_a_thousand_trials_are_one_command(service: JobService, tmp_path: Path) -> None:
    rates = [k / 1e4 for k in range(1, 1001)]
    container = submit_job(service, tmp_path, training={"learning_rate": rates, "schedule": "constant"})
    assert len(container.tasks) == 2002
    assert not list((service.manager.folder(container.job_id).root).glob("tasks/*")), "folders are made when they start"
    assert service.manager.registry.load(container.job_id).to_record() == container.to_record()  # type: ignore[union-attr]
    assert job_document_with_files(tmp_path)["data"] == container.document["data"]
