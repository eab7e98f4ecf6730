"""Which start of the machine this is: the same text until the machine is started anew."""

from __future__ import annotations

from pathlib import Path

import psutil

_LINUX_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """The kernel's own name for this boot where it has one, else the second at which the machine came up."""
    try:
        return _LINUX_BOOT_ID.read_text().strip()
    except OSError:
        return str(round(psutil.boot_time()))


def out_of_memory_kills() -> int:
    """How many processes the kernel has ended for want of memory since the boot; 0 where it does not say."""
    try:
        counters = Path("/proc/vmstat").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in counters.splitlines() if line.startswith("oom_kill ")), 0)
