"""One attempt from its start to its final record: `exit.json` states the end in every case but a violent death."""

from __future__ import annotations

import os
import sys
import time
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vestim_core.protocol.attempt_files import LaunchFile
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.events import EventKind
from vestim_core.spec.ids import attempt_key
from vestim_core.spec.states import AttemptState, Intent
from vestim_core.spec.task import TaskSpec
from vestim_core.system import FileLock, Home, ProcessRef, is_locked, process_ref, read_json, write_json
from vestim_core.system.failpoints import failpoint
from vestim_core.worker.control import Control
from vestim_core.worker.doorbell import Doorbell
from vestim_core.worker.journal_writer import Journal, log_to_stderr

LOCK_TIMEOUT_S = 5.0  # to wait for a lock that its starter still holds; arbitrary, far longer than a start takes
EXIT_CODES = {AttemptState.FAILED: 1}  # of the process; 0 for every other state


@dataclass(frozen=True)
class Attempt:
    """One attempt as its stage sees it. folder: this attempt's own; the task's folder holds task.json and result/."""

    home: Home
    launch: LaunchFile
    task: TaskSpec
    folder: Path
    job_folder: Path
    journal: Journal
    control: Control

    @property
    def task_folder(self) -> Path:
        """The task's folder."""
        return self.job_folder / "tasks" / self.task.task_id

    @property
    def result_folder(self) -> Path:
        """The task's result folder; created on first use."""
        folder = self.task_folder / "result"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def result_folder_of(self, task_id: str) -> Path:
        """Result folder of another task of the job."""
        return self.job_folder / "tasks" / task_id / "result"

    def load_task(self, task_id: str) -> TaskSpec:
        """Load another task of the job, including the values that its attempts have stored."""
        return TaskSpec.model_validate(read_json(self.job_folder / "tasks" / task_id / "task.json"))

    def store_in_task(self, **values: Any) -> None:
        """Store values in task.json for all later attempts."""
        path = self.task_folder / "task.json"
        write_json(path, {**read_json(path), **values})

    def is_canceled(self) -> bool:
        """True when the user's intent is to end this attempt."""
        return self.control.intent() is not Intent.RUN


def run(folder: Path) -> int:
    """Run the attempt in `folder`; return the exit code of the process."""
    lock = _acquire_lock(folder / "alive.lock")
    launch = LaunchFile.model_validate(read_json(folder / "launch.json"))
    home = Home(Path(launch.home))
    own_process = process_ref(os.getpid()) or ProcessRef(os.getpid(), 0.0)
    write_json(
        folder / "worker.json", {"schema_version": 1, "pid": own_process.pid, "create_time": own_process.create_time}
    )
    failpoint("worker.born")
    doorbell = Doorbell(home, attempt_key(launch.job_id, launch.task_id, launch.attempt))
    journal = Journal(folder / "events.jsonl", doorbell)
    doorbell.ring()
    state, error = _work(home, launch, folder, journal)
    journal.close()
    failpoint("worker.worked")
    _write_exit(folder, state, error)
    failpoint("worker.exit")
    doorbell.close()
    if lock is not None:
        lock.release()
    return EXIT_CODES.get(state, 0)


def _acquire_lock(path: Path) -> FileLock | None:
    """Acquire the lock that marks this attempt as alive, unless the process was started with it."""
    deadline_s = time.monotonic() + LOCK_TIMEOUT_S
    while not is_locked(path) or sys.platform == "win32":
        lock = FileLock.try_acquire(path)
        if lock is not None or time.monotonic() > deadline_s:
            return lock
        time.sleep(0.01)
    return None


def _work(home: Home, launch: LaunchFile, folder: Path, journal: Journal) -> tuple[AttemptState, VestimError | None]:
    try:
        from vestim_core.worker.stages import find_stage  # libraries are loaded by the stage that needs them

        job_folder = folder.parents[3]
        task = TaskSpec.model_validate(read_json(job_folder / "tasks" / launch.task_id / "task.json"))
        attempt = Attempt(home, launch, task, folder, job_folder, journal, Control(folder / "control.json"))
        return find_stage(task.kind)(attempt), None
    except VestimError as error:
        journal.event(EventKind.MESSAGE, {"level": "error", "message": error.message, "location": error.location})
        return AttemptState.FAILED, error
    except ValidationError as error:
        return AttemptState.FAILED, VestimError(
            ErrorCode.FAILED,
            f"task.json of {launch.task_id} is not valid: {error.errors()[0]['msg']}",
            location="task.json",
        )
    except (Exception, MemoryError) as error:
        log_to_stderr(traceback.format_exc())
        last_frame = traceback.extract_tb(error.__traceback__)[-1]
        message = f"{launch.task_id} failed unexpectedly ({type(error).__name__}: {error}): its log has the details"
        location = f"{Path(last_frame.filename).name}:{last_frame.lineno}"
        journal.event(
            EventKind.MESSAGE, {"level": "error", "message": message, "traceback": traceback.format_exc()[-8000:]}
        )
        return AttemptState.FAILED, VestimError(ErrorCode.FAILED, message, location=location, actions=("vestim logs",))


def _write_exit(folder: Path, state: AttemptState, error: VestimError | None) -> None:
    record: dict[str, Any] = {
        "schema_version": 1,
        "state": state.value,
        "error": error.to_record() if error else None,
        "ended_utc": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    try:
        write_json(folder / "exit.json", record)
    except OSError as write_error:
        log_to_stderr(f"exit.json cannot be written: {write_error}")
