"""The real daemon with lightweight workers and many slots: `python -m tests.benchmarks.light_daemon SLOTS`."""

from __future__ import annotations

import os
import sys

from tests.children.daemon import worker_command
from vestim_core.daemon import __main__ as daemon
from vestim_core.executors.local import LocalExecutor

if __name__ == "__main__":
    os.cpu_count = lambda: int(sys.argv[1])
    daemon.LocalExecutor = lambda warm: LocalExecutor({}, worker_command)  # type: ignore[assignment,misc]
    sys.exit(daemon.main([]))
