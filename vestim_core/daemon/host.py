"""The host: carries out what reconciler and scheduler ask for, and tells containers what became of their attempts.

Starting an attempt goes in this order: the intent is committed, the folder is written, the process is born, its number
is committed. Whatever dies between two of these, the next daemon finds either a living process or an attempt that is
lost.
"""

from __future__ import annotations

import logging
import math
import os
import time
from pathlib import Path

from pydantic import ValidationError

from vestim_core.daemon.journals import ingest
from vestim_core.jobs.clock import utc_now
from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.endings import how_it_ended
from vestim_core.jobs.executor import Executor
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.reconciler import MAX_RETRIES, Action, Ask, Kill, Retry, SetJob, SetTask, Terminate, reconcile
from vestim_core.jobs.scheduler import Capacity, QueuedJob, ReadyTask, choose
from vestim_core.jobs.tasks import Task
from vestim_core.protocol.launch import ControlFile, ExitFile, Launch
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.ids import attempt_key, split_attempt_key
from vestim_core.spec.states import AttemptState, Intent, JobState, TaskKind, TaskState
from vestim_core.system import boot_id, gpu_count, out_of_memory_kills, read_json, write_json

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
        self.gpus = gpu_count()
        self._rung: set[str] = set()
        self._memory_kills = out_of_memory_kills()
        self._looked_s = 0.0

    @property
    def running(self) -> list[tuple[JobContainer, str]]:
        """Every task that has a living attempt."""
        containers = self.manager.job_containers.values()
        return [(c, t.task_id) for c in containers for t in c.tasks.values() if t.attempt and not t.attempt.ended]

    def adopt_all(self) -> None:
        """Take over what an earlier daemon left: watch what lives, and end what does not.

        When the machine was started anew while attempts were running, every waiting job is held for a word of the user.
        """
        vanished = False
        for container, task_id in self.running:
            key, attempt = self._key(container, task_id), container.tasks[task_id].attempt
            folder = self.manager.folder(container.job_id).attempt(task_id, attempt.number if attempt else 0)
            found = self.executor.adopt(key, folder)
            if found is None:
                vanished = True
                self._ended(container, task_id, None)
                continue
            if attempt and attempt.state is AttemptState.STARTING:
                with self.manager.unit():
                    container.attempt_started(task_id, *found)
                    self.manager.persist_job_container(container)
            log.info("adopted %s, process %d", key, found[0])
        if self.manager.registry.note_boot(boot_id()) and vanished and not self._goes_on_after_boot():
            self._hold_all()
        self._renew_leases()
        self.dirty.update(self.manager.job_containers)

    def _renew_leases(self) -> None:
        """A lease for what lives and for nothing else, whatever the registry went through."""
        registry = self.manager.registry
        known = {key for key, _, _ in registry.leases()}
        living = {self._key(container, task_id): (container, task_id) for container, task_id in self.running}
        with registry.transaction():
            for key in known - set(living):
                registry.release(key)
            for key in set(living) - known:
                container, task_id = living[key]
                folder = self.manager.folder(container.job_id).attempt(task_id, split_attempt_key(key)[2])
                launch = Launch.model_validate(read_json(folder / "launch.json"))
                registry.lease(key, launch.threads, launch.gpu)

    def _hold_all(self) -> None:
        for container in list(self.manager.job_containers.values()):
            if container.state in {JobState.QUEUED, JobState.RUNNING}:
                with self.manager.unit():
                    container.set_state(JobState.HELD, "The machine was started anew while this job was running.")
                    self.manager.persist_job_container(container)

    def _goes_on_after_boot(self) -> bool:
        """Whether the user set `resume_after_boot` in settings.json."""
        try:
            return bool(read_json(self.manager.home.settings).get("resume_after_boot"))
        except (OSError, ValueError, AttributeError):
            return False

    def rung(self, key: str) -> None:
        """An attempt says that its journal has grown."""
        self._rung.add(key)

    @property
    def due_s(self) -> float:
        """When the next postponed task may start, in monotonic seconds; infinity for never."""
        now_s = time.monotonic()
        tasks = (task for container in self.manager.job_containers.values() for task in container.tasks.values())
        return min((task.not_before_s for task in tasks if task.not_before_s > now_s), default=math.inf)

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
        last_word = folder.attempt(task_id, number) / "exit.json"
        exit_file = _exit_file(last_word)
        kills, self._memory_kills = self._memory_kills, out_of_memory_kills()
        state, error = how_it_ended(exit_file, exit_code, task_id, out_of_memory=self._memory_kills > kills)
        if exit_file is None:
            _write_verdict(last_word, state, error)
        task.has_model = task.has_model or (folder.result(task_id) / "model.json").is_file()
        log.info("%s ended: %s%s", self._key(container, task_id), state, f" ({error.sentence})" if error else "")
        with self.manager.unit():
            container.attempt_ended(task_id, state, error)
            self.manager.registry.release(self._key(container, task_id))
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
            if not any(isinstance(action, SetTask | Retry | SetJob) for action in actions):
                self.dirty.discard(job_id)

    def _carry_out(self, container: JobContainer, action: Action, now_s: float) -> None:
        if isinstance(action, SetJob):
            container.set_state(action.state)
            return
        if isinstance(action, SetTask):
            container.set_task_state(action.task_id, action.state)
            return
        task = container.tasks[action.task_id]
        if isinstance(action, Retry):
            why = task.error["message"] if task.error else "Its process vanished."
            reason = f"{why} Trying again in {action.after_s:g} s ({task.retries + 1} of {MAX_RETRIES})."
            container.retry_task(action.task_id, now_s + action.after_s, reason)
            return
        attempt = task.attempt
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
        containers = self.manager.job_containers.values()
        jobs = [job for container in containers if (job := _queued(container, time.monotonic()))]
        started = choose(jobs, self._capacity()) if jobs else []
        for job_id, task_id in started:
            self._start(self.manager.job_containers[job_id], task_id)
        return bool(started)

    def _capacity(self) -> Capacity:
        leases = self.manager.registry.leases()
        used_gpus = sum(gpu is not None for _, _, gpu in leases)
        return Capacity(self.slots, self.threads, self.gpus, len(leases), sum(n for _, n, _ in leases), used_gpus)

    def _start(self, container: JobContainer, task_id: str) -> None:
        gpu = self._free_gpu() if _wants_gpu(container.tasks[task_id]) else None
        with self.manager.unit():
            attempt = container.new_attempt(task_id)
            self.manager.registry.lease(self._key(container, task_id), container.tasks[task_id].threads, gpu)
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
            gpu=gpu,
            started_utc=attempt.started_utc,
        )
        try:
            own.mkdir(parents=True, exist_ok=True)
            if not (
                folder.task(task_id) / "task.json"
            ).exists():  # a later attempt goes on with what the first measured
                write_json(folder.task(task_id) / "task.json", task.document)
            write_json(own / "launch.json", launch.model_dump(mode="json"))
            write_json(own / "control.json", ControlFile(intent=Intent.RUN).model_dump(mode="json"))
            pid, create_time = self.executor.start(self._key(container, task_id), own, task.threads, gpu)
        except OSError as problem:
            sentence = (
                f"{task_id} could not be started ({problem.strerror or problem}): check the disk and the folder {own}"
            )
            error = VestimError(ErrorCode.FAILED, sentence, place=str(own))
            with self.manager.unit():
                container.attempt_ended(task_id, AttemptState.FAILED, error)
                self.manager.registry.release(self._key(container, task_id))
                self.manager.persist_job_container(container)
        else:
            with self.manager.unit():
                container.attempt_started(task_id, pid, create_time)
                self.manager.persist_job_container(container)
            log.info("started %s, process %d", self._key(container, task_id), pid)
        self.dirty.add(container.job_id)

    def _free_gpu(self) -> int | None:
        taken = {gpu for _, _, gpu in self.manager.registry.leases()}
        return next((gpu for gpu in range(self.gpus) if gpu not in taken), None)

    def _key(self, container: JobContainer, task_id: str) -> str:
        attempt = container.tasks[task_id].attempt
        return attempt_key(container.job_id, task_id, attempt.number if attempt else 0)


def _queued(container: JobContainer, now_s: float) -> QueuedJob | None:
    """What the scheduler has to know of a job; None when nothing of it can start."""
    if container.state not in {JobState.QUEUED, JobState.RUNNING}:
        return None
    tasks = container.tasks.values()
    ready = [
        ReadyTask(task.task_id, task.kind, task.threads, int(_wants_gpu(task)))
        for task in tasks
        if task.state is TaskState.READY and task.not_before_s <= now_s
    ]
    running = sum(task.state is TaskState.RUNNING for task in tasks)
    limit = int(container.document.get("max_parallel_tasks") or 0)
    return QueuedJob(container.job_id, container.position, running, limit, ready) if ready else None


def _wants_gpu(task: Task) -> bool:
    """Whether a task is to be given a GPU of its own: only training takes one, unless it is told to use the CPU."""
    trial = task.document.get("trial")
    if task.kind is not TaskKind.TRAIN or not trial or not gpu_count():
        return False
    return bool((task.document.get("device") or trial["training"]["device"]) != "cpu")


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
