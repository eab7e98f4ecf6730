"""One attempt from birth to its terminal record: `exit.json` says how it ended, in every case but a violent death."""

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

from vestim_core.protocol.launch import Launch
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.events import EventKind
from vestim_core.spec.ids import attempt_key
from vestim_core.spec.states import AttemptState, Intent
from vestim_core.spec.task import TaskSpec
from vestim_core.system import FileLock, Home, ProcessRef, is_locked, read_json, ref_of, write_json
from vestim_core.system.failpoints import failpoint
from vestim_core.worker.control import Control
from vestim_core.worker.doorbell import Doorbell
from vestim_core.worker.journal import Journal, complain

LOCK_S = 5.0
EXIT_CODES = {AttemptState.FAILED: 1}


@dataclass(frozen=True)
class Attempt:
    """What a stage works with. task_folder holds task.json and result/; folder is this attempt's own."""

    home: Home
    launch: Launch
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
    def result(self) -> Path:
        """Where the task leaves what it made; exists."""
        folder = self.task_folder / "result"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def result_of(self, task_id: str) -> Path:
        """Where another task of the job left what it made."""
        return self.job_folder / "tasks" / task_id / "result"

    def spec_of(self, task_id: str) -> TaskSpec:
        """What another task of the job is, with what its attempts have written down."""
        return TaskSpec.model_validate(read_json(self.job_folder / "tasks" / task_id / "task.json"))

    def write_down(self, **found: Any) -> None:
        """Keep in task.json what this attempt has found out, for all later ones."""
        written = self.task_folder / "task.json"
        write_json(written, {**read_json(written), **found})

    def cancelled(self) -> bool:
        """Whether the user wants this attempt to end."""
        return self.control.intent() is not Intent.RUN


def run(folder: Path) -> int:
    """Run the attempt in `folder`; the exit code of the process."""
    lock = _own_lock(folder / "alive.lock")
    launch = Launch.model_validate(read_json(folder / "launch.json"))
    home = Home(Path(launch.home))
    me = ref_of(os.getpid()) or ProcessRef(os.getpid(), 0.0)
    write_json(folder / "worker.json", {"schema_version": 1, "pid": me.pid, "create_time": me.create_time})
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


def _own_lock(path: Path) -> FileLock | None:
    """The lock that says that this attempt lives, for a process that was not born with it."""
    deadline_s = time.monotonic() + LOCK_S
    while not is_locked(path) or sys.platform == "win32":
        lock = FileLock.try_acquire(path)
        if lock is not None or time.monotonic() > deadline_s:
            return lock
        time.sleep(0.01)
    return None


def _work(home: Home, launch: Launch, folder: Path, journal: Journal) -> tuple[AttemptState, VestimError | None]:
    try:
        from vestim_core.worker.stages import stage_of  # what a stage needs is loaded by that stage alone

        job_folder = folder.parents[3]
        task = TaskSpec.model_validate(read_json(job_folder / "tasks" / launch.task_id / "task.json"))
        attempt = Attempt(home, launch, task, folder, job_folder, journal, Control(folder / "control.json"))
        return stage_of(task.kind)(attempt), None
    except VestimError as error:
        journal.event(EventKind.MESSAGE, {"level": "error", "text": error.sentence, "place": error.place})
        return AttemptState.FAILED, error
    except ValidationError as error:
        return AttemptState.FAILED, VestimError(
            ErrorCode.FAILED,
            f"task.json of {launch.task_id} is not valid: {error.errors()[0]['msg']}",
            place="task.json",
        )
    except (Exception, MemoryError) as error:
        complain(traceback.format_exc())
        last = traceback.extract_tb(error.__traceback__)[-1]
        sentence = f"{launch.task_id} failed unexpectedly ({type(error).__name__}: {error}): its log has the details"
        place = f"{Path(last.filename).name}:{last.lineno}"
        journal.event(
            EventKind.MESSAGE, {"level": "error", "text": sentence, "traceback": traceback.format_exc()[-8000:]}
        )
        return AttemptState.FAILED, VestimError(ErrorCode.FAILED, sentence, place=place, actions=("vestim logs",))


def _write_exit(folder: Path, state: AttemptState, error: VestimError | None) -> None:
    record: dict[str, Any] = {
        "schema_version": 1,
        "state": state.value,
        "error": error.to_record() if error else None,
        "ended_utc": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    try:
        write_json(folder / "exit.json", record)
    except OSError as problem:
        complain(f"exit.json cannot be written: {problem}")
