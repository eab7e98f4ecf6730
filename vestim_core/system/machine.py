"""Load of this machine, cheap enough to be sampled every second."""

from __future__ import annotations

import os
import time
from typing import Any

import psutil

from vestim_core.system.gpus import GpuMonitor

_MIN_INTERVAL_S = 0.5  # s; arbitrary, a shorter interval gives noisy CPU shares


class MachineMonitor:
    """Load of CPU, memory and GPUs. CPU time is measured between two calls of `sample`, so that no call has to wait."""

    def __init__(self) -> None:
        self._gpus = GpuMonitor()
        self._sample_time_s = time.monotonic()
        self._cpu_percent: float | None = None
        psutil.cpu_percent(interval=None)

    def sample(self) -> dict[str, Any]:
        """Return cpu_percent (of all cores, over at least the last half second; None before that), cores,
        memory_used_MB, memory_total_MB and gpus (see `GpuMonitor.latest_readings`)."""
        now_s = time.monotonic()
        if now_s - self._sample_time_s >= _MIN_INTERVAL_S:
            self._cpu_percent, self._sample_time_s = psutil.cpu_percent(interval=None), now_s
        memory = psutil.virtual_memory()
        return {
            "cpu_percent": self._cpu_percent,
            "cores": os.cpu_count() or 1,
            "memory_used_MB": round((memory.total - memory.available) / 1e6),
            "memory_total_MB": round(memory.total / 1e6),
            "gpus": self._gpus.latest_readings(),
        }
