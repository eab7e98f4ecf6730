"""Drafts: stored exactly as typed, with their problems; and duplicates of jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.jobs.job_services import open_service, submit_job
from tests.spec.documents import job_document_with_files
from vestim_core.jobs.job_service import JobService
from vestim_core.spec.errors import ErrorCode, VestimError

HALF_TYPED: dict[str, Any] = {
    "name": "",
    "data": {"train": ["/no/such/file.csv", ""], "columns": "U["},
    "model": [{"kind": "lstm", "sizes": "16, 32, x"}, {"kind": "gru?"}, 7],
    "training": {"max_epochs": "1e", "learning_rate": None},
    "notes of the form": {"page": 2},
}


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


@pytest.mark.parametrize("document", [HALF_TYPED, {}, {"data": None, "model": None, "signals": 3}, {"name": 7}])
def test_a_draft_is_stored_exactly_as_typed(service: JobService, tmp_path: Path, document: dict[str, Any]) -> None:
    job_id = service.create_job("form")["job_id"]
    reply = service.save_draft(job_id, document)
    assert reply["state"] == "draft" and reply["problems"]
    service.manager.registry.close()
    status = open_service(tmp_path / "home").show_job(job_id)
    assert status["spec"] == document and status["problems"] == reply["problems"]
    assert all(set(problem) == {"location", "message"} for problem in status["problems"])


def test_an_incomplete_draft_is_refused_with_its_problems(service: JobService, tmp_path: Path) -> None:
    job_id = service.create_job()["job_id"]
    problems = service.save_draft(job_id, HALF_TYPED)["problems"]
    locations = {problem["location"].partition(".")[0].partition("[")[0] for problem in problems}
    assert {"data", "model", "training"} <= locations
    with pytest.raises(VestimError) as caught:
        service.start(job_id)
    assert caught.value.code is ErrorCode.WRONG_INPUT
    assert [dict(problem) for problem in caught.value.problems] == problems
    assert service.show_job(job_id)["state"] == "draft"
    assert service.save_draft(job_id, job_document_with_files(tmp_path))["problems"] == []
    assert service.start(job_id)["state"] == "queued"
    assert "problems" not in service.show_job(job_id)


def test_every_missing_file_is_a_problem(service: JobService, tmp_path: Path) -> None:
    document = job_document_with_files(tmp_path)
    document["data"]["train"] += ["/no/such.csv", "/nor/this.csv"]
    document["training"] = {"threads": 200}
    problems = service.save_draft(service.create_job()["job_id"], document)["problems"]
    assert [problem["location"] for problem in problems] == ["data.train[2]", "data.train[3]", "training.threads"]
    with pytest.raises(VestimError, match=r"no file or folder '/no/such.csv'.*\(and 2 more\)"):
        service.submit(document)


def test_a_started_job_is_no_draft_any_more(service: JobService, tmp_path: Path) -> None:
    container = submit_job(service, tmp_path)
    with pytest.raises(VestimError) as caught:
        service.save_draft(container.job_id, {})
    assert caught.value.code is ErrorCode.REFUSED


def test_a_duplicate_is_a_draft_with_the_same_settings(service: JobService, tmp_path: Path) -> None:
    settings = {"training": {"learning_rate": [0.01, 0.02]}, "name": "x" * 200}
    container = submit_job(service, tmp_path, **settings)
    copy = service.duplicate(container.job_id)
    assert copy["state"] == "draft" and copy["job_id"] != container.job_id
    status = service.show_job(copy["job_id"])
    assert status["name"].startswith("xxx") and status["name"].endswith("(copy)") and len(status["name"]) <= 200
    assert {**status["spec"], "name": ""} == {**container.document, "name": ""} and status["problems"] == []
    assert service.start(copy["job_id"])["state"] == "queued"
    draft = service.create_job("half")["job_id"]
    service.save_draft(draft, HALF_TYPED)
    second_copy = service.show_job(service.duplicate(draft)["job_id"])["spec"]
    assert {**second_copy, "name": ""} == HALF_TYPED


def test_an_inspection_cannot_be_duplicated(service: JobService) -> None:
    with pytest.raises(VestimError) as caught:
        service.duplicate(service.generate_demo()["inspection_id"])
    assert caught.value.code is ErrorCode.REFUSED


def test_a_draft_is_discarded(service: JobService) -> None:
    job_id = service.create_job()["job_id"]
    assert service.delete(job_id)["deleted"]
    with pytest.raises(VestimError):
        service.show_job(job_id)
