"""Questions about files through the link: submitted, followed, answered, cancelled, lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.gui.fake_channel import Service
from vestim_core.spec.errors import VestimError
from vestim_gui.link import Link, LinkPhase

Until = Callable[..., None]
ID = "in_20260101-120000-aaaa"


@pytest.fixture
def inspecting(service: Service) -> Service:
    """A service with an inspection under way."""
    service.handlers["sniff"] = lambda files: {"inspection_id": ID}
    service.handlers["stop"] = lambda job_id, test: {"job_id": job_id}
    service.append(ID, 1)
    return service


def end(service: Service, state: str) -> None:
    with service.lock:
        events = service.streams[f"job:{ID}"]
        data = {"state": state}
        number = len(events) + 1
        events.append({"seq": number, "time_utc": "", "kind": "job", "task": "", "attempt": 0, "data": data})


def test_an_answer_comes_in_pieces_with_progress_before(link: Link, inspecting: Service, until: Until) -> None:
    answer = {"files": ["x" * 5_000]}
    raw = json.dumps(answer).encode()
    inspecting.handlers["show_job"] = lambda job_id: {"state": "done", "error": None, "tasks": []}
    inspecting.handlers["read_artifact"] = lambda job_id, path, offset, length: {
        "data": raw[offset : offset + 1000],
        "size": len(raw),
    }
    answers: list[Any] = []
    progress: list[dict[str, Any]] = []
    link.start()
    link.ask("sniff", {"files": ["a.csv"]}, answers.append, progress=progress.append, owner=link)
    until(lambda: link.state.phase is LinkPhase.LIVE)
    with inspecting.lock:
        inspecting.progress_seq = 9
        inspecting.progress = [(9, {"attempt": f"{ID}/inspect_1/1", "fraction": 0.5, "message": "a.csv"})]
    until(lambda: progress)
    end(inspecting, "done")
    until(lambda: answers)
    assert answers == [answer] and progress[-1]["message"] == "a.csv"


def test_a_failed_inspection_gives_its_own_sentence(link: Link, inspecting: Service, until: Until) -> None:
    error = VestimError.from_record({"code": "wrong_input", "message": "'a.csv' has no current column"}).to_record()
    inspecting.handlers["show_job"] = lambda job_id: {"state": "failed", "error": None, "tasks": [{"error": error}]}
    failures: list[VestimError] = []
    link.start()
    link.ask("sniff", {"files": ["a.csv"]}, lambda answer: None, failures.append, owner=link)
    end(inspecting, "failed")
    until(lambda: failures)
    assert failures[0].sentence == "'a.csv' has no current column"


def test_a_question_that_is_not_wanted_any_more_is_stopped(link: Link, inspecting: Service, until: Until) -> None:
    stopped: list[str] = []
    inspecting.handlers["stop"] = lambda job_id, test: stopped.append(job_id) or {}
    answers: list[Any] = []
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    early = link.ask("sniff", {"files": ["a.csv"]}, answers.append, answers.append, owner=link)
    early.cancel()
    until(lambda: stopped == [ID])
    late = link.ask("sniff", {"files": ["a.csv"]}, answers.append, answers.append, owner=link)
    seen: list[Any] = []
    inspecting.handlers["list_jobs"] = lambda: seen.append(1) or {}
    link.call("list_jobs", {}, owner=link)
    until(lambda: seen)
    late.cancel()
    until(lambda: stopped == [ID, ID])
    assert answers == []


def test_a_question_that_the_service_has_forgotten_is_told(link: Link, inspecting: Service, until: Until) -> None:
    failures: list[VestimError] = []
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    link.ask("sniff", {"files": ["a.csv"]}, lambda answer: None, failures.append, owner=link)
    until(lambda: len(inspecting.carried_out) == 1)
    with inspecting.lock:
        del inspecting.streams[f"job:{ID}"]
        inspecting.put_row(None, "job_x")
    until(lambda: failures)
    assert "no job" in failures[0].sentence


def test_a_file_is_read_whole(link: Link, service: Service, until: Until) -> None:
    raw = bytes(range(256)) * 10
    service.handlers["read_artifact"] = lambda job_id, path, offset, length: {
        "data": raw[offset : offset + 999],
        "size": len(raw),
    }
    files: list[bytes] = []
    link.start()
    link.read_file("job_1", "job.json", files.append, owner=link)
    until(lambda: files)
    assert files == [raw]
