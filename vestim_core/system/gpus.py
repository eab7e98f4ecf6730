"""The GPUs of this machine, found without loading torch: how many, and how busy they are."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

_LINUX_DRIVER = Path("/proc/driver/nvidia/gpus")
_ASKED = "name,memory.total,memory.used,utilization.gpu"
_TIMEOUT_S = 10.0
_KEPT_S = 4.0
_MEBI_MB = (1 << 20) / 1e6


@cache
def gpu_count() -> int:
    """Number of NVIDIA GPUs that a driver offers; 0 where there is no driver."""
    if _LINUX_DRIVER.is_dir():
        return len(list(_LINUX_DRIVER.iterdir()))
    return sum(line.startswith("GPU ") for line in _told_by_the_driver("-L"))


class GpuWatch:
    """What the driver's tool last said of each GPU.

    The tool takes up to a second, so it is asked on a thread of its own and `look` never waits for it.
    """

    def __init__(self) -> None:
        self._newest: list[dict[str, Any]] = []
        self._asked_s = float("-inf")
        self._asking: threading.Thread | None = None

    def look(self) -> list[dict[str, Any]]:
        """name, memory_total_MB, memory_used_MB and percent of each GPU as of some seconds ago, values that are not
        known being None; empty where there is none and until the tool has answered for the first time."""
        asking = self._asking is not None and self._asking.is_alive()
        if gpu_count() and not asking and time.monotonic() - self._asked_s >= _KEPT_S:
            self._asked_s = time.monotonic()
            self._asking = threading.Thread(target=self._ask, daemon=True)
            self._asking.start()
        return self._newest

    def _ask(self) -> None:
        lines = _told_by_the_driver(f"--query-gpu={_ASKED}", "--format=csv,noheader,nounits")
        self._newest = [gpu for line in lines if (gpu := read_gpu(line))]


def read_gpu(line: str) -> dict[str, Any] | None:
    """One line of the driver's table, `name, MiB, MiB, percent`; None for what is no such line."""
    name, *values = (part.strip() for part in line.rsplit(",", 3))
    if len(values) != 3:
        return None
    total_MiB, used_MiB, percent = (float(value) if value.isdigit() else None for value in values)
    return {
        "name": name,
        "memory_total_MB": None if total_MiB is None else round(total_MiB * _MEBI_MB),
        "memory_used_MB": None if used_MiB is None else round(used_MiB * _MEBI_MB),
        "percent": percent,
    }


def _told_by_the_driver(*words: str) -> list[str]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        listed = subprocess.run([tool, *words], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return listed.stdout.splitlines()
