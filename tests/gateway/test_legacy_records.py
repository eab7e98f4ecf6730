"""The former program's words for jobs that came from it."""

from __future__ import annotations

from typing import Any

import pytest

from vestim_core.gateway.legacy_records import job_record, legacy_status, status_record

JOB: dict[str, Any] = {
    "job_id": "job_20251014-180644",
    "imported": True,
    "phase": "",
    "fraction": 1.0,
    "message": "",
    "reason": "",
    "created_utc": "2025-10-14T18:06:44.917Z",
    "updated_utc": "2025-10-14T18:06:44.917Z",
    "spec": {},
    "tasks": [],
    "managers": [],
}


@pytest.mark.parametrize("state", ["done", "failed", "stopped"])
def test_an_imported_job_is_imported_however_it_ended(state: str) -> None:
    job = {**JOB, "state": state}
    assert legacy_status(job) == job_record(job, "/x")["status"] == status_record(job, "/x")["status"] == "imported"


def test_while_it_is_tested_it_runs_and_others_have_their_own_words() -> None:
    assert legacy_status({**JOB, "state": "running", "phase": "testing"}) == "testing"
    assert legacy_status({**JOB, "state": "done", "imported": False}) == "complete"
    assert (
        legacy_status({key: value for key, value in JOB.items() if key != "imported"} | {"state": "stopped"})
        == "stopped"
    )
