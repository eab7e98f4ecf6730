"""The link against a real daemon: killed, stopped, started by others, its registry rebuilt. Jobs really train."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.gui.link.conftest import Told
from tests.gui.real.conftest import MakeLink, Until
from vestim_core.client import Client, follow
from vestim_core.system import own_command
from vestim_gui.link import Link, LinkPhase

Job = Callable[[int], dict[str, Any]]


def answer_of(link: Link, until: Until, method: str, **params: Any) -> Any:
    """What the service answers, waited for in the window's thread."""
    answers: list[Any] = []
    link.call(method, params, answers.append, answers.append, owner=link)
    until(lambda: answers)
    assert not isinstance(answers[0], Exception), answers[0]
    return answers[0]


def command_line(*words: str) -> str:
    """Run `vestim <words>` in a process of its own; what it printed."""
    done = subprocess.run(own_command("cli", *words), capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def kill_daemon(link: Link, until: Until) -> None:
    process = psutil.Process(answer_of(link, until, "hello")["pid"])
    process.kill()
    process.wait(10)


def ended(told: Told, job_id: str) -> bool:
    return told.rows.get(job_id, {}).get("state") in ("done", "failed", "stopped")


def test_a_killed_daemon_is_replaced_and_no_epoch_is_missed_or_doubled(
    make_link: MakeLink, job: Job, until: Until
) -> None:
    link, told = make_link()
    job_id = answer_of(link, until, "submit", spec=job(25))["job_id"]
    link.watch_job(job_id)
    until(lambda: len(told.events.get(job_id, [])) > 12)
    kill_daemon(link, until)
    until(lambda: LinkPhase.RECONNECTING in told.phases)
    assert job_id in told.rows, "what is known stays on the screen"
    until(lambda: link.state.phase is LinkPhase.LIVE and ended(told, job_id))
    last = told.rows[job_id]["last_seq"]
    until(lambda: told.events[job_id][-1] == last)
    assert told.events[job_id] == list(range(1, last + 1))
    assert told.rows[job_id]["state"] == "done" and told.resets == 1


def test_a_command_given_while_the_daemon_is_dead_is_carried_out_once(make_link: MakeLink, until: Until) -> None:
    link, told = make_link()
    kill_daemon(link, until)
    made = [answer_of(link, until, "create_job", name=f"draft {number}")["job_id"] for number in range(2)]
    until(lambda: set(made) <= set(told.rows))
    assert len(told.rows) == 2


def test_two_windows_agree_and_a_job_of_the_command_line_appears(
    make_link: MakeLink, job: Job, until: Until, tmp_path: Path
) -> None:
    (first, one), (_, other) = make_link(), make_link()
    path = tmp_path / "job.json"
    path.write_text(json.dumps(job(5)))
    printed = json.loads(command_line("submit", str(path), "--json"))
    job_id = printed["job_id"]
    until(lambda: job_id in one.rows and job_id in other.rows, 3_000)
    answer_of(first, until, "rename", job_id=job_id, name="named in one window")
    until(lambda: other.rows[job_id]["name"] == "named in one window", 3_000)
    until(lambda: ended(one, job_id) and ended(other, job_id))
    until(lambda: one.rows == other.rows)


def test_a_deliberate_stop_is_obeyed_until_the_user_or_somebody_else_acts(make_link: MakeLink, until: Until) -> None:
    link, told = make_link()
    answer_of(link, until, "create_job", name="a draft")
    until(lambda: told.rows)
    command_line("daemon", "stop")
    until(lambda: link.state.phase is LinkPhase.STOPPED)
    assert not command_line_daemon_runs()
    assert len(told.rows) == 1, "what is known stays on the screen"
    link.restart_service()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    command_line("daemon", "stop")
    until(lambda: link.state.phase is LinkPhase.STOPPED)
    command_line("daemon", "start")
    until(lambda: link.state.phase is LinkPhase.LIVE)


def command_line_daemon_runs() -> bool:
    status = subprocess.run(own_command("cli", "daemon", "status"), capture_output=True, timeout=60, check=False)
    return status.returncode == 0


def test_a_rebuilt_registry_is_read_from_its_beginning(make_link: MakeLink, job: Job, until: Until) -> None:
    link, told = make_link()
    job_id = answer_of(link, until, "submit", spec=job(3))["job_id"]
    link.watch_job(job_id)
    until(lambda: ended(told, job_id) and told.events.get(job_id))
    command_line("daemon", "rebuild")
    until(lambda: told.resets == 2 and job_id in told.rows and link.state.phase is LinkPhase.LIVE)
    until(lambda: job_id in told.event_resets)
    with Client() as client:
        events = [event["seq"] for batch in follow(client, job_id, live=False) for event in batch.events]
    until(lambda: told.events[job_id] == events)


def test_a_daemon_that_hangs_is_told_and_can_be_restarted(make_link: MakeLink, until: Until) -> None:
    link, _ = make_link()
    pid = answer_of(link, until, "hello")["pid"]
    psutil.Process(pid).suspend()
    until(lambda: link.state.phase is LinkPhase.STALE)
    link.restart_service()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    assert answer_of(link, until, "hello")["pid"] != pid


def test_files_are_looked_into_and_read_through_the_link(
    make_link: MakeLink, cells: dict[str, list[str]], job: Job, until: Until
) -> None:
    link, told = make_link()
    answers: list[Any] = []
    link.ask("sniff", {"files": cells["train"]}, answers.append, answers.append, owner=link)
    until(lambda: answers)
    assert answers[0]["files"][0]["path"] == cells["train"][0]
    job_id = answer_of(link, until, "submit", spec=job(2))["job_id"]
    until(lambda: ended(told, job_id))
    files: list[bytes] = []
    link.read_file(job_id, "job.json", files.append, owner=link)
    until(lambda: files)
    assert json.loads(files[0])["spec"]["name"] == "a fnn"
