"""The verbs on drafts and files, and the outcome of attempts."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.job_services import open_service, submit_job
from tests.spec.documents import job_document_with_files
from vestim_core.jobs.artifacts import list_files, read_piece
from vestim_core.jobs.attempt_outcomes import attempt_outcome
from vestim_core.jobs.job_folder import JobFolder
from vestim_core.jobs.job_service import JobService
from vestim_core.protocol.attempt_files import ExitFile
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import AttemptState, JobState


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


def refusal(call: Any) -> VestimError:
    with pytest.raises(VestimError) as caught:
        call()
    assert "\n" not in caught.value.message
    return caught.value


def test_a_draft_from_nothing_to_a_queued_job(service: JobService, tmp_path: Path) -> None:
    job_id = service.create_job("mine")["job_id"]
    status = service.show_job(job_id)
    assert status["state"] == "draft" and status["name"] == "mine"
    assert refusal(lambda: service.start(job_id)).location.startswith("data")
    service.save_data(job_id, job_document_with_files(tmp_path)["data"])
    service.save_hyperparameters(job_id, {"training": {"learning_rate": [0.01, 0.02], "schedule": "constant"}})
    assert service.setup_training_tasks(job_id) == {"job_id": job_id, "task_count": 6, "trial_count": 2}
    folder = service.manager.folder(job_id)
    assert not folder.job_json.exists() and json.loads(folder.state_json.read_text())["draft"]
    assert service.start(job_id)["state"] == "queued"
    job_json = json.loads(folder.job_json.read_text())
    assert job_json["spec"]["training"]["learning_rate"] == [0.01, 0.02] and job_json["provenance"]["seeds"] == [1]
    assert service.manager.get(job_id).name == "mine"
    for call in (
        lambda: service.start(job_id),
        lambda: service.setup_training_tasks(job_id),
        lambda: service.save_data(job_id, {}),
        lambda: service.save_hyperparameters(job_id, {"name": "x"}),
    ):
        assert refusal(call).code is ErrorCode.REFUSED
    assert service.manager.get(job_id).state is JobState.QUEUED


def test_an_explicit_name_overrides_the_document(service: JobService) -> None:
    job_id = service.create_job("given", {"name": "in the file"})["job_id"]
    assert service.manager.get(job_id).name == "given"
    assert service.manager.get(job_id).document["name"] == "given"


@pytest.mark.parametrize("value", [b"bytes", float("nan"), {b"k": 1}, {"deep": object()}])
def test_a_document_that_json_cannot_hold_is_refused(service: JobService, value: Any) -> None:
    with pytest.raises(VestimError) as caught, service.manager.unit_of_work():
        service.create_job("x", {"training": value})
    assert caught.value.code is ErrorCode.WRONG_INPUT
    assert service.list_jobs()["jobs"] == [] and not list(service.manager.home.jobs.iterdir())


def test_an_invalid_spec_creates_no_job(service: JobService, tmp_path: Path) -> None:
    bad = [
        {},
        {"data": {"train": ["/no/such.csv"], "validation": ["/none"]}},
        job_document_with_files(tmp_path, training={"threads": 256}),
        job_document_with_files(tmp_path, training={"patience": 0}),
    ]
    for spec in bad:
        with pytest.raises(VestimError), service.manager.unit_of_work():
            service.submit(spec)
    assert "no file or folder" in refusal(lambda: service.submit(bad[1])).message
    assert service.list_jobs()["jobs"] == []
    assert not list(service.manager.home.jobs.iterdir())


def test_unknown_jobs_states_and_sections_are_refused(service: JobService) -> None:
    for call in (
        lambda: service.show_job("job_none"),
        lambda: service.stop("job_none"),
        lambda: service.read_artifact("job_none", "x"),
    ):
        assert refusal(call).code is ErrorCode.NOT_FOUND
    assert refusal(lambda: service.list_jobs("sleeping")).location == "state"
    draft = service.create_job()["job_id"]
    assert refusal(lambda: service.stop(draft)).code is ErrorCode.REFUSED
    assert refusal(lambda: service.save_hyperparameters(draft, {"data": {}})).location == "data"


def test_jobs_are_listed_newest_first_and_by_state(service: JobService, tmp_path: Path) -> None:
    draft = service.create_job("a")["job_id"]
    queued = submit_job(service, tmp_path).job_id
    assert {job["job_id"] for job in service.list_jobs()["jobs"]} == {draft, queued}
    assert [job["job_id"] for job in service.list_jobs("queued")["jobs"]] == [queued]


# --- files


def test_read_piece_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert list_files(tmp_path) == [{"path": "sub/a.txt", "bytes": 10}]
    assert read_piece(tmp_path, "sub/a.txt", 3, 4) == {"data": b"3456", "offset": 3, "size": 10}
    assert read_piece(tmp_path, "sub/a.txt", 99, 4)["data"] == b""
    assert read_piece(tmp_path, "sub/a.txt", 2**63 - 1, 4)["data"] == b""


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "sub/../../secret", "link", "folder/secret", "..\\secret", "C:/x", "a\0b", ".."],
)
def test_paths_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / "job"
    root.mkdir()
    (tmp_path / "secret").write_text("x")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    assert refusal(lambda: read_piece(root, name, 0, 10)).code is ErrorCode.REFUSED


@pytest.mark.parametrize("name", ["", ".", "none", "sub", "x" * 300, "sub/" * 150 + "x"])
def test_missing_files_are_not_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    assert refusal(lambda: read_piece(tmp_path, name, 0, 10)).code is ErrorCode.NOT_FOUND


def test_a_file_that_vanishes_while_it_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()
    lstat = Path.lstat

    def vanishing(path: Path) -> os.stat_result:
        if path.name == "b":
            path.unlink()
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", vanishing)
    assert [entry["path"] for entry in list_files(tmp_path)] == ["a"]


@pytest.mark.parametrize("job_id", ["..", "a/b", "", "con"])
def test_no_folder_for_a_name_that_is_no_id(tmp_path: Path, job_id: str) -> None:
    assert refusal(lambda: JobFolder.of(tmp_path, job_id)).location == "job_id"


# --- outcomes of attempts


def test_an_exit_file_decides_the_outcome() -> None:
    error = VestimError(ErrorCode.WRONG_INPUT, "no such column").to_record()
    for state in (AttemptState.FINISHED, AttemptState.STOPPED, AttemptState.PAUSED):
        assert attempt_outcome(ExitFile(state=state), -signal.SIGKILL, "t") == (state, None)
    state, restored_error = attempt_outcome(ExitFile(state=AttemptState.FAILED, error=error), 1, "t")
    assert state is AttemptState.FAILED and restored_error is not None and restored_error.message == "no such column"


@pytest.mark.parametrize(
    ("exit_code", "state", "expected_text"),
    [
        (-signal.SIGKILL, AttemptState.KILLED, "SIGKILL"),
        (-signal.SIGSEGV, AttemptState.KILLED, "SIGSEGV"),
        (-250, AttemptState.KILLED, "250"),
        (3, AttemptState.FAILED, "code 3"),
        (0, AttemptState.FAILED, "code 0"),
        (None, AttemptState.LOST, "gone"),
    ],
)
def test_an_end_without_exit_file_has_a_message(exit_code: int | None, state: AttemptState, expected_text: str) -> None:
    for exit_file in (None, ExitFile(state=AttemptState.RUNNING)):
        outcome, error = attempt_outcome(exit_file, exit_code, "train_001")
        assert outcome is state
        assert error is not None and expected_text in error.message and "train_001" in error.message


@pytest.mark.parametrize(
    ("exit_code", "is_blamed"), [(-signal.SIGKILL, True), (None, True), (-signal.SIGSEGV, False), (1, False)]
)
def test_running_out_of_memory_is_reported(exit_code: int | None, is_blamed: bool) -> None:
    state, error = attempt_outcome(None, exit_code, "train_001", out_of_memory=True)
    assert error is not None and ("memory ran out" in error.message) is is_blamed
    assert state is AttemptState.KILLED or not is_blamed


def test_more_threads_than_cores_are_refused(service: JobService, tmp_path: Path) -> None:
    spec = job_document_with_files(tmp_path, training={"threads": (os.cpu_count() or 1) + 1})
    if (os.cpu_count() or 1) < 256:
        assert "cores" in refusal(lambda: service.submit(spec)).message


def test_pages_of_jobs_are_complete(service: JobService) -> None:
    created_ids = {service.create_job(f"job {index}")["job_id"] for index in range(7)}
    first = service.list_jobs(limit=3)
    service.delete(first["jobs"][-1]["job_id"])  # the cursor of the next page does not need that job
    second = service.list_jobs(after=first["next"], limit=3)
    third = service.list_jobs(after=second["next"], limit=3)
    listed_ids = [job["job_id"] for page in (first, second, third) for job in page["jobs"]]
    assert len(listed_ids) == 7 and set(listed_ids) == created_ids and third["next"] == ""
    assert service.list_jobs("queued") == {"jobs": [], "next": ""}


def test_a_remark_becomes_a_message_event(service: JobService) -> None:
    job_id = service.create_job("quiet")["job_id"]
    service.add_message(job_id, "chamber was opened")
    events, _ = service.manager.registry.read_events(job_id, 0, 100, 1 << 20)
    assert events[-1]["kind"] == "message" and events[-1]["data"]["message"] == "chamber was opened"
    assert service.show_job(job_id)["state"] == "draft"
