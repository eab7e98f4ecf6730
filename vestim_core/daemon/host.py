"""The host: carries out what reconciler and scheduler ask for, and tells containers what became of their attempts."""

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
from vestim_core.daemon.journals import ingest
from vestim_core.daemon.launching import capacity_left, start_attempt, wants_gpu, warmth_of
from vestim_core.jobs.clock import utc_now
from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.endings import how_it_ended
from vestim_core.jobs.executor import Executor, Warmth
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.reconciler import MAX_RETRIES, Action, Ask, Kill, Retry, SetJob, SetTask, Terminate, reconcile
from vestim_core.jobs.room import PAUSED, short_of_room
from vestim_core.jobs.scheduler import Capacity, QueuedJob, ReadyTask, choose
from vestim_core.jobs.speeds import record_speed
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.threads import is_alone
from vestim_core.protocol.bell import RING_S
from vestim_core.protocol.launch import ControlFile, ExitFile
from vestim_core.spec.errors import VestimError
from vestim_core.spec.ids import attempt_key, is_inspection_id, split_attempt_key
from vestim_core.spec.states import TASK_ENDS, AttemptState, Intent, JobState, TaskKind, TaskState
from vestim_core.system import out_of_memory_kills, read_json, write_json
from vestim_core.system.failpoints import failpoint

JOURNAL_LOOK_S = 1.0
TICK_S = 0.5
BIRTH_LOOK_S = 0.05
ROOM_LOOK_S = 2.0
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
        self._troubled: set[str] = set()
        self._look_again_s: dict[str, float] = {}
        self._postponed: set[str] = set()
        self._endings: dict[str, int | VestimError | None] = {}
        self._memory_kills = out_of_memory_kills()
        self._looked_s = 0.0
        self._room_seen_s = -math.inf

    @property
    def running(self) -> list[tuple[JobContainer, str]]:
        """Every task that has a living attempt."""
        containers = self.manager.job_containers.values()
        return [(c, t.task_id) for c in containers for t in c.tasks.values() if t.attempt and not t.attempt.ended]

    @property
    def due_s(self) -> float:
        """When something postponed is to be done, in monotonic seconds: a start or a look; infinity for never."""
        now_s = time.monotonic()
        tasks = (task for container in self.manager.job_containers.values() for task in container.tasks.values())
        starts = (task.not_before_s for task in tasks if task.not_before_s > now_s)
        return min((*starts, *self._look_again_s.values()), default=math.inf)

    @property
    def tick_s(self) -> float:
        """How soon to look again at what no socket announces, while anything is running."""
        states = {attempt.state for c, task_id in self.running if (attempt := c.tasks[task_id].attempt)}
        return BIRTH_LOOK_S if AttemptState.STARTING in states else TICK_S

    @property
    def rung_waiting(self) -> bool:
        """Whether some journal is known to hold more than was read."""
        return bool(self._rung)

    def adopt_all(self) -> None:
        """Take over what an earlier daemon left."""
        ended = adopt(self.manager, self.executor, [_key(container, task_id) for container, task_id in self.running])
        self._endings.update(dict.fromkeys(ended))
        self._take_in_ends()
        hold_after_restart(self.manager, bool(ended))
        self.dirty.update(self.manager.job_containers)

    def rung(self, key: str) -> bool:
        """An attempt says that its journal may have grown; False when there is no such attempt that runs."""
        try:
            found = self._find(key)
        except ValueError:
            return False
        attempt = found and found[0].tasks[found[1]].attempt
        if not attempt or attempt.ended:
            return False
        self._rung.add(key)
        return True

    def step(self) -> None:
        """Do everything that is due: take in journals, births and deaths, reconcile, start what may start.

        What fails for one job is logged and tried again at the next step; the others do not notice.
        """
        now_s = time.monotonic()
        self._read_journals(now_s)
        self._take_in_births()
        self._take_in_ends()
        self.dirty.update(container.job_id for container, _ in self.running if container.intent is not Intent.RUN)
        self._watch_room(now_s)
        self._reconcile(now_s)
        if self._schedule():
            self._take_in_births()
            self._take_in_ends()
            self._reconcile(now_s)
        self.executor.keep_warm({warmth for c in self.manager.job_containers.values() for warmth in _warmth_soon(c)})
        self.dirty |= self._postponed
        self._postponed.clear()

    @contextmanager
    def _apart(self, job_id: str) -> Iterator[None]:
        """Keep what goes wrong with one job away from all others; the log tells it once, until it goes well again."""
        try:
            yield
            self._troubled.discard(job_id)
        except Exception:
            if job_id not in self._troubled:
                log.exception("job %s is in trouble: trying again until it goes well", job_id)
            self._troubled.add(job_id)
            self._postponed.add(job_id)

    # --- taking in

    def _read_journals(self, now_s: float) -> None:
        keys, self._rung = self._rung, set()
        again = {key for key, due_s in self._look_again_s.items() if due_s <= now_s}
        self._look_again_s = {key: due_s for key, due_s in self._look_again_s.items() if key not in again}
        self._look_again_s.update(dict.fromkeys(keys, now_s + RING_S))
        keys |= again
        if now_s - self._looked_s >= JOURNAL_LOOK_S:
            self._looked_s = now_s
            keys |= {_key(container, task_id) for container, task_id in self.running}
        for key in keys:
            found = self._find(key)
            with self._apart(split_attempt_key(key)[0]):
                if found is not None and ingest(self.manager, *found):
                    self._rung.add(key)

    def _take_in_births(self) -> None:
        for key, pid, create_time in self.executor.born():
            found = self._find(key)
            attempt = found and found[0].tasks[found[1]].attempt
            if found is None or not attempt or attempt.state is not AttemptState.STARTING:
                continue
            with self._apart(found[0].job_id), self.manager.unit():
                found[0].attempt_started(found[1], pid, create_time)
                self.manager.persist_job_container(found[0])
            failpoint("start.recorded")
            log.info("%s lives, process %d", key, pid)

    def _take_in_ends(self) -> None:
        """What cannot be committed now is kept and tried again, so that no attempt seems to run that does not."""
        self._endings.update(self.executor.reap())
        for key, how in list(self._endings.items()):
            with self._apart(split_attempt_key(key)[0]):
                self._ended(key, how)
                del self._endings[key]

    def _ended(self, key: str, how: int | VestimError | None) -> None:
        """how: an exit code where it is known, or what kept the attempt from being born."""
        found = self._find(key)
        if found is None:
            return
        container, task_id = found
        attempt = container.tasks[task_id].attempt
        if attempt is None or attempt.ended:
            return
        while ingest(self.manager, container, task_id):
            pass
        failpoint("ended.seen")
        container = self.manager.get(container.job_id)
        task = container.tasks[task_id]
        folder = self.manager.folder(container.job_id)
        last_word = folder.attempt(task_id, split_attempt_key(key)[2]) / "exit.json"
        exit_file = _exit_file(last_word)
        kills, self._memory_kills = self._memory_kills, out_of_memory_kills()
        out_of_memory = self._memory_kills > kills
        state, error = (
            (AttemptState.FAILED, how)
            if isinstance(how, VestimError)
            else how_it_ended(exit_file, how, task_id, out_of_memory=out_of_memory)
        )
        if exit_file is None:
            _write_verdict(last_word, state, error)
        task.has_model = task.has_model or (folder.result(task_id) / "model.json").is_file()
        log.info("%s ended: %s%s", key, state, f" ({error.sentence})" if error else "")
        if task.kind is TaskKind.PREPARE and state is AttemptState.FINISHED:
            self._write_hashes(container)  # before the commit, so that a death in between repeats it
        with self.manager.unit():
            container.attempt_ended(task_id, state, error)
            self.manager.registry.release(key)
            self.manager.persist_job_container(container)
        failpoint("ended.committed")
        if task.kind is TaskKind.PREPARE:
            self.manager.shrink_cache()
        if task.kind is TaskKind.TRAIN:
            self._keep_speed(task)

    def _keep_speed(self, task: Task) -> None:
        try:
            record_speed(self.manager.home.speeds, task)
        except OSError as problem:  # the next training measures it again
            log.warning("%s cannot be written: %s", self.manager.home.speeds, problem)

    def _write_hashes(self, container: JobContainer) -> None:
        try:
            self.manager.write_job_json(container)
        except VestimError as error:  # the registry has them too; the job goes on
            log.warning("%s", error)

    # --- carrying out

    def _reconcile(self, now_s: float) -> None:
        while self.dirty:
            job_id = self.dirty.pop()
            container = self.manager.job_containers.get(job_id)
            if container is not None:
                with self._apart(job_id):
                    self._reconcile_one(container, now_s)
            if job_id in self._postponed:
                self.dirty.discard(job_id)

    def _reconcile_one(self, container: JobContainer, now_s: float) -> None:
        container.unreconciled = False
        actions = reconcile(container.facts(), now_s)
        if not actions:
            return
        with self.manager.unit():
            with container.changes():
                for action in actions:
                    self._carry_out(container, action, now_s)
            self.manager.persist_job_container(container)
        if not any(isinstance(action, SetTask | Retry | SetJob) for action in actions):
            self.dirty.discard(container.job_id)

    def _carry_out(self, container: JobContainer, action: Action, now_s: float) -> None:
        match action:
            case SetJob():
                container.set_state(action.state, container.reason if action.state is JobState.PAUSED else "")
            case SetTask():
                container.set_task_state(action.task_id, action.state)
            case Retry():
                task = container.tasks[action.task_id]
                why = task.error["message"] if task.error else "Its process vanished."
                reason = f"{why} Trying again in {action.after_s:g} s ({task.retries + 1} of {MAX_RETRIES})."
                container.retry_task(action.task_id, now_s + action.after_s, reason)
            case Ask() | Terminate() | Kill():
                self._climb(container, action, now_s)

    def _climb(self, container: JobContainer, action: Ask | Terminate | Kill, now_s: float) -> None:
        """One step up the stop ladder."""
        key, attempt = _key(container, action.task_id), container.tasks[action.task_id].attempt
        if attempt is None:
            return
        match action:
            case Ask():
                folder = self.manager.folder(container.job_id).attempt(action.task_id, attempt.number)
                try:
                    write_json(folder / "control.json", ControlFile(intent=action.intent).model_dump(mode="json"))
                except OSError as problem:  # whoever cannot be asked will be told by signals
                    log.warning("%s cannot be asked to %s: %s", key, action.intent, problem)
                failpoint("ask.written")
                attempt.asked, attempt.asked_s, attempt.terminated_s = action.intent, now_s, 0.0
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
        jobs = [job for container in containers if (job := _queued(container, time.monotonic()))]
        if not jobs:
            return False
        capacity = capacity_left(self.manager, self.slots, self.threads)
        started = choose(jobs, capacity)
        spare = self._spare_threads(started, capacity) if started else 0
        for job_id, task_id in started:
            with self._apart(job_id):
                container = self.manager.job_containers[job_id]
                problem = start_attempt(self.manager, self.executor, container, task_id, spare)
                if problem is not None:
                    self._endings[_key(container, task_id)] = problem
            self.dirty.add(job_id)
        return bool(started)

    def _spare_threads(self, started: list[tuple[str, str]], capacity: Capacity) -> int:
        """Threads that nobody needs when all of `started` run; none while several trainings could share them."""
        containers = self.manager.job_containers
        live = [one for one in containers.values() if one.state in {JobState.QUEUED, JobState.RUNNING}]
        if not is_alone(task for container in live for task in container.tasks.values()):
            return 0
        wanted = sum(max(containers[job_id].tasks[task_id].threads, 1) for job_id, task_id in started)
        return max(capacity.threads - capacity.used_threads - wanted, 0)

    def _watch_room(self, now_s: float) -> None:
        """Pause what runs or waits to when the disk is nearly full, while there is room for saving it."""
        if not self.running or now_s - self._room_seen_s < ROOM_LOOK_S:
            return
        self._room_seen_s = now_s
        if short_of_room(self.manager.home) is None:
            return
        for container in list(self.manager.job_containers.values()):
            active = container.state in {JobState.QUEUED, JobState.RUNNING} and container.intent is Intent.RUN
            if active and not is_inspection_id(container.job_id):
                log.warning("%s: %s", container.job_id, PAUSED)
                with self._apart(container.job_id), self.manager.unit():
                    container.set_intent(Intent.PAUSE, reason=PAUSED)
                    self.manager.persist_job_container(container)

    def _find(self, key: str) -> tuple[JobContainer, str] | None:
        """The container and task of an attempt that is the newest of its task, else None."""
        job_id, task_id, number = split_attempt_key(key)
        container = self.manager.job_containers.get(job_id)
        task = container.tasks.get(task_id) if container else None
        if container is None or task is None or task.attempt is None or task.attempt.number != number:
            return None
        return container, task_id


def _key(container: JobContainer, task_id: str) -> str:
    attempt = container.tasks[task_id].attempt
    return attempt_key(container.job_id, task_id, attempt.number if attempt else 0)


def _queued(container: JobContainer, now_s: float) -> QueuedJob | None:
    """What the scheduler has to know of a job; None when nothing of it can start."""
    if container.state not in {JobState.QUEUED, JobState.RUNNING}:
        return None
    tasks = container.tasks.values()
    ready = [
        ReadyTask(task.task_id, task.kind, max(task.threads, 1), int(wants_gpu(task)))
        for task in tasks
        if task.state is TaskState.READY and task.not_before_s <= now_s
    ]
    running = sum(task.state is TaskState.RUNNING for task in tasks)
    limit = int(container.document.get("max_parallel_tasks") or 0)
    return QueuedJob(container.job_id, container.position, running, limit, ready) if ready else None


def _warmth_soon(container: JobContainer) -> set[Warmth]:
    """What a process should have loaded for the tasks that a job has still to do.

    A preparation takes an inspecting process that is warm anyway; to warm one up would take as long as to do without.
    """
    if container.state not in {JobState.QUEUED, JobState.RUNNING} or container.intent is Intent.PAUSE:
        return set()
    tasks = (t for t in container.tasks.values() if t.state not in TASK_ENDS and t.kind is not TaskKind.PREPARE)
    return {warmth for task in tasks if (warmth := warmth_of(task))}


def _write_verdict(path: Path, state: AttemptState, error: VestimError | None) -> None:
    """What became of an attempt that left no word, kept where its own word would lie."""
    verdict = ExitFile(state=state, error=error.to_record() if error else None, ended_utc=utc_now())
    try:
        write_json(path, verdict.model_dump(mode="json"))
    except OSError as problem:
        log.warning("%s cannot be written: %s", path, problem)


def _exit_file(path: Path) -> ExitFile | None:
    try:
        return ExitFile.model_validate(read_json(path))
    except (OSError, ValueError, ValidationError):
        return None
