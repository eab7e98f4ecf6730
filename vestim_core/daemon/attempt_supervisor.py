"""Attempt supervisor: carries out the actions of reconciler and scheduler and records how attempts end."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from vestim_core.daemon.adoption import adopt, hold_after_restart
from vestim_core.daemon.journal_ingest import ingest_journal
from vestim_core.daemon.launching import capacity_left, needs_gpu, preload_of, start_attempt
from vestim_core.jobs.attempt_outcomes import attempt_outcome
from vestim_core.jobs.disk_space import PAUSED_MESSAGE, folder_short_of_space
from vestim_core.jobs.executor import Executor, Preload
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.reconciler import (
    MAX_RETRIES,
    Action,
    Kill,
    Retry,
    SendIntent,
    SetJob,
    SetTask,
    Terminate,
    reconcile,
)
from vestim_core.jobs.scheduler import Capacity, QueuedJob, ReadyTask, choose_tasks
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.thread_grants import has_single_training
from vestim_core.jobs.training_speeds import record_speed
from vestim_core.jobs.utc_time import utc_now
from vestim_core.protocol.attempt_files import ControlFile, ExitFile
from vestim_core.protocol.doorbell_messages import MIN_RING_INTERVAL_S
from vestim_core.spec.errors import VestimError
from vestim_core.spec.ids import attempt_key, is_inspection_id, split_attempt_key
from vestim_core.spec.states import TERMINAL_TASK_STATES, AttemptState, Intent, JobState, TaskKind, TaskState
from vestim_core.system import out_of_memory_kill_count, read_json, write_json
from vestim_core.system.failpoints import failpoint

JOURNAL_POLL_S = 1.0  # between reads of all journals, for workers whose rings were lost; arbitrary
TICK_S = 0.5  # between steps while anything runs; arbitrary, well below the delays of the stop ladder
START_POLL_S = 0.05  # between steps while a process starts, so that its start shows at once; arbitrary
DISK_CHECK_S = (
    2.0  # between checks of the disk space; arbitrary, any value that leaves time to pause before the disk is full
)
log = logging.getLogger(__name__)


class AttemptSupervisor:
    """Owns the attempts of one daemon; runs on the daemon's thread.

    `unreconciled_job_ids` holds the ids of jobs that have changed since the reconciler last saw them.
    """

    def __init__(self, manager: JobManager, executor: Executor, slots: int = 0) -> None:
        cores = os.cpu_count() or 1
        self.manager = manager
        self.executor = executor
        self.slots, self.threads = slots or cores, cores
        self.unreconciled_job_ids: set[str] = set()
        self._rung_keys: set[str] = set()
        self._failing_job_ids: set[str] = set()
        self._reread_at_s: dict[str, float] = {}
        self._postponed_job_ids: set[str] = set()
        self._pending_ends: dict[str, int | VestimError | None] = {}
        self._memory_kills = out_of_memory_kill_count()
        self._journals_read_s = 0.0
        self._disk_checked_s = -math.inf

    @property
    def running_tasks(self) -> list[tuple[JobContainer, str]]:
        """Every task that has a living attempt."""
        containers = self.manager.job_containers.values()
        return [(c, t.task_id) for c in containers for t in c.tasks.values() if t.attempt and not t.attempt.has_ended]

    @property
    def next_due_s(self) -> float:
        """Monotonic time of the next postponed start or journal read; infinity when there is none."""
        now_s = time.monotonic()
        tasks = (task for container in self.manager.job_containers.values() for task in container.tasks.values())
        starts = (task.not_before_s for task in tasks if task.not_before_s > now_s)
        return min((*starts, *self._reread_at_s.values()), default=math.inf)

    @property
    def poll_interval_s(self) -> float:
        """Time until the next step while anything is running, for changes that no socket announces."""
        states = {attempt.state for c, task_id in self.running_tasks if (attempt := c.tasks[task_id].attempt)}
        return START_POLL_S if AttemptState.STARTING in states else TICK_S

    @property
    def has_unread_journals(self) -> bool:
        """True when some journal holds more than was read."""
        return bool(self._rung_keys)

    def adopt_all(self) -> None:
        """Adopt the attempts that an earlier daemon left."""
        ended_keys = adopt(
            self.manager, self.executor, [_key(container, task_id) for container, task_id in self.running_tasks]
        )
        self._pending_ends.update(dict.fromkeys(ended_keys))
        self._record_ends()
        hold_after_restart(self.manager, bool(ended_keys))
        self.unreconciled_job_ids.update(self.manager.job_containers)

    def mark_rung(self, key: str) -> bool:
        """Note that an attempt's journal may have grown; False when there is no such running attempt."""
        try:
            task_ref = self._find_task(key)
        except ValueError:
            return False
        attempt = task_ref and task_ref[0].tasks[task_ref[1]].attempt
        if not attempt or attempt.has_ended:
            return False
        self._rung_keys.add(key)
        return True

    def step(self) -> None:
        """Do everything that is due: read journals, record starts and ends, reconcile, start what may start.

        A failure of one job is logged and tried again at the next step, without effect on the others.
        """
        now_s = time.monotonic()
        self._read_journals(now_s)
        self._record_starts()
        self._record_ends()
        self.unreconciled_job_ids.update(
            container.job_id for container, _ in self.running_tasks if container.intent is not Intent.RUN
        )
        self._watch_disk_space(now_s)
        self._reconcile(now_s)
        if self._schedule():
            self._record_starts()
            self._record_ends()
            self._reconcile(now_s)
        self.executor.keep_preloaded(
            {preload for c in self.manager.job_containers.values() for preload in _upcoming_preloads(c)}
        )
        self.unreconciled_job_ids |= self._postponed_job_ids
        self._postponed_job_ids.clear()

    @contextmanager
    def _isolate_failures(self, job_id: str) -> Iterator[None]:
        """Isolate failures of one job from all others; the log reports each once, until the job works again."""
        try:
            yield
            self._failing_job_ids.discard(job_id)
        except Exception:
            if job_id not in self._failing_job_ids:
                log.exception("job %s is in trouble: trying again until it goes well", job_id)
            self._failing_job_ids.add(job_id)
            self._postponed_job_ids.add(job_id)

    # --- recording

    def _read_journals(self, now_s: float) -> None:
        keys, self._rung_keys = self._rung_keys, set()
        due_keys = {key for key, due_s in self._reread_at_s.items() if due_s <= now_s}
        self._reread_at_s = {key: due_s for key, due_s in self._reread_at_s.items() if key not in due_keys}
        self._reread_at_s.update(dict.fromkeys(keys, now_s + MIN_RING_INTERVAL_S))
        keys |= due_keys
        if now_s - self._journals_read_s >= JOURNAL_POLL_S:
            self._journals_read_s = now_s
            keys |= {_key(container, task_id) for container, task_id in self.running_tasks}
        for key in keys:
            task_ref = self._find_task(key)
            with self._isolate_failures(split_attempt_key(key)[0]):
                if task_ref is not None and ingest_journal(self.manager, *task_ref):
                    self._rung_keys.add(key)

    def _record_starts(self) -> None:
        for key, pid, create_time in self.executor.take_started():
            task_ref = self._find_task(key)
            attempt = task_ref and task_ref[0].tasks[task_ref[1]].attempt
            if task_ref is None or not attempt or attempt.state is not AttemptState.STARTING:
                continue
            with self._isolate_failures(task_ref[0].job_id), self.manager.unit_of_work():
                task_ref[0].record_attempt_start(task_ref[1], pid, create_time)
                self.manager.persist_job_container(task_ref[0])
            failpoint("start.recorded")
            log.info("%s lives, process %d", key, pid)

    def _record_ends(self) -> None:
        """Record ended attempts; an end that cannot be committed is tried again, so no ended attempt seems to run."""
        self._pending_ends.update(self.executor.reap())
        for key, exit_status in list(self._pending_ends.items()):
            with self._isolate_failures(split_attempt_key(key)[0]):
                self._record_end(key, exit_status)
                del self._pending_ends[key]

    def _record_end(self, key: str, exit_status: int | VestimError | None) -> None:
        """exit_status: the exit code where it is known, or the error that prevented the start."""
        task_ref = self._find_task(key)
        if task_ref is None:
            return
        container, task_id = task_ref
        attempt = container.tasks[task_id].attempt
        if attempt is None or attempt.has_ended:
            return
        while ingest_journal(self.manager, container, task_id):
            pass
        failpoint("ended.seen")
        container = self.manager.get(container.job_id)
        task = container.tasks[task_id]
        folder = self.manager.folder(container.job_id)
        exit_path = folder.attempt(task_id, split_attempt_key(key)[2]) / "exit.json"
        exit_file = _read_exit_file(exit_path)
        earlier_kills, self._memory_kills = self._memory_kills, out_of_memory_kill_count()
        is_out_of_memory = self._memory_kills > earlier_kills
        state, error = (
            (AttemptState.FAILED, exit_status)
            if isinstance(exit_status, VestimError)
            else attempt_outcome(exit_file, exit_status, task_id, out_of_memory=is_out_of_memory)
        )
        if exit_file is None:
            _write_exit_record(exit_path, state, error)
        task.has_model = task.has_model or (folder.result(task_id) / "model.json").is_file()
        log.info("%s ended: %s%s", key, state, f" ({error.message})" if error else "")
        if task.kind is TaskKind.PREPARE and state is AttemptState.FINISHED:
            self._write_file_hashes(container)  # before the commit: repeated if the daemon dies in between
        with self.manager.unit_of_work():
            container.record_attempt_end(task_id, state, error)
            self.manager.registry.release(key)
            self.manager.persist_job_container(container)
        failpoint("ended.committed")
        if task.kind is TaskKind.PREPARE:
            self.manager.shrink_cache()
        if task.kind is TaskKind.TRAIN:
            self._record_speed(task)

    def _record_speed(self, task: Task) -> None:
        try:
            record_speed(self.manager.home.speeds, task)
        except OSError as error:  # the next training measures the speed again
            log.warning("%s cannot be written: %s", self.manager.home.speeds, error)

    def _write_file_hashes(self, container: JobContainer) -> None:
        try:
            self.manager.write_job_json(container)
        except VestimError as error:  # the registry has the hashes too; the job goes on
            log.warning("%s", error)

    # --- carrying out

    def _reconcile(self, now_s: float) -> None:
        while self.unreconciled_job_ids:
            job_id = self.unreconciled_job_ids.pop()
            container = self.manager.job_containers.get(job_id)
            if container is not None:
                with self._isolate_failures(job_id):
                    self._reconcile_job(container, now_s)
            if job_id in self._postponed_job_ids:
                self.unreconciled_job_ids.discard(job_id)

    def _reconcile_job(self, container: JobContainer, now_s: float) -> None:
        container.needs_reconciliation = False
        actions = reconcile(container.facts(), now_s)
        if not actions:
            return
        with self.manager.unit_of_work():
            with container.batch_changes():
                for action in actions:
                    self._carry_out(container, action, now_s)
            self.manager.persist_job_container(container)
        if not any(isinstance(action, SetTask | Retry | SetJob) for action in actions):
            self.unreconciled_job_ids.discard(container.job_id)

    def _carry_out(self, container: JobContainer, action: Action, now_s: float) -> None:
        match action:
            case SetJob():
                container.set_state(action.state, container.reason if action.state is JobState.PAUSED else "")
            case SetTask():
                container.set_task_state(action.task_id, action.state)
            case Retry():
                task = container.tasks[action.task_id]
                cause = task.error["message"] if task.error else "Its process vanished."
                reason = f"{cause} Trying again in {action.pause_s:g} s ({task.retries + 1} of {MAX_RETRIES})."
                container.retry_task(action.task_id, now_s + action.pause_s, reason)
            case SendIntent() | Terminate() | Kill():
                self._escalate_stop(container, action, now_s)

    def _escalate_stop(self, container: JobContainer, action: SendIntent | Terminate | Kill, now_s: float) -> None:
        """Take one step up the stop ladder: ask, terminate, kill."""
        key, attempt = _key(container, action.task_id), container.tasks[action.task_id].attempt
        if attempt is None:
            return
        match action:
            case SendIntent():
                folder = self.manager.folder(container.job_id).attempt(action.task_id, attempt.index)
                try:
                    write_json(folder / "control.json", ControlFile(intent=action.intent).model_dump(mode="json"))
                except OSError as error:  # a worker that cannot be asked is ended by signals
                    log.warning("%s cannot be asked to %s: %s", key, action.intent, error)
                failpoint("ask.written")
                attempt.sent_intent, attempt.intent_sent_s, attempt.terminated_s = action.intent, now_s, 0.0
                log.info("asked %s to %s", key, action.intent)
            case Terminate():
                log.warning("%s did not obey: telling it to end", key)
                self.executor.terminate(key)
                attempt.terminated_s = now_s
            case Kill():
                log.warning("%s did not end: killing it", key)
                self.executor.kill(key)
                attempt.killed_s = now_s

    def _schedule(self) -> bool:
        containers = self.manager.job_containers.values()
        queued_jobs = [
            queued_job for container in containers if (queued_job := _queued_job(container, time.monotonic()))
        ]
        if not queued_jobs:
            return False
        capacity = capacity_left(self.manager, self.slots, self.threads)
        started_tasks = choose_tasks(queued_jobs, capacity)
        spare_threads = self._spare_threads(started_tasks, capacity) if started_tasks else 0
        for job_id, task_id in started_tasks:
            with self._isolate_failures(job_id):
                container = self.manager.job_containers[job_id]
                start_error = start_attempt(self.manager, self.executor, container, task_id, spare_threads)
                if start_error is not None:
                    self._pending_ends[_key(container, task_id)] = start_error
            self.unreconciled_job_ids.add(job_id)
        return bool(started_tasks)

    def _spare_threads(self, started_tasks: list[tuple[str, str]], capacity: Capacity) -> int:
        """Threads that nobody needs once all of `started_tasks` run; 0 while several trainings could share them."""
        containers = self.manager.job_containers
        live_containers = [
            container for container in containers.values() if container.state in {JobState.QUEUED, JobState.RUNNING}
        ]
        if not has_single_training(task for container in live_containers for task in container.tasks.values()):
            return 0
        reserved_threads = sum(max(containers[job_id].tasks[task_id].threads, 1) for job_id, task_id in started_tasks)
        return max(capacity.threads - capacity.used_threads - reserved_threads, 0)

    def _watch_disk_space(self, now_s: float) -> None:
        """Pause running and queued jobs when the disk is nearly full, while there is space to save their state."""
        if not self.running_tasks or now_s - self._disk_checked_s < DISK_CHECK_S:
            return
        self._disk_checked_s = now_s
        if folder_short_of_space(self.manager.home) is None:
            return
        for container in list(self.manager.job_containers.values()):
            is_active = container.state in {JobState.QUEUED, JobState.RUNNING} and container.intent is Intent.RUN
            if is_active and not is_inspection_id(container.job_id):
                log.warning("%s: %s", container.job_id, PAUSED_MESSAGE)
                with self._isolate_failures(container.job_id), self.manager.unit_of_work():
                    container.set_intent(Intent.PAUSE, reason=PAUSED_MESSAGE)
                    self.manager.persist_job_container(container)

    def _find_task(self, key: str) -> tuple[JobContainer, str] | None:
        """Container and task id of an attempt that is the newest of its task, else None."""
        job_id, task_id, attempt_number = split_attempt_key(key)
        container = self.manager.job_containers.get(job_id)
        task = container.tasks.get(task_id) if container else None
        if container is None or task is None or task.attempt is None or task.attempt.index != attempt_number:
            return None
        return container, task_id


def _key(container: JobContainer, task_id: str) -> str:
    attempt = container.tasks[task_id].attempt
    return attempt_key(container.job_id, task_id, attempt.index if attempt else 0)


def _queued_job(container: JobContainer, now_s: float) -> QueuedJob | None:
    """The job as the scheduler sees it; None when none of its tasks can start."""
    if container.state not in {JobState.QUEUED, JobState.RUNNING}:
        return None
    tasks = container.tasks.values()
    ready_tasks = [
        ReadyTask(task.task_id, task.kind, max(task.threads, 1), int(needs_gpu(task)))
        for task in tasks
        if task.state is TaskState.READY and task.not_before_s <= now_s
    ]
    running_count = sum(task.state is TaskState.RUNNING for task in tasks)
    limit = int(container.document.get("max_parallel_tasks") or 0)
    return QueuedJob(container.job_id, container.position, running_count, limit, ready_tasks) if ready_tasks else None


def _upcoming_preloads(container: JobContainer) -> set[Preload]:
    """Preloads for the tasks that a job has still to do.

    A preparation uses an inspecting process that is already preloaded; preloading one for it would not save time.
    """
    if container.state not in {JobState.QUEUED, JobState.RUNNING} or container.intent is Intent.PAUSE:
        return set()
    tasks = (
        t for t in container.tasks.values() if t.state not in TERMINAL_TASK_STATES and t.kind is not TaskKind.PREPARE
    )
    return {preload for task in tasks if (preload := preload_of(task))}


def _write_exit_record(path: Path, state: AttemptState, error: VestimError | None) -> None:
    """Write the exit record of an attempt that left none."""
    exit_record = ExitFile(state=state, error=error.to_record() if error else None, ended_utc=utc_now())
    try:
        write_json(path, exit_record.model_dump(mode="json"))
    except OSError as write_error:
        log.warning("%s cannot be written: %s", path, write_error)


def _read_exit_file(path: Path) -> ExitFile | None:
    try:
        return ExitFile.model_validate(read_json(path))
    except (OSError, ValueError, ValidationError):
        return None
