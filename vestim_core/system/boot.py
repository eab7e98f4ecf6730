"""Identity of the current boot, and counters that start with it."""

from __future__ import annotations

from pathlib import Path

import psutil

_LINUX_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Id of the current boot, constant until the next one: the kernel's boot id, else the boot time in s."""
    try:
        return _LINUX_BOOT_ID.read_text().strip()
    except OSError:
        return str(round(psutil.boot_time()))


def out_of_memory_kill_count() -> int:
    """Number of processes that the kernel has killed for lack of memory since boot; 0 if unknown."""
    try:
        counters = Path("/proc/vmstat").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in counters.splitlines() if line.startswith("oom_kill ")), 0)
