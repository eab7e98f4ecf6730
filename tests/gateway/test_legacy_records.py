"""Status values of PyBattML for jobs that were imported from it."""

from __future__ import annotations

from typing import Any

import pytest

from vestim_core.gateway.legacy_records import job_record, legacy_status, status_record

JOB: dict[str, Any] = {
    "job_id": "job_20251014-180644",
    "imported": True,
    "phase": "",
    "fraction": 1.0,
    "activity": "",
    "message": "",
    "created_utc": "2025-10-14T18:06:44.917Z",
    "updated_utc": "2025-10-14T18:06:44.917Z",
    "spec": {},
    "tasks": [],
    "managers": [],
}


@pytest.mark.parametrize("state", ["done", "failed", "stopped"])
def test_imported_job_has_status_imported(state: str) -> None:
    job = {**JOB, "state": state}
    assert legacy_status(job) == job_record(job, "/x")["status"] == status_record(job, "/x")["status"] == "imported"


def test_status_while_testing_and_of_other_jobs() -> None:
    assert legacy_status({**JOB, "state": "running", "phase": "testing"}) == "testing"
    assert legacy_status({**JOB, "state": "done", "imported": False}) == "complete"
    assert (
        legacy_status({key: value for key, value in JOB.items() if key != "imported"} | {"state": "stopped"})
        == "stopped"
    )
