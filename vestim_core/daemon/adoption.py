"""Adoption: what a new daemon does first with the attempts that an earlier one left.

Living attempts are watched and go on undisturbed; the others have ended. After a restart of the machine that cut
attempts off, jobs wait for the user's decision.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from vestim_core.jobs.executor import Executor
from vestim_core.jobs.job_manager import JobManager
from vestim_core.protocol.attempt_files import LaunchFile
from vestim_core.spec.ids import split_attempt_key
from vestim_core.spec.states import JobState
from vestim_core.system import boot_id, read_json

log = logging.getLogger(__name__)


def adopt(manager: JobManager, executor: Executor, attempt_keys: Iterable[str]) -> list[str]:
    """Watch those of the recorded attempts that live; return the others, which have ended."""
    ended_keys: list[str] = []
    for key in attempt_keys:
        job_id, task_id, attempt_number = split_attempt_key(key)
        if executor.adopt(key, manager.folder(job_id).attempt(task_id, attempt_number)):
            log.info("adopted %s", key)
        else:
            ended_keys.append(key)
    _renew_leases(manager, attempt_keys, ended_keys)
    return ended_keys


def _renew_leases(manager: JobManager, attempt_keys: Iterable[str], ended_keys: Iterable[str]) -> None:
    """Lease resources for living attempts and for nothing else, whatever state the registry was left in."""
    leased_keys = {key for key, _, _ in manager.registry.leases()}
    living_keys = set(attempt_keys) - set(ended_keys)
    with manager.registry.transaction():
        for key in leased_keys - living_keys:
            manager.registry.release(key)
        for key in living_keys - leased_keys:
            job_id, task_id, attempt_number = split_attempt_key(key)
            launch_path = manager.folder(job_id).attempt(task_id, attempt_number) / "launch.json"
            launch = LaunchFile.model_validate(read_json(launch_path))
            manager.registry.lease(key, launch.threads, launch.gpu)


def hold_after_restart(manager: JobManager, has_lost_attempts: bool) -> None:
    """Hold all waiting jobs when the machine was restarted since and attempts were cut off by that.

    Does nothing when the user set `resume_after_boot` in settings.json.
    """
    if not manager.registry.record_boot(boot_id()) or not has_lost_attempts or _resumes_after_boot(manager):
        return
    for container in list(manager.job_containers.values()):
        if container.state in {JobState.QUEUED, JobState.RUNNING}:
            with manager.unit_of_work():
                container.set_state(JobState.HELD, "The machine was started anew while jobs were running.")
                manager.persist_job_container(container)


def _resumes_after_boot(manager: JobManager) -> bool:
    try:
        return bool(read_json(manager.home.settings).get("resume_after_boot"))
    except (OSError, ValueError, AttributeError):
        return False
