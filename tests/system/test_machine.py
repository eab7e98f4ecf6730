"""Load of the machine: cheap to sample, with GPU readings from nvidia-smi."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.daemon.daemons import wait_until
from tests.patience import PATIENCE_S
from vestim_core.system import MachineMonitor, gpus

NVIDIA_SMI_SCRIPT = """#!/bin/sh
case "$1" in
  -L) echo "GPU 0: NVIDIA A, B (UUID: GPU-1)"; echo "GPU 1: NVIDIA T4 (UUID: GPU-2)" ;;
  *) read permission < "$0.permission"; echo "NVIDIA A, B, 81559, 1024, 37"; echo "NVIDIA T4, [N/A], [N/A], [N/A]" ;;
esac
"""


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with two GPUs, whose nvidia-smi tells their load once a line is written to this named pipe."""
    script = tmp_path / "nvidia-smi"
    script.write_text(NVIDIA_SMI_SCRIPT)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    permission = tmp_path / "nvidia-smi.permission"
    os.mkfifo(permission)
    monkeypatch.setattr(gpus, "_LINUX_DRIVER", tmp_path / "none")
    monkeypatch.setattr(gpus, "_TIMEOUT_S", PATIENCE_S)
    gpus.gpu_count.cache_clear()
    yield permission
    gpus.gpu_count.cache_clear()


def test_memory_and_cpu_load() -> None:
    machine = MachineMonitor()
    load = machine.sample()
    assert load["memory_total_MB"] == round(psutil.virtual_memory().total / 1e6)
    assert 0 < load["memory_used_MB"] <= load["memory_total_MB"]
    assert load["cpu_percent"] is None, "there is no CPU share without an interval"
    assert 0 <= wait_until(lambda: machine.sample()["cpu_percent"] or False, "a share of the CPU") <= 100


def test_sampling_is_cheap() -> None:
    machine = MachineMonitor()
    machine.sample()
    start_s = time.process_time()  # CPU time, which other work on the machine does not extend
    for _ in range(100):
        machine.sample()
    assert time.process_time() - start_s < 1.0


@pytest.mark.skipif(not hasattr(stat, "S_IXUSR") or psutil.WINDOWS, reason="needs a shell")
def test_gpu_readings_do_not_wait_for_nvidia_smi(two_gpus: Path) -> None:
    assert gpus.gpu_count() == 2
    monitor = gpus.GpuMonitor()
    assert monitor.latest_readings() == []
    assert monitor._thread is not None and monitor._thread.is_alive(), "nvidia-smi has not told anything yet"
    two_gpus.write_text("go\n")
    first, second = wait_until(monitor.latest_readings, "the tool's answer")
    assert first == {"name": "NVIDIA A, B", "memory_total_MB": 85521, "memory_used_MB": 1074, "percent": 37.0}
    assert second == {"name": "NVIDIA T4", "memory_total_MB": None, "memory_used_MB": None, "percent": None}


@pytest.mark.parametrize("line", ["", "No devices were found", "a, b"])
def test_other_lines_are_not_gpus(line: str) -> None:
    assert gpus.parse_gpu_line(line) is None
