"""Starting an attempt: the intent is committed, the folder is written, the process is born; its number comes later.

Whatever dies between two of these, the next daemon finds either a living process or an attempt that is lost: the
folder's lock, which the process holds from birth, tells them apart.
"""

from __future__ import annotations

from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.executor import Executor, Warmth
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.scheduler import Capacity
from vestim_core.jobs.speeds import read_threads
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.threads import granted
from vestim_core.protocol.launch import ControlFile, Launch
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.ids import attempt_key
from vestim_core.spec.states import Intent, TaskKind
from vestim_core.system import gpu_count, write_json
from vestim_core.system.failpoints import failpoint

_WARMTH: dict[TaskKind, Warmth] = {
    TaskKind.PREPARE: "inspect",
    TaskKind.TRAIN: "train",
    TaskKind.TEST: "train",
    TaskKind.ENSEMBLE: "inspect",
    TaskKind.RETEST: "train",
    TaskKind.INSPECT: "inspect",
}


def start_attempt(
    manager: JobManager, executor: Executor, container: JobContainer, task_id: str, spare: int
) -> VestimError | None:
    """Start the next attempt of a ready task; why it could not be born, if it was not: then it has to be ended.

    spare: threads that nobody else needs, for a task that is to find out how many pay.
    """
    task = container.tasks[task_id]
    gpu = _free_gpu(manager) if wants_gpu(task) else None
    grant = granted(task, 0 if gpu is not None else spare, read_threads(manager.home.speeds) if spare else {})
    with manager.unit():
        if not grant.measure:
            task.use_threads(grant.threads)
        attempt = container.new_attempt(task_id)
        key = attempt_key(container.job_id, task_id, attempt.number)
        manager.registry.lease(key, 0 if task.kind is TaskKind.INSPECT else grant.threads, gpu)
        manager.persist_job_container(container)
    failpoint("start.committed")
    folder = manager.folder(container.job_id)
    own = folder.attempt(task_id, attempt.number)
    launch = Launch(
        job_id=container.job_id,
        task_id=task_id,
        attempt=attempt.number,
        home=str(manager.home.root),
        threads=grant.threads,
        measure_threads=grant.measure,
        gpu=gpu,
        started_utc=attempt.started_utc,
    )
    try:
        own.mkdir(parents=True, exist_ok=True)
        written = folder.task(task_id) / "task.json"
        if not written.exists():  # a later attempt goes on with what the first one chose
            write_json(written, task.document)
        write_json(own / "control.json", ControlFile(intent=Intent.RUN).model_dump(mode="json"))
        write_json(own / "launch.json", launch.model_dump(mode="json"))
        failpoint("start.folder")
        executor.start(key, own, grant.threads, gpu, warmth=warmth_of(task))
        failpoint("start.born")
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or str(problem)
        sentence = f"{task_id} could not be started ({why}): check the disk and the folder {own}"
        return VestimError(ErrorCode.FAILED, sentence, place=str(own))
    return None


def wants_gpu(task: Task) -> bool:
    """Whether a task is to be given a GPU of its own: only training takes one, unless it is told to use the CPU."""
    trial = task.document.get("trial")
    if task.kind is not TaskKind.TRAIN or not trial or not gpu_count():
        return False
    return bool((task.document.get("device") or trial["training"]["device"]) != "cpu")


def warmth_of(task: Task) -> Warmth | None:
    """What a process should have loaded to do this task at once; None for what is quick to load."""
    return _WARMTH.get(task.kind)


def capacity_left(manager: JobManager, slots: int, threads: int) -> Capacity:
    """What the machine offers, and what the leases have taken of it."""
    leases = manager.registry.leases()
    used_gpus = sum(gpu is not None for _, _, gpu in leases)
    computing = [leased for _, leased, _ in leases if leased]
    inspecting = len(computing) < len(leases)
    return Capacity(slots, threads, gpu_count(), len(computing), sum(computing), used_gpus, inspecting)


def _free_gpu(manager: JobManager) -> int | None:
    taken = {gpu for _, _, gpu in manager.registry.leases()}
    return next((gpu for gpu in range(gpu_count()) if gpu not in taken), None)
