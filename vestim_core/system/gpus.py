"""Number and load of the machine's GPUs, read without loading torch."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

_LINUX_DRIVER = Path("/proc/driver/nvidia/gpus")
_QUERY = "name,memory.total,memory.used,utilization.gpu"
_TIMEOUT_S = 10.0  # s; arbitrary, nvidia-smi normally takes up to a second
_REFRESH_INTERVAL_S = 4.0  # s; arbitrary, keeps the cost of nvidia-smi low
_MB_PER_MIB = (1 << 20) / 1e6  # MB per MiB


@cache
def gpu_count() -> int:
    """Number of NVIDIA GPUs that the driver reports; 0 without a driver."""
    if _LINUX_DRIVER.is_dir():
        return len(list(_LINUX_DRIVER.iterdir()))
    return sum(line.startswith("GPU ") for line in _nvidia_smi_lines("-L"))


class GpuMonitor:
    """Latest readings of all GPUs from nvidia-smi.

    nvidia-smi takes up to a second, so it runs on a background thread and `latest_readings` never waits for it.
    """

    def __init__(self) -> None:
        self._gpu_loads: list[dict[str, Any]] = []
        self._query_time_s = float("-inf")
        self._thread: threading.Thread | None = None

    def latest_readings(self) -> list[dict[str, Any]]:
        """Return name, memory_total_MB, memory_used_MB and percent of each GPU, a few seconds old.

        Unknown values are None. Empty without a GPU and until nvidia-smi has returned for the first time.
        """
        is_querying = self._thread is not None and self._thread.is_alive()
        if gpu_count() and not is_querying and time.monotonic() - self._query_time_s >= _REFRESH_INTERVAL_S:
            self._query_time_s = time.monotonic()
            self._thread = threading.Thread(target=self._query, daemon=True)
            self._thread.start()
        return self._gpu_loads

    def _query(self) -> None:
        lines = _nvidia_smi_lines(f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits")
        self._gpu_loads = [gpu for line in lines if (gpu := parse_gpu_line(line))]


def parse_gpu_line(line: str) -> dict[str, Any] | None:
    """Parse a line of nvidia-smi's table, `name, MiB, MiB, percent`; None for any other line."""
    name, *values = (part.strip() for part in line.rsplit(",", 3))
    if len(values) != 3:
        return None
    total_MiB, used_MiB, percent = (float(value) if value.isdigit() else None for value in values)
    return {
        "name": name,
        "memory_total_MB": None if total_MiB is None else round(total_MiB * _MB_PER_MIB),
        "memory_used_MB": None if used_MiB is None else round(used_MiB * _MB_PER_MIB),
        "percent": percent,
    }


def _nvidia_smi_lines(*arguments: str) -> list[str]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        result = subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return result.stdout.splitlines()
