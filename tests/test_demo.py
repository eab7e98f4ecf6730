"""The demo from end to end, as a new user has it: two networks trained and tested in a fresh home, nothing left."""

import json
import os
import re
import subprocess
from pathlib import Path

import psutil
import pytest

from vestim_core.system import own_command


def _run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(own_command("cli", *words), capture_output=True, encoding="utf-8", timeout=280, check=False)


@pytest.mark.timeout(300)
def test_demo(vestim_home: Path) -> None:
    answer = _run("demo")
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    assert "\x1b" not in answer.stdout
    rows = {
        name: re.search(rf"^ *{name}.*?([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)", answer.stdout, re.M)
        for name in ("LSTM", "Equivalent circuit")
    }
    assert all(rows.values()), answer.stdout

    job = json.loads(_run("jobs", "--json").stdout)[0]
    assert job["state"] == "done"
    shown = json.loads(_run("show", job["job_id"], "--json").stdout)
    rmse_mV = {
        task["title"]: file["rmse_mV"]
        for task in shown["tasks"]
        if task["kind"] in {"baseline", "test"}
        for file in task["result"]["files"]
        if file["role"] == "test"
    }
    lstm = min(value for title, value in rmse_mV.items() if title.startswith("LSTM"))
    assert lstm < 0.8 * rmse_mV["Equivalent circuit"]

    assert _run("daemon", "stop").returncode == 0
    left = [process for process in psutil.process_iter() if _belongs(process, vestim_home)]
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not alive


def _belongs(process: psutil.Process, home: Path) -> bool:
    try:
        named = process.environ().get("VESTIM_HOME") == str(home)
        return named and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
