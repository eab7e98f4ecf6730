"""Preload: import a worker's libraries before its attempt is known, then become the worker of that attempt."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path

from vestim_core.worker.attempt import run

_STAGE_MODULES = {"train": ("train_stage", "test_stage"), "inspect": ("inspect_stage", "prepare_stage")}
"""Modules loaded for each kind of preload. "inspect" never loads torch."""

_LAZY_LIBRARIES = {"train": ("torch._dynamo",), "inspect": ()}
"""Libraries that the stages load only when they run. Every optimizer loads torch's compiler when it is built, although
no training here uses it: a second of CPU time and 75 MB, spent here once for all workers forked from this process."""


def load_stages(preload: str) -> None:
    """Import the stages of one kind of preload, with the libraries that take seconds to load."""
    for stage in _STAGE_MODULES[preload]:
        import_module(f"vestim_core.worker.stages.{stage}")
    for library in _LAZY_LIBRARIES[preload]:
        import_module(library)


def await_request(preload: str) -> int:
    """Load the stages, wait for one request on standard input and run its attempt; return the exit code."""
    load_stages(preload)
    line = sys.stdin.readline()
    return become_worker(json.loads(line)) if line else 0


def become_worker(request: dict[str, object]) -> int:
    """Adopt the request's environment and folder, redirect output to its logs and run it; return the exit code."""
    folder = Path(str(request["folder"]))
    environment = request["environment"]
    assert isinstance(environment, dict)
    os.environ.update({str(name): str(value) for name, value in environment.items()})
    os.chdir(folder)
    for descriptor, name in ((1, "stdout.log"), (2, "stderr.log")):
        log_descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log_descriptor, descriptor)
        os.close(log_descriptor)
    return run(folder)
