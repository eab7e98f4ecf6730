"""How many CUDA devices this machine has, found without loading torch."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

_LINUX_DRIVER = Path("/proc/driver/nvidia/gpus")


@cache
def gpu_count() -> int:
    """Number of NVIDIA GPUs that a driver offers; 0 where there is no driver."""
    if _LINUX_DRIVER.is_dir():
        return len(list(_LINUX_DRIVER.iterdir()))
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
