"""Pausing, resuming and keeping order on the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Vestim


@pytest.fixture
def draft(vestim: Vestim, tmp_path: Path, endless_job: Path) -> str:
    """Id of a job that runs until it is told otherwise."""
    return str(json.loads(vestim("submit", str(endless_job), "--json").stdout)["job_id"])


def test_a_job_is_paused_resumed_stopped_and_deleted(vestim: Vestim, draft: str) -> None:
    assert "pauses after the running batch" in vestim("pause", draft).stdout
    assert vestim("resume", draft).stdout == f"{draft} goes on.\n"
    refused = vestim("delete", draft, "--yes")
    assert (refused.returncode, refused.stdout) == (5, "")
    assert "stop it before it is deleted" in refused.stderr
    vestim("stop", draft, "--no-test")
    vestim("follow", draft)
    unasked = vestim("delete", draft)
    assert unasked.returncode == 5
    assert "--yes" in unasked.stderr, "without a terminal nobody can be asked"
    assert json.loads(vestim("delete", draft, "--yes", "--json").stdout) == {"job_id": draft, "deleted": True}
    assert vestim("show", draft).returncode == 3


def test_words_about_a_job(vestim: Vestim, draft: str) -> None:
    assert "is called 'cold [red]cell'" in vestim("rename", draft, "cold [red]cell").stdout
    assert "is called 'a b [31m'" in vestim("rename", draft, "a\nb\x1b[31m").stdout, "nothing moves the cursor"
    vestim("rename", draft, "cold [red]cell")
    assert "cold, long" in vestim("tag", draft, "cold", "long").stdout
    assert json.loads(vestim("tag", draft, "--remove", "long", "--json").stdout)["tags"] == ["cold"]
    vestim("note", draft, "look at the tail")
    shown = vestim("show", draft).stdout
    for words in ("cold [red]cell", "Tags: cold", "Note: look at the tail"):
        assert words in shown
    assert "number 1 of 1" in vestim("move", draft, "3").stdout
    assert vestim("archive", draft).returncode == 5
    vestim("stop", draft, "--no-test")
    vestim("follow", draft)
    vestim("archive", draft)
    assert vestim("jobs").stdout == "All jobs are archived: 'vestim jobs --archived' shows them.\n"
    assert draft in vestim("jobs", "--archived").stdout
    vestim("restore", draft)
    assert draft in vestim("jobs").stdout


def test_the_registry_is_made_anew_while_a_job_runs(vestim: Vestim, draft: str) -> None:
    assert "1 job." in vestim("daemon", "rebuild").stdout
    shown = json.loads(vestim("show", draft, "--json").stdout)
    assert shown["state"] == "running"
    vestim("stop", draft, "--no-test")
    assert vestim("follow", draft).returncode == 1
