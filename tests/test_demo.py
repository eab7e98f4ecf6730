"""The demo end to end in a new home: two networks are trained and tested, and no process is left over."""

import json
import os
import re
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.patience import LONG_PATIENCE_S, LONG_TEST_LIMIT_S, PATIENCE_S
from vestim_core.system import program_command


def _run_cli(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        program_command("cli", *arguments), capture_output=True, encoding="utf-8", timeout=LONG_PATIENCE_S, check=False
    )


@pytest.mark.timeout(LONG_TEST_LIMIT_S)
def test_demo(vestim_home: Path) -> None:
    result = _run_cli("demo")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    rows = {
        name: re.search(rf"^ *{name}.*?([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)", result.stdout, re.M)
        for name in ("LSTM", "Equivalent circuit")
    }
    assert all(rows.values()), result.stdout

    job = json.loads(_run_cli("jobs", "--json").stdout)[0]
    assert job["state"] == "done"
    job_details = json.loads(_run_cli("show", job["job_id"], "--json").stdout)
    rmse_mV = {
        task["title"]: file["rmse_mV"]
        for task in job_details["tasks"]
        if task["kind"] in {"baseline", "test"}
        for file in task["result"]["files"]
        if file["role"] == "test"
    }
    lstm = min(value for title, value in rmse_mV.items() if title.startswith("LSTM"))
    assert lstm < 0.8 * rmse_mV["Equivalent circuit"]

    assert _run_cli("daemon", "stop").returncode == 0
    processes = [process for process in psutil.process_iter() if _belongs_to_home(process, vestim_home)]
    _, remaining = psutil.wait_procs(processes, timeout=PATIENCE_S)
    assert not remaining


def _belongs_to_home(process: psutil.Process, home: Path) -> bool:
    try:
        is_of_home = process.environ().get("VESTIM_HOME") == str(home)
        return is_of_home and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
