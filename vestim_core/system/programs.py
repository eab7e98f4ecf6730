"""Command lines and environments of Vestim's own programs, for installed packages and packaged builds."""

import os
import platform
import sys
from typing import Literal

ProgramName = Literal["daemon", "worker", "gui", "gateway", "cli", "verify"]

_MODULES: dict[ProgramName, str] = {
    "daemon": "vestim_core.daemon",
    "worker": "vestim_core.worker",
    "gui": "vestim_gui",
    "gateway": "vestim_core.gateway",
    "cli": "vestim_core.cli",
    "verify": "vestim_core.verify",
}

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")

# glibc returns the large blocks of every training step to the kernel, and the next step causes page faults for them.
# Keeping the blocks halves the time of a step (LSTM 2 x 18, 400 steps, batch 200: 116 ms to 53 ms) for a third more
# memory, i.e. 0.45 of the time. tcmalloc and a jemalloc that never returns memory need 0.47 and 0.46, the default
# jemalloc and mimalloc 1.2 to 1.3; none of them is available on every machine.
_KEEP_FREED_MEMORY = {
    "MALLOC_TRIM_THRESHOLD_": str(4 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
}


def program_command(role: ProgramName, *args: str) -> list[str]:
    """Command line that starts one of Vestim's programs with these arguments."""
    if getattr(sys, "frozen", False):
        return [sys.executable, role, *args]
    return [sys.executable, "-m", _MODULES[role], *args]


def worker_environment(threads: int, gpu: int | None = None) -> dict[str, str]:
    """Copy of the environment for a worker with this number of threads that sees this GPU or none."""
    environment = dict(os.environ)
    environment.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    environment["PYTHONUNBUFFERED"] = "1"
    environment["CUDA_VISIBLE_DEVICES"] = "" if gpu is None else str(gpu)
    if platform.libc_ver()[0] == "glibc":
        environment.update(_KEEP_FREED_MEMORY)
    return environment
