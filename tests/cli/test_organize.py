"""Commands that pause, resume and organize jobs."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import RunVestim


@pytest.fixture
def running_job(vestim: RunVestim, tmp_path: Path, long_job: Path) -> str:
    """Id of a job that runs until it is stopped."""
    return str(json.loads(vestim("submit", str(long_job), "--json").stdout)["job_id"])


def test_pause_resume_stop_and_delete(vestim: RunVestim, running_job: str) -> None:
    assert "pauses after the running batch" in vestim("pause", running_job).stdout
    assert vestim("resume", running_job).stdout == f"{running_job} goes on.\n"
    refusal = vestim("delete", running_job, "--yes")
    assert (refusal.returncode, refusal.stdout) == (5, "")
    assert "stop it before it is deleted" in refusal.stderr
    vestim("stop", running_job, "--no-test")
    vestim("follow", running_job)
    unconfirmed = vestim("delete", running_job)
    assert unconfirmed.returncode == 5
    assert "--yes" in unconfirmed.stderr, "without a terminal nobody can be asked"
    assert json.loads(vestim("delete", running_job, "--yes", "--json").stdout) == {
        "job_id": running_job,
        "deleted": True,
    }
    assert vestim("show", running_job).returncode == 3


def test_rename_tag_note_move_and_archive(vestim: RunVestim, running_job: str) -> None:
    assert "is called 'cold [red]cell'" in vestim("rename", running_job, "cold [red]cell").stdout
    assert "is called 'a b [31m'" in vestim("rename", running_job, "a\nb\x1b[31m").stdout, "nothing moves the cursor"
    vestim("rename", running_job, "cold [red]cell")
    assert "cold, long" in vestim("tag", running_job, "cold", "long").stdout
    assert json.loads(vestim("tag", running_job, "--remove", "long", "--json").stdout)["tags"] == ["cold"]
    vestim("note", running_job, "look at the tail")
    details = vestim("show", running_job).stdout
    for text in ("cold [red]cell", "Tags: cold", "Note: look at the tail"):
        assert text in details
    assert "number 1 of 1" in vestim("reorder", running_job, "3").stdout
    assert vestim("archive", running_job).returncode == 5
    vestim("stop", running_job, "--no-test")
    vestim("follow", running_job)
    vestim("archive", running_job)
    assert vestim("jobs").stdout == "All jobs are archived: 'vestim jobs --archived' shows them.\n"
    assert running_job in vestim("jobs", "--archived").stdout
    vestim("restore", running_job)
    assert running_job in vestim("jobs").stdout


def test_registry_is_rebuilt_while_a_job_runs(vestim: RunVestim, running_job: str) -> None:
    assert "1 job." in vestim("daemon", "rebuild").stdout
    job = json.loads(vestim("show", running_job, "--json").stdout)
    assert job["state"] == "running"
    vestim("stop", running_job, "--no-test")
    assert vestim("follow", running_job).returncode == 1
