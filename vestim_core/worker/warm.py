"""What a process that is not yet a worker does before and when it becomes one."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path

from vestim_core.worker.attempt import run

_STAGES = {"train": ("train", "test"), "inspect": ("inspect", "prepare")}
"""What is loaded for each kind of warmth. Inspecting never loads torch."""

_LOADED_LATE = {"train": ("torch._dynamo",), "inspect": ()}
"""What the stages load only when they run. Torch's compiler, which no training here uses, is loaded by every optimiser
when it is built: a second of CPU time and 75 MB, here once for all workers that are born of this process."""


def load_stages(warmth: str) -> None:
    """Import the stages of one kind, with the libraries that take seconds to load."""
    for stage in _STAGES[warmth]:
        import_module(f"vestim_core.worker.stages.{stage}")
    for library in _LOADED_LATE[warmth]:
        import_module(library)


def await_request(warmth: str) -> int:
    """Load the stages, wait for one request on standard input, and be that attempt's worker; the exit code."""
    load_stages(warmth)
    line = sys.stdin.readline()
    return become_worker(json.loads(line)) if line else 0


def become_worker(request: dict[str, object]) -> int:
    """Take over the request's environment and folder, with its logs as output, and run the attempt; the exit code."""
    folder = Path(str(request["folder"]))
    environment = request["environment"]
    assert isinstance(environment, dict)
    os.environ.update({str(name): str(value) for name, value in environment.items()})
    os.chdir(folder)
    for number, name in ((1, "stdout.log"), (2, "stderr.log")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, number)
        os.close(file)
    return run(folder)
