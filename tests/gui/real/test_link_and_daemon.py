"""The link against a real daemon: killed, stopped, started by others, its registry rebuilt. Jobs really train."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.gui.link.conftest import LinkRecorder
from tests.gui.real.conftest import MakeLink, Until
from tests.gui.wait_limits import WAIT_S
from vestim_core.client import Client, follow_job
from vestim_core.protocol.message_limits import MAX_WAIT_S
from vestim_core.system import program_command
from vestim_gui.link import Link, LinkPhase, daemon_session

Job = Callable[[int], dict[str, Any]]


def result_of(link: Link, until: Until, method: str, **params: Any) -> Any:
    """Result of a call, awaited on the window's thread."""
    results: list[Any] = []
    link.call(method, params, results.append, results.append, owner=link)
    until(lambda: results)
    assert not isinstance(results[0], Exception), results[0]
    return results[0]


def run_cli(*arguments: str) -> str:
    """Run `vestim` with these arguments in its own process; return what it printed."""
    process = subprocess.run(
        program_command("cli", *arguments), capture_output=True, text=True, timeout=WAIT_S, check=True
    )
    return process.stdout


def kill_daemon(link: Link, until: Until) -> None:
    process = psutil.Process(result_of(link, until, "hello")["pid"])
    process.kill()
    process.wait(WAIT_S)


def has_ended(recorder: LinkRecorder, job_id: str) -> bool:
    return recorder.rows.get(job_id, {}).get("state") in ("done", "failed", "stopped")


def test_a_killed_daemon_is_replaced_without_losing_or_repeating_events(
    make_link: MakeLink, job: Job, until: Until
) -> None:
    link, recorder = make_link()
    job_id = result_of(link, until, "submit", spec=job(25))["job_id"]
    link.watch_job(job_id)
    until(lambda: len(recorder.events.get(job_id, [])) > 12)
    kill_daemon(link, until)
    until(lambda: LinkPhase.RECONNECTING in recorder.phases)
    assert job_id in recorder.rows, "known rows stay on the screen"
    until(lambda: link.state.phase is LinkPhase.LIVE and has_ended(recorder, job_id))
    last = recorder.rows[job_id]["last_seq"]
    until(lambda: recorder.events[job_id][-1] == last)
    assert recorder.events[job_id] == list(range(1, last + 1))
    assert recorder.rows[job_id]["state"] == "done" and recorder.resets == 1


def test_a_command_sent_while_the_daemon_is_dead_is_executed_once(make_link: MakeLink, until: Until) -> None:
    link, recorder = make_link()
    kill_daemon(link, until)
    job_ids = [result_of(link, until, "create_job", name=f"draft {index}")["job_id"] for index in range(2)]
    until(lambda: set(job_ids) <= set(recorder.rows))
    assert len(recorder.rows) == 2


def test_two_windows_agree_and_a_job_of_the_command_line_appears(
    make_link: MakeLink, job: Job, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_session, "WAIT_TIMEOUT_S", MAX_WAIT_S)  # no wait ends by itself before the limits below
    (first_link, first_recorder), (_, second_recorder) = make_link(), make_link()
    path = tmp_path / "job.json"
    path.write_text(json.dumps(job(5)))
    reply = json.loads(run_cli("submit", str(path), "--json"))
    job_id = reply["job_id"]
    until(lambda: job_id in first_recorder.rows and job_id in second_recorder.rows, MAX_WAIT_S / 2)
    result_of(first_link, until, "rename", job_id=job_id, name="named in one window")
    until(lambda: second_recorder.rows[job_id]["name"] == "named in one window", MAX_WAIT_S / 2)
    until(lambda: has_ended(first_recorder, job_id) and has_ended(second_recorder, job_id))
    until(lambda: first_recorder.rows == second_recorder.rows)


def test_a_deliberate_stop_is_obeyed_until_the_user_or_somebody_else_acts(make_link: MakeLink, until: Until) -> None:
    link, recorder = make_link()
    result_of(link, until, "create_job", name="a draft")
    until(lambda: recorder.rows)
    run_cli("daemon", "stop")
    until(lambda: link.state.phase is LinkPhase.STOPPED)
    assert not daemon_status_succeeds()
    assert len(recorder.rows) == 1, "known rows stay on the screen"
    link.restart_daemon()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    run_cli("daemon", "stop")
    until(lambda: link.state.phase is LinkPhase.STOPPED)
    run_cli("daemon", "start")
    until(lambda: link.state.phase is LinkPhase.LIVE)


def daemon_status_succeeds() -> bool:
    status = subprocess.run(
        program_command("cli", "daemon", "status"), capture_output=True, timeout=WAIT_S, check=False
    )
    return status.returncode == 0


def test_a_rebuilt_registry_is_read_from_its_beginning(make_link: MakeLink, job: Job, until: Until) -> None:
    link, recorder = make_link()
    job_id = result_of(link, until, "submit", spec=job(3))["job_id"]
    link.watch_job(job_id)
    until(lambda: has_ended(recorder, job_id) and recorder.events.get(job_id))
    run_cli("daemon", "rebuild")
    until(lambda: recorder.resets == 2 and job_id in recorder.rows and link.state.phase is LinkPhase.LIVE)
    until(lambda: job_id in recorder.event_resets)
    with Client() as client:
        events = [event["seq"] for batch in follow_job(client, job_id, live=False) for event in batch.events]
    until(lambda: recorder.events[job_id] == events)


def test_a_hanging_daemon_is_reported_and_can_be_restarted(make_link: MakeLink, until: Until) -> None:
    link, _ = make_link()
    pid = result_of(link, until, "hello")["pid"]
    psutil.Process(pid).suspend()
    until(lambda: link.state.phase is LinkPhase.STALE)
    link.restart_daemon()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    assert result_of(link, until, "hello")["pid"] != pid


def test_files_are_inspected_and_read_through_the_link(
    make_link: MakeLink, cells: dict[str, list[str]], job: Job, until: Until
) -> None:
    link, recorder = make_link()
    answers: list[Any] = []
    link.inspect("sniff", {"files": cells["train"]}, answers.append, answers.append, owner=link)
    until(lambda: answers)
    assert answers[0]["files"][0]["path"] == cells["train"][0]
    job_id = result_of(link, until, "submit", spec=job(2))["job_id"]
    until(lambda: has_ended(recorder, job_id))
    files: list[bytes] = []
    link.read_file(job_id, "job.json", files.append, owner=link)
    until(lambda: files)
    assert json.loads(files[0])["spec"]["name"] == "a fnn"
