"""Followers of a running job: killed, interrupted or many, they change nothing and print the same."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.conftest import RunVestim
from tests.patience import PATIENCE_S
from vestim_core.system import program_command


@contextmanager
def follower(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A follower in a process of its own, killed at the end of the block if still running."""
    process = subprocess.Popen(
        program_command("cli", *arguments),
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


def read_until(process: "subprocess.Popen[str]", text: str) -> list[str]:
    """Lines of a follower up to the first that contains `text`."""
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"ended without '{text}': {lines} {process.stderr and process.stderr.read()}")


def remaining_lines(process: "subprocess.Popen[str]") -> list[str]:
    """All remaining lines of a follower, read until it ends."""
    assert process.stdout
    lines = process.stdout.readlines()
    process.wait(timeout=PATIENCE_S)
    return lines


def training_task(vestim: RunVestim, job_id: str) -> dict[str, Any]:
    """The job's training task in the format of `vestim show --json`."""
    job = json.loads(vestim("show", job_id, "--json").stdout)
    return next(task for task in job["tasks"] if task["kind"] == "train")


def test_followers_of_one_job(vestim: RunVestim, long_job: Path) -> None:
    submitted = json.loads(vestim("submit", str(long_job), "--json").stdout)
    job_id = submitted["job_id"]
    assert submitted["trial_count"] == 1

    with follower("follow", job_id, "--json") as killed, follower("follow", job_id) as interrupted:
        assert json.loads(read_until(killed, '"kind": "epoch"')[0])["seq"] == 1
        read_until(interrupted, "epoch 1/")
        task_before = training_task(vestim, job_id)
        killed.send_signal(signal.SIGKILL)
        interrupted.send_signal(signal.SIGINT)
        _, message = interrupted.communicate(timeout=PATIENCE_S)
        assert interrupted.returncode == 130
        assert message == f"The job goes on: 'vestim follow {job_id}' shows it again, 'vestim stop {job_id}' ends it.\n"
    task_after = training_task(vestim, job_id)
    assert (task_after["state"], task_after["pid"], task_after["attempt"]) == ("running", task_before["pid"], 1)

    assert json.loads(vestim("status", "--json").stdout)["running"][0]["job_id"] == job_id
    assert [(job["job_id"], job["name"], job["state"]) for job in json.loads(vestim("jobs", "--json").stdout)] == [
        (job_id, "[bold]endless[/bold]", "running")
    ]
    assert job_id in vestim("jobs").stdout

    with (
        follower("follow", job_id[-4:], "--json") as first,
        follower("follow", "[bold]endless[/bold]", "--json") as second,
    ):
        first_lines = [read_until(process, '"kind": "epoch"') for process in (first, second)]
        assert json.loads(vestim("stop", job_id, "--json").stdout)["job_id"] == job_id
        all_lines = [
            lines + remaining_lines(process) for lines, process in zip(first_lines, (first, second), strict=True)
        ]
        assert first.returncode == second.returncode == 1  # stopped before it was done
    assert all_lines[0] == all_lines[1]
    assert [json.loads(line)["seq"] for line in all_lines[0]] == list(range(1, len(all_lines[0]) + 1))

    resumed = vestim("follow", job_id, "--json", "--since", "10")
    assert resumed.stdout.splitlines(True) == all_lines[0][10:]
    assert len(vestim("follow", job_id).stdout.splitlines()) == len(all_lines[0])

    job = json.loads(vestim("show", job_id, "--json").stdout)
    assert job["state"] == "stopped"
    test_task = next(task for task in job["tasks"] if task["kind"] == "test")  # tasks with a model are tested
    assert {"file", "role", "rmse_mV", "mae_mV", "max_mV", "r2"} <= set(test_task["result"]["files"][0])
    assert "[bold]endless[/bold]" in vestim("show", job_id).stdout
    logs = vestim("logs", job_id, "--task", "train_001", "--json", "--follow")
    assert logs.returncode == 0
    assert all(json.loads(line)["task"] == "train_001" for line in logs.stdout.splitlines())
    assert vestim("logs", job_id, "--task", "nothing").returncode == 3


def test_follower_ends_with_the_daemon_and_the_job_goes_on(vestim: RunVestim, long_job: Path) -> None:
    job_id = json.loads(vestim("submit", str(long_job), "--json").stdout)["job_id"]
    with follower("follow", job_id, "--json") as process:
        read_until(process, '"kind": "epoch"')
        task_before = training_task(vestim, job_id)
        assert json.loads(vestim("daemon", "stop", "--json").stdout) == {"stopped": True, "running": 1}
        _, error_text = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 4
        assert json.loads(error_text)["code"] == "stopped"
    assert (
        training_task(vestim, job_id)["pid"] == task_before["pid"]
    )  # this call starts the next daemon, which takes the worker over
    assert json.loads(vestim("daemon", "stop", "--stop-jobs", "--json").stdout)["stopped"]
    assert json.loads(vestim("jobs", "--json").stdout)[0]["state"] == "stopped"


def test_failed_job_gives_its_message_and_exit_code(vestim: RunVestim, long_job: Path) -> None:
    (long_job.parent / "train.csv").write_text("")
    answer = vestim("submit", str(long_job), "--follow")
    assert answer.returncode == 2
    assert "train.csv" in answer.stderr
    assert "\x1b" not in answer.stdout
    job_id = answer.stdout.split()[1].rstrip(":")
    assert vestim("follow", job_id).returncode == 2
    assert "train.csv" in vestim("show", job_id).stdout
