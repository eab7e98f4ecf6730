"""The real daemon with misbehaving workers and a stop ladder of the given steps in s.

`python -m tests.children.daemon ASK_S TERMINATE_S`
"""

from __future__ import annotations

import sys
from pathlib import Path

from vestim_core.daemon import __main__ as daemon
from vestim_core.executors.local import LocalExecutor
from vestim_core.jobs import reconciler


def worker_command(folder: Path) -> list[str]:
    """Command line of a worker that behaves as its job's name says."""
    return [sys.executable, "-m", "tests.children.worker", str(folder)]


if __name__ == "__main__":
    reconciler.STOP_GRACE_S, reconciler.TERMINATE_GRACE_S = float(sys.argv[1]), float(sys.argv[2])
    daemon.LocalExecutor = lambda preloaded_workers: LocalExecutor({}, worker_command)  # type: ignore[assignment,misc]
    sys.exit(daemon.main([]))
