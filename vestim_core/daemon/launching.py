"""Start an attempt: commit the intent, write the folder, start the process; its process id is recorded later.

Whatever dies between two of these steps, the next daemon finds either a living process or a lost attempt: the folder's
lock, which the process holds from its start, tells them apart.
"""

from __future__ import annotations

from vestim_core.jobs.executor import Executor, Preload
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.scheduler import Capacity
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.thread_grants import grant_threads
from vestim_core.jobs.training_speeds import read_thread_counts
from vestim_core.protocol.attempt_files import ControlFile, LaunchFile
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.ids import attempt_key
from vestim_core.spec.states import Intent, TaskKind
from vestim_core.system import gpu_count, write_json
from vestim_core.system.failpoints import failpoint

_PRELOADS: dict[TaskKind, Preload] = {
    TaskKind.PREPARE: "inspect",
    TaskKind.TRAIN: "train",
    TaskKind.TEST: "train",
    TaskKind.ENSEMBLE: "inspect",
    TaskKind.EVALUATION: "train",
    TaskKind.INSPECT: "inspect",
}


def start_attempt(
    manager: JobManager, executor: Executor, container: JobContainer, task_id: str, spare_threads: int
) -> VestimError | None:
    """Start the next attempt of a ready task; return the error when that failed: then the attempt has to be ended.

    spare_threads: threads that nobody else needs, for a task that is to measure how many are worthwhile.
    """
    task = container.tasks[task_id]
    gpu = _free_gpu(manager) if needs_gpu(task) else None
    grant = grant_threads(
        task, 0 if gpu is not None else spare_threads, read_thread_counts(manager.home.speeds) if spare_threads else {}
    )
    with manager.unit_of_work():
        if not grant.is_measuring:
            task.use_threads(grant.threads)
        attempt = container.create_attempt(task_id)
        key = attempt_key(container.job_id, task_id, attempt.index)
        manager.registry.lease(key, 0 if task.kind is TaskKind.INSPECT else grant.threads, gpu)
        manager.persist_job_container(container)
    failpoint("start.committed")
    job_folder = manager.folder(container.job_id)
    attempt_folder = job_folder.attempt(task_id, attempt.index)
    launch = LaunchFile(
        job_id=container.job_id,
        task_id=task_id,
        attempt=attempt.index,
        home=str(manager.home.root),
        threads=grant.threads,
        measure_threads=grant.is_measuring,
        gpu=gpu,
        started_utc=attempt.started_utc,
    )
    try:
        attempt_folder.mkdir(parents=True, exist_ok=True)
        task_path = job_folder.task(task_id) / "task.json"
        if not task_path.exists():  # later attempts keep what the first one stored in it
            write_json(task_path, task.document)
        write_json(attempt_folder / "control.json", ControlFile(intent=Intent.RUN).model_dump(mode="json"))
        write_json(attempt_folder / "launch.json", launch.model_dump(mode="json"))
        failpoint("start.folder")
        executor.start(key, attempt_folder, grant.threads, gpu, preload=preload_of(task))
        failpoint("start.born")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{task_id} could not be started ({reason}): check the disk and the folder {attempt_folder}"
        return VestimError(ErrorCode.FAILED, message, location=str(attempt_folder))
    return None


def needs_gpu(task: Task) -> bool:
    """True when a task is given a GPU of its own: only training takes one, unless it is set to use the CPU."""
    trial = task.document.get("trial")
    if task.kind is not TaskKind.TRAIN or not trial or not gpu_count():
        return False
    return bool((task.document.get("device") or trial["training"]["device"]) != "cpu")


def preload_of(task: Task) -> Preload | None:
    """The preload with which this task starts at once; None for a task that is quick to load."""
    return _PRELOADS.get(task.kind)


def capacity_left(manager: JobManager, slots: int, threads: int) -> Capacity:
    """The machine's capacity and the part of it that is leased."""
    leases = manager.registry.leases()
    used_gpus = sum(gpu is not None for _, _, gpu in leases)
    computing_threads = [threads_leased for _, threads_leased, _ in leases if threads_leased]
    is_inspecting = len(computing_threads) < len(leases)
    return Capacity(
        slots, threads, gpu_count(), len(computing_threads), sum(computing_threads), used_gpus, is_inspecting
    )


def _free_gpu(manager: JobManager) -> int | None:
    leased_gpus = {gpu for _, _, gpu in manager.registry.leases()}
    return next((gpu for gpu in range(gpu_count()) if gpu not in leased_gpus), None)
