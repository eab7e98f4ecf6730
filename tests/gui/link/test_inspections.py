"""Inspections through the link: submitted, followed, answered, canceled, lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.gui.fake_channel import ScriptedDaemon
from vestim_core.spec.errors import VestimError
from vestim_gui.link import Link, LinkPhase

Until = Callable[..., None]
ID = "in_20260101-120000-aaaa"


@pytest.fixture
def inspecting_daemon(daemon: ScriptedDaemon) -> ScriptedDaemon:
    """A daemon with an inspection under way."""
    daemon.handlers["sniff"] = lambda files: {"inspection_id": ID}
    daemon.handlers["stop"] = lambda job_id, test: {"job_id": job_id}
    daemon.append(ID, 1)
    return daemon


def end_inspection(daemon: ScriptedDaemon, state: str) -> None:
    with daemon.lock:
        events = daemon.streams[f"job:{ID}"]
        data = {"state": state}
        seq = len(events) + 1
        events.append({"seq": seq, "time_utc": "", "kind": "job", "task": "", "attempt": 0, "data": data})


def test_a_result_arrives_in_pieces_after_its_progress(
    link: Link, inspecting_daemon: ScriptedDaemon, until: Until
) -> None:
    answer = {"files": ["x" * 5_000]}
    raw = json.dumps(answer).encode()
    inspecting_daemon.handlers["show_job"] = lambda job_id: {"state": "done", "error": None, "tasks": []}
    inspecting_daemon.handlers["read_artifact"] = lambda job_id, path, offset, length: {
        "data": raw[offset : offset + 1000],
        "size": len(raw),
    }
    answers: list[Any] = []
    progress: list[dict[str, Any]] = []
    link.start()
    link.inspect("sniff", {"files": ["a.csv"]}, answers.append, on_progress=progress.append, owner=link)
    until(lambda: link.state.phase is LinkPhase.LIVE)
    with inspecting_daemon.lock:
        inspecting_daemon.progress_seq = 9
        inspecting_daemon.progress = [(9, {"attempt": f"{ID}/inspect_1/1", "fraction": 0.5, "message": "a.csv"})]
    until(lambda: progress)
    end_inspection(inspecting_daemon, "done")
    until(lambda: answers)
    assert answers == [answer] and progress[-1]["message"] == "a.csv"


def test_a_failed_inspection_reports_its_own_error(link: Link, inspecting_daemon: ScriptedDaemon, until: Until) -> None:
    error = VestimError.from_record({"code": "wrong_input", "message": "'a.csv' has no current column"}).to_record()
    inspecting_daemon.handlers["show_job"] = lambda job_id: {
        "state": "failed",
        "error": None,
        "tasks": [{"error": error}],
    }
    failures: list[VestimError] = []
    link.start()
    link.inspect("sniff", {"files": ["a.csv"]}, lambda answer: None, failures.append, owner=link)
    end_inspection(inspecting_daemon, "failed")
    until(lambda: failures)
    assert failures[0].message == "'a.csv' has no current column"


def test_a_cancelled_inspection_is_stopped(link: Link, inspecting_daemon: ScriptedDaemon, until: Until) -> None:
    stopped_ids: list[str] = []
    inspecting_daemon.handlers["stop"] = lambda job_id, test: stopped_ids.append(job_id) or {}
    answers: list[Any] = []
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    first = link.inspect("sniff", {"files": ["a.csv"]}, answers.append, answers.append, owner=link)
    first.cancel()
    until(lambda: stopped_ids == [ID])
    second = link.inspect("sniff", {"files": ["a.csv"]}, answers.append, answers.append, owner=link)
    calls: list[Any] = []
    inspecting_daemon.handlers["list_jobs"] = lambda: calls.append(1) or {}
    link.call("list_jobs", {}, owner=link)
    until(lambda: calls)
    second.cancel()
    until(lambda: stopped_ids == [ID, ID])
    assert answers == []


def test_an_inspection_that_the_daemon_lost_fails(link: Link, inspecting_daemon: ScriptedDaemon, until: Until) -> None:
    failures: list[VestimError] = []
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    link.inspect("sniff", {"files": ["a.csv"]}, lambda answer: None, failures.append, owner=link)
    until(lambda: len(inspecting_daemon.executed_ids) == 1)
    with inspecting_daemon.lock:
        del inspecting_daemon.streams[f"job:{ID}"]
        inspecting_daemon.set_row(None, "job_x")
    until(lambda: failures)
    assert "no job" in failures[0].message


def test_a_file_is_read_whole(link: Link, daemon: ScriptedDaemon, until: Until) -> None:
    raw = bytes(range(256)) * 10
    daemon.handlers["read_artifact"] = lambda job_id, path, offset, length: {
        "data": raw[offset : offset + 999],
        "size": len(raw),
    }
    files: list[bytes] = []
    link.start()
    link.read_file("job_1", "job.json", files.append, owner=link)
    until(lambda: files)
    assert files == [raw]
