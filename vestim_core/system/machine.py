"""How busy this machine is, looked at so cheaply that it may be asked for every second."""

from __future__ import annotations

import os
import time
from typing import Any

import psutil

from vestim_core.system.gpus import GpuWatch

_LEAST_S = 0.5


class Machine:
    """CPU, memory and GPUs. CPU time is counted from one look to the next, so that no look has to wait."""

    def __init__(self) -> None:
        self._gpus = GpuWatch()
        self._looked_s = time.monotonic()
        self._cpu_percent: float | None = None
        psutil.cpu_percent(interval=None)

    def look(self) -> dict[str, Any]:
        """cpu_percent (of all cores, since the last look; None until half a second can be judged), cores,
        memory_used_MB, memory_total_MB, gpus (see `GpuWatch.look`)."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= _LEAST_S:
            self._cpu_percent, self._looked_s = psutil.cpu_percent(interval=None), now_s
        memory = psutil.virtual_memory()
        return {
            "cpu_percent": self._cpu_percent,
            "cores": os.cpu_count() or 1,
            "memory_used_MB": round((memory.total - memory.available) / 1e6),
            "memory_total_MB": round(memory.total / 1e6),
            "gpus": self._gpus.look(),
        }
