"""Followers of a running job: killed, interrupted or many, they change nothing in it and see the same."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.conftest import Vestim
from vestim_core.system import own_command


@contextmanager
def follower(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """A follower in a process of its own; killed at the latest at the end."""
    process = subprocess.Popen(
        own_command("cli", *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: "subprocess.Popen[str]", wanted: str) -> list[str]:
    """Lines of a follower up to the first that holds `wanted`."""
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return lines
    raise AssertionError(f"ended without '{wanted}': {lines} {process.stderr and process.stderr.read()}")


def rest_of(process: "subprocess.Popen[str]") -> list[str]:
    """All further lines of a follower, which then has ended."""
    assert process.stdout
    lines = process.stdout.readlines()
    process.wait(timeout=20)
    return lines


def training(vestim: Vestim, job_id: str) -> dict[str, Any]:
    """The training task of the job as the daemon has it."""
    job = json.loads(vestim("show", job_id, "--json").stdout)
    return next(task for task in job["tasks"] if task["kind"] == "train")


def test_a_job_and_its_followers(vestim: Vestim, endless_job: Path) -> None:
    submitted = json.loads(vestim("submit", str(endless_job), "--json").stdout)
    job_id = submitted["job_id"]
    assert submitted["trial_count"] == 1

    with follower("follow", job_id, "--json") as killed, follower("follow", job_id) as interrupted:
        assert json.loads(read_until(killed, '"kind": "epoch"')[0])["seq"] == 1
        read_until(interrupted, "epoch 1/")
        before = training(vestim, job_id)
        killed.send_signal(signal.SIGKILL)
        interrupted.send_signal(signal.SIGINT)
        _, said = interrupted.communicate(timeout=20)
        assert interrupted.returncode == 130
        assert said == f"The job goes on: 'vestim follow {job_id}' shows it again, 'vestim stop {job_id}' ends it.\n"
    after = training(vestim, job_id)
    assert (after["state"], after["pid"], after["attempt"]) == ("running", before["pid"], 1)

    assert json.loads(vestim("status", "--json").stdout)["running"][0]["job_id"] == job_id
    assert [(job["job_id"], job["name"], job["state"]) for job in json.loads(vestim("jobs", "--json").stdout)] == [
        (job_id, "[bold]endless[/bold]", "running")
    ]
    assert job_id in vestim("jobs").stdout

    with (
        follower("follow", job_id[-4:], "--json") as first,
        follower("follow", "[bold]endless[/bold]", "--json") as second,
    ):
        early = [read_until(process, '"kind": "epoch"') for process in (first, second)]
        assert json.loads(vestim("stop", job_id, "--json").stdout)["job_id"] == job_id
        seen = [lines + rest_of(process) for lines, process in zip(early, (first, second), strict=True)]
        assert first.returncode == second.returncode == 1  # stopped before it was done
    assert seen[0] == seen[1]
    assert [json.loads(line)["seq"] for line in seen[0]] == list(range(1, len(seen[0]) + 1))

    again = vestim("follow", job_id, "--json", "--since", "10")
    assert again.stdout.splitlines(True) == seen[0][10:]
    assert len(vestim("follow", job_id).stdout.splitlines()) == len(seen[0])

    shown = json.loads(vestim("show", job_id, "--json").stdout)
    assert shown["state"] == "stopped"
    tested = next(task for task in shown["tasks"] if task["kind"] == "test")  # what had a model was tested
    assert {"file", "role", "rmse_mV", "mae_mV", "max_mV", "r2"} <= set(tested["result"]["files"][0])
    assert "[bold]endless[/bold]" in vestim("show", job_id).stdout
    logs = vestim("logs", job_id, "--task", "train_001", "--json", "--follow")
    assert logs.returncode == 0
    assert all(json.loads(line)["task"] == "train_001" for line in logs.stdout.splitlines())
    assert vestim("logs", job_id, "--task", "nothing").returncode == 3


def test_a_follower_ends_when_the_daemon_is_stopped_and_the_job_goes_on(vestim: Vestim, endless_job: Path) -> None:
    job_id = json.loads(vestim("submit", str(endless_job), "--json").stdout)["job_id"]
    with follower("follow", job_id, "--json") as process:
        read_until(process, '"kind": "epoch"')
        before = training(vestim, job_id)
        assert json.loads(vestim("daemon", "stop", "--json").stdout) == {"stopped": True, "running": 1}
        _, said = process.communicate(timeout=20)
        assert process.returncode == 4
        assert json.loads(said)["code"] == "stopped"
    assert (
        training(vestim, job_id)["pid"] == before["pid"]
    )  # this call starts the next daemon, which takes the worker over
    assert json.loads(vestim("daemon", "stop", "--stop-jobs", "--json").stdout)["stopped"]
    assert json.loads(vestim("jobs", "--json").stdout)[0]["state"] == "stopped"


def test_a_failed_job_gives_its_sentence_and_exit_code(vestim: Vestim, endless_job: Path) -> None:
    (endless_job.parent / "train.csv").write_text("")
    answer = vestim("submit", str(endless_job), "--follow")
    assert answer.returncode == 2
    assert "train.csv" in answer.stderr
    assert "\x1b" not in answer.stdout
    job_id = answer.stdout.split()[1].rstrip(":")
    assert vestim("follow", job_id).returncode == 2
    assert "train.csv" in vestim("show", job_id).stdout
