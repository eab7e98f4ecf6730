"""The host: carries out what reconciler and scheduler ask for, and tells containers what became of their attempts.

Starting an attempt goes in this order: the intent is committed, the folder is written, the process is born, its number
is committed. Whatever dies between two of these, the next daemon finds either a living process or an attempt that is
lost.
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from pydantic import ValidationError

from vestim_core.daemon.journals import ingest
from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.endings import how_it_ended
from vestim_core.jobs.executor import Executor
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.reconciler import Action, Ask, Kill, SetJob, SetTask, Terminate, reconcile
from vestim_core.jobs.scheduler import Capacity, QueuedJob, ReadyTask, choose
from vestim_core.protocol.launch import ControlFile, ExitFile, Launch
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.ids import attempt_key, split_attempt_key
from vestim_core.spec.states import AttemptState, Intent, JobState, TaskKind, TaskState
from vestim_core.system import read_json, write_json

JOURNAL_LOOK_S = 1.0
TICK_S = 0.5
log = logging.getLogger(__name__)


class Host:
    """The attempts of one daemon. `dirty` holds jobs that the reconciler has not looked at since they changed."""

    def __init__(self, manager: JobManager, executor: Executor, slots: int = 0) -> None:
        cores = os.cpu_count() or 1
        self.manager = manager
        self.executor = executor
        self.slots, self.threads = slots or cores, cores
        self.dirty: set[str] = set()
        self._rung: set[str] = set()
        self._looked_s = 0.0

    @property
    def running(self) -> list[tuple[JobContainer, str]]:
        """Every task that has a living attempt."""
        containers = self.manager.job_containers.values()
        return [(c, t.task_id) for c in containers for t in c.tasks.values() if t.attempt and not t.attempt.ended]

    def adopt_all(self) -> None:
        """Take over what an earlier daemon left: watch what lives, and end what does not."""
        for container, task_id in self.running:
            key, attempt = self._key(container, task_id), container.tasks[task_id].attempt
            folder = self.manager.folder(container.job_id).attempt(task_id, attempt.number if attempt else 0)
            pid, create_time = container.handles.get(task_id, (0, 0.0))
            if not pid:  # born, but its number was never committed: it wrote it down itself
                pid, create_time = _own_word(folder / "worker.json")
            if self.executor.adopt(key, folder, pid, create_time):
                if attempt and attempt.state is AttemptState.STARTING:
                    container.attempt_started(task_id, pid, create_time)
                    self.manager.persist_job_container(container)
                log.info("adopted %s, process %d", key, pid)
            else:
                self._ended(container, task_id, None)
        self.dirty.update(self.manager.job_containers)

    def rung(self, key: str) -> None:
        """An attempt says that its journal has grown."""
        self._rung.add(key)

    @property
    def rung_waiting(self) -> bool:
        """Whether some journal is known to hold more than was read."""
        return bool(self._rung)

    def step(self) -> None:
        """Do everything that is due: take in journals and deaths, reconcile what changed, start what may start."""
        now_s = time.monotonic()
        self._read_journals(now_s)
        for key, exit_code in self.executor.reap():
            job_id, task_id, _ = split_attempt_key(key)
            container = self.manager.job_containers.get(job_id)
            if container is not None:
                self._ended(container, task_id, exit_code)
        self.dirty.update(container.job_id for container, _ in self.running if container.intent is not Intent.RUN)
        self._reconcile(now_s)
        if self._schedule():
            self._reconcile(now_s)

    # --- taking in

    def _read_journals(self, now_s: float) -> None:
        keys, self._rung = self._rung, set()
        if now_s - self._looked_s >= JOURNAL_LOOK_S:
            self._looked_s = now_s
            keys |= {self._key(container, task_id) for container, task_id in self.running}
        for key in keys:
            job_id, task_id, _ = split_attempt_key(key)
            container = self.manager.job_containers.get(job_id)
            if container is not None and task_id in container.tasks and ingest(self.manager, container, task_id):
                self._rung.add(key)

    def _ended(self, container: JobContainer, task_id: str, exit_code: int | None) -> None:
        while ingest(self.manager, container, task_id):
            pass
        container = self.manager.get(container.job_id)
        task = container.tasks[task_id]
        number = task.attempt.number if task.attempt else 0
        folder = self.manager.folder(container.job_id)
        exit_file = _exit_file(folder.attempt(task_id, number) / "exit.json")
        state, error = how_it_ended(exit_file, exit_code, task_id)
        task.has_model = task.has_model or (folder.result(task_id) / "model.json").is_file()
        log.info("%s ended: %s%s", self._key(container, task_id), state, f" ({error.sentence})" if error else "")
        with self.manager.unit():
            container.attempt_ended(task_id, state, error)
            self.manager.persist_job_container(container)
        if task.kind is TaskKind.PREPARE and state is AttemptState.FINISHED:
            self.manager.write_job_json(container)
        self.dirty.add(container.job_id)

    # --- carrying out

    def _reconcile(self, now_s: float) -> None:
        while self.dirty:
            job_id = self.dirty.pop()
            container = self.manager.job_containers.get(job_id)
            actions = reconcile(container.facts(), now_s) if container else []
            if container is None or not actions:
                continue
            with self.manager.unit():
                for action in actions:
                    self._carry_out(container, action, now_s)
                self.manager.persist_job_container(container)
            if not any(isinstance(action, SetTask | SetJob) for action in actions):
                self.dirty.discard(job_id)

    def _carry_out(self, container: JobContainer, action: Action, now_s: float) -> None:
        if isinstance(action, SetJob):
            container.set_state(action.state)
            return
        if isinstance(action, SetTask):
            container.set_task_state(action.task_id, action.state)
            return
        attempt = container.tasks[action.task_id].attempt
        if attempt is None:
            return
        key = self._key(container, action.task_id)
        if isinstance(action, Ask):
            folder = self.manager.folder(container.job_id).attempt(action.task_id, attempt.number)
            write_json(folder / "control.json", ControlFile(intent=action.intent).model_dump(mode="json"))
            attempt.asked, attempt.asked_s, attempt.terminated_s = action.intent, now_s, 0.0
            log.info("asked %s to %s", key, action.intent)
        elif isinstance(action, Terminate):
            log.warning("%s did not obey: telling it to end", key)
            self.executor.terminate(key)
            attempt.terminated_s = now_s
        elif isinstance(action, Kill):
            log.warning("%s did not end: killing it", key)
            self.executor.kill(key)
            attempt.killed_s = now_s

    def _schedule(self) -> bool:
        running = self.running
        used = sum(container.tasks[task_id].threads for container, task_id in running)
        jobs = [job for container in self.manager.job_containers.values() if (job := _queued(container))]
        started = choose(jobs, Capacity(self.slots, self.threads, len(running), used)) if jobs else []
        for job_id, task_id in started:
            self._start(self.manager.job_containers[job_id], task_id)
        return bool(started)

    def _start(self, container: JobContainer, task_id: str) -> None:
        with self.manager.unit():
            attempt = container.new_attempt(task_id)
            self.manager.persist_job_container(container)
        task = container.tasks[task_id]
        folder = self.manager.folder(container.job_id)
        own = folder.attempt(task_id, attempt.number)
        launch = Launch(
            job_id=container.job_id,
            task_id=task_id,
            attempt=attempt.number,
            home=str(self.manager.home.root),
            threads=task.threads,
        )
        try:
            own.mkdir(parents=True, exist_ok=True)
            if not (
                folder.task(task_id) / "task.json"
            ).exists():  # a later attempt goes on with what the first measured
                write_json(folder.task(task_id) / "task.json", task.document)
            write_json(own / "launch.json", launch.model_dump(mode="json"))
            write_json(own / "control.json", ControlFile(intent=Intent.RUN).model_dump(mode="json"))
            pid, create_time = self.executor.start(self._key(container, task_id), own, task.threads)
        except OSError as problem:
            sentence = (
                f"{task_id} could not be started ({problem.strerror or problem}): check the disk and the folder {own}"
            )
            error = VestimError(ErrorCode.FAILED, sentence, place=str(own))
            with self.manager.unit():
                container.attempt_ended(task_id, AttemptState.FAILED, error)
                self.manager.persist_job_container(container)
        else:
            with self.manager.unit():
                container.attempt_started(task_id, pid, create_time)
                self.manager.persist_job_container(container)
            log.info("started %s, process %d", self._key(container, task_id), pid)
        self.dirty.add(container.job_id)

    def _key(self, container: JobContainer, task_id: str) -> str:
        attempt = container.tasks[task_id].attempt
        return attempt_key(container.job_id, task_id, attempt.number if attempt else 0)


def _queued(container: JobContainer) -> QueuedJob | None:
    """What the scheduler has to know of a job; None when nothing of it can start."""
    if container.state not in {JobState.QUEUED, JobState.RUNNING}:
        return None
    tasks = container.tasks.values()
    ready = [ReadyTask(task.task_id, task.kind, task.threads) for task in tasks if task.state is TaskState.READY]
    running = sum(task.state is TaskState.RUNNING for task in tasks)
    limit = int(container.document.get("max_parallel_tasks") or 0)
    return QueuedJob(container.job_id, container.position, running, limit, ready) if ready else None


def _exit_file(path: Any) -> ExitFile | None:
    try:
        return ExitFile.model_validate(read_json(path))
    except (OSError, ValueError, ValidationError):
        return None


def _own_word(path: Any) -> tuple[int, float]:
    try:
        record = read_json(path)
        return int(record["pid"]), float(record["create_time"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0.0
