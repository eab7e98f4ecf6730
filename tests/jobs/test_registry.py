"""The registry: what belongs together is committed together, and streams hold what they promise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.jobs.homes import open_service, submitted
from tests.spec.documents import real_document
from vestim_core.jobs.database import DamagedDatabase
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.rebuild import rebuild, take_in
from vestim_core.jobs.registry import Registry
from vestim_core.jobs.service import JobService
from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import Intent, JobState, TaskState

BIG = 1 << 20
FORMER = Path(__file__).parents[1] / "fixtures" / "home_version_2" / "workspace" / "jobs"


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


def everything(service: JobService) -> str:
    """Memory and disk as one text."""
    manager = service.manager
    memory = {job_id: container.to_record() for job_id, container in manager.job_containers.items()}
    stored = {
        row["job_id"]: manager.registry.load(row["job_id"]).to_record() for row in manager.registry.summaries()[0]
    }  # type: ignore[union-attr]
    streams = [manager.registry.read_events(job_id, 0, 10**6, 1 << 30)[0] for job_id in sorted(stored)]
    files = {str(path): path.read_bytes().hex() for path in sorted(manager.home.jobs.rglob("*")) if path.is_file()}
    catalog = manager.registry.read_catalog(0, 1000, BIG)[0]
    return json.dumps([memory, stored, streams, files, catalog], sort_keys=True)


def test_a_record_survives_a_restart(service: JobService, tmp_path: Path) -> None:
    container = submitted(service, tmp_path)
    container.new_attempt("prepare_1")
    service.manager.persist_job_container(container)
    record, lineage = container.to_record(), service.manager.registry.lineage
    service.manager.registry.close()
    again = open_service(tmp_path / "home").manager
    assert again.get(container.job_id).to_record() == record
    assert again.registry.lineage == lineage
    assert len({open_service(tmp_path / str(k)).manager.registry.lineage for k in range(3)} | {lineage}) == 4


def test_a_rollback_leaves_memory_and_disk_as_they_were(service: JobService, tmp_path: Path) -> None:
    container = submitted(service, tmp_path)
    draft = service.create_job("a draft")["job_id"]
    before = everything(service)
    other = service.manager.job_containers[draft]
    with pytest.raises(ZeroDivisionError), service.manager.unit():
        service.stop(container.job_id)
        container.new_attempt("prepare_1")
        service.manager.persist_job_container(container)
        service.create_job("never")
        1 / 0  # noqa: B018
    assert everything(service) == before
    assert service.manager.job_containers[draft] is other, "what was not touched was not reloaded"
    with pytest.raises(VestimError), service.manager.unit():
        service.setup_training_tasks(container.job_id)
    with pytest.raises(VestimError), service.manager.unit():
        service.save_hyperparameters(container.job_id, {"name": "x"})
    assert everything(service) == before
    service.stop(container.job_id)  # and it goes on
    assert service.manager.get(container.job_id).intent is Intent.STOP


def test_a_refused_command_leaves_the_stop_ladder_of_others_alone(service: JobService, tmp_path: Path) -> None:
    """intent-wins: a client that keeps asking for nonsense must not keep a stubborn worker alive."""
    container = submitted(service, tmp_path)
    attempt = container.new_attempt("prepare_1")
    attempt.asked, attempt.asked_s = Intent.STOP, 123.0
    service.manager.persist_job_container(container)
    with pytest.raises(VestimError), service.manager.unit():
        service.start("job_of_nobody")
    kept = service.manager.get(container.job_id).tasks["prepare_1"].attempt
    assert kept is attempt and kept.asked_s == 123.0


def test_a_commit_that_fails_is_undone(service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(service)
    registry = service.manager.registry
    inner = registry._db

    class FullDisk:
        def execute(self, sql: str, *args: object) -> object:
            if sql == "COMMIT":
                raise OSError("disk full")
            return inner.execute(sql, *args)

        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

    monkeypatch.setattr(registry, "_db", FullDisk())
    with pytest.raises(OSError, match="disk full"), service.manager.unit():
        service.create_job("never")
    monkeypatch.setattr(registry, "_db", inner)
    assert everything(service) == before
    service.create_job("now")


def test_a_folder_that_cannot_be_written_stops_no_change(service: JobService, tmp_path: Path) -> None:
    container = submitted(service, tmp_path)
    root = service.manager.folder(container.job_id).root
    root.rename(tmp_path / "gone")
    root.write_text("in the way")
    container.set_intent(Intent.STOP)
    service.manager.persist_job_container(container)
    assert service.manager.registry.load(container.job_id).intent is Intent.STOP  # type: ignore[union-attr]
    root.unlink()
    service.rename(container.job_id, "later")
    assert json.loads((root / "state.json").read_text())["intent"] == "stop"


@pytest.mark.parametrize("dies", [False, True])
def test_a_deletion_that_was_not_committed_gives_the_folder_back(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    container = submitted(service, tmp_path)
    folder = service.manager.folder(container.job_id).root
    (folder / "model.pt").write_bytes(b"weights")
    if dies:
        monkeypatch.setattr(service.manager, "_restore", lambda job_id: None)
    with pytest.raises(KeyboardInterrupt), service.manager.unit():
        service.manager.delete_job(container)
        raise KeyboardInterrupt
    later = open_service(tmp_path / "home").manager
    later.settle_trash()
    assert later.get(container.job_id).state is JobState.QUEUED
    assert (folder / "model.pt").read_bytes() == b"weights"
    assert sorted(path.name for path in later.home.jobs.iterdir()) == [container.job_id]


def test_a_new_job_stands_behind_those_of_a_registry_that_was_rebuilt(service: JobService, tmp_path: Path) -> None:
    for number in range(5):
        service.create_job(str(number))
    first = submitted(service, tmp_path).job_id
    for job in service.list_jobs()["jobs"]:
        if job["job_id"] != first:
            service.delete(job["job_id"])
    service.manager.registry.close()
    manager = JobManager(service.manager.home, Registry(tmp_path / "anew.sqlite"))
    rebuild(manager)
    second = submitted(JobService(manager), tmp_path)
    assert second.position > manager.get(first).position


def test_the_catalogue_holds_each_job_once_by_its_last_change(service: JobService, tmp_path: Path) -> None:
    first, second, third = (service.create_job(name)["job_id"] for name in "abc")
    service.rename(first, "a2")
    rows, _ = service.manager.registry.read_catalog(0, 100, BIG)
    assert [row["job_id"] for row in rows] == [second, third, first]
    assert [row["seq"] for row in rows] == sorted(row["seq"] for row in rows)
    cursor = rows[-1]["seq"]
    assert service.manager.registry.read_catalog(cursor, 100, BIG)[0] == []
    service.delete(second)
    (tombstone,), _ = service.manager.registry.read_catalog(cursor, 100, BIG)
    assert tombstone["job_id"] == second and tombstone["summary"] is None
    rows, _ = service.manager.registry.read_catalog(0, 2, BIG)
    assert [row["job_id"] for row in rows] == [third, first], "in pieces, in order"


def test_events_are_read_in_order_from_any_number(service: JobService, tmp_path: Path) -> None:
    container = submitted(service, tmp_path)
    read = service.manager.registry.read_events
    whole, _ = read(container.job_id, 0, 1000, BIG)
    assert [event["seq"] for event in whole] == list(range(1, container.last_seq + 1))
    for after in range(len(whole) + 2):
        assert read(container.job_id, after, 1000, BIG)[0] == whole[after:]
    pieces: list[dict[str, object]] = []
    while piece := read(container.job_id, len(pieces), 3, 1)[0]:
        assert len(piece) == 1, "at least one however small the budget"
        pieces += piece
    assert pieces == whole


def test_commands_and_their_answers(service: JobService) -> None:
    registry = service.manager.registry
    with registry.transaction():
        registry.keep_answer("c1", "digest", {"job_id": "x"})
    assert registry.answer_of("c1") == ("digest", {"job_id": "x"})
    assert registry.answer_of("c2") is None
    registry.forget_old_commands()
    assert registry.answer_of("c1") is not None, "young ones are kept"


def test_ended_jobs_leave_memory_and_come_back_when_asked_for(service: JobService, tmp_path: Path) -> None:
    container = submitted(service, tmp_path)
    with container.changes():
        for task in list(container.tasks.values()):
            container.set_task_state(task.task_id, TaskState.STOPPED)
        container.set_state(JobState.STOPPED)
    service.manager.persist_job_container(container)
    assert container.job_id not in service.manager.job_containers
    assert service.manager.get(container.job_id).to_record() == container.to_record()
    assert service.manager.registry.active_jobs() == []


def test_an_ended_job_of_a_version_without_ensembles_comes_back_ended(service: JobService) -> None:
    """What today's version would have made of its repetitions is not begun, nor are its threads to be found out."""
    (former,) = FORMER.glob("job_*")
    folder = service.manager.home.jobs / former.name
    shutil.copytree(former, folder)
    document = json.loads((folder / "job.json").read_text())
    document["spec"]["training"]["repetitions"] = 2
    (folder / "job.json").write_text(json.dumps(document))
    for kind in ("train", "test"):
        shutil.copytree(folder / "tasks" / f"{kind}_001", folder / "tasks" / f"{kind}_002")
        for written in (folder / "tasks" / f"{kind}_002").rglob("*.json"):
            written.write_text(written.read_text().replace("_001", "_002"))
    with service.manager.unit():
        job = take_in(service.manager, former.name)
    assert job is not None and job.state is JobState.DONE
    assert job.tasks["ensemble_1"].state is TaskState.SKIPPED
    assert {job.tasks[name].threads for name in ("train_001", "train_002")} == {1}
    with service.manager.unit():
        assert service.resume(job.job_id)["state"] == "queued", "and is made when the user wants it"


def test_a_file_that_is_no_registry_is_told_from_one_that_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"this is no database, and long enough to look like one" * 100)
    with pytest.raises(DamagedDatabase, match=r"registry\.sqlite"):
        Registry(path)
    with pytest.raises(VestimError, match="cannot be opened"):
        Registry(tmp_path)


def test_a_thousand_trials_are_one_command(service: JobService, tmp_path: Path) -> None:
    rates = [k / 1e4 for k in range(1, 1001)]
    container = submitted(service, tmp_path, training={"learning_rate": rates, "schedule": "constant"})
    assert len(container.tasks) == 2002
    assert not list((service.manager.folder(container.job_id).root).glob("tasks/*")), "folders are made when they start"
    assert service.manager.registry.load(container.job_id).to_record() == container.to_record()  # type: ignore[union-attr]
    assert real_document(tmp_path)["data"] == container.document["data"]
