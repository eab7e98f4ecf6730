"""Adoption: what a daemon does first with the attempts that an earlier one left.

What lives is watched and goes on as if nothing had been; what does not has ended. After a restart of the machine that
cut attempts off, jobs wait for a word of the user.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from vestim_core.jobs.executor import Executor
from vestim_core.jobs.manager import JobManager
from vestim_core.protocol.launch import Launch
from vestim_core.spec.ids import split_attempt_key
from vestim_core.spec.states import JobState
from vestim_core.system import boot_id, read_json

log = logging.getLogger(__name__)


def adopt(manager: JobManager, executor: Executor, attempt_keys: Iterable[str]) -> list[str]:
    """Watch those of the recorded attempts that live; the others, which have ended."""
    ended: list[str] = []
    for key in attempt_keys:
        job_id, task_id, number = split_attempt_key(key)
        if executor.adopt(key, manager.folder(job_id).attempt(task_id, number)):
            log.info("adopted %s", key)
        else:
            ended.append(key)
    _renew_leases(manager, attempt_keys, ended)
    return ended


def _renew_leases(manager: JobManager, attempt_keys: Iterable[str], ended: Iterable[str]) -> None:
    """A lease for what lives and for nothing else, whatever the registry went through."""
    known = {key for key, _, _ in manager.registry.leases()}
    living = set(attempt_keys) - set(ended)
    with manager.registry.transaction():
        for key in known - living:
            manager.registry.release(key)
        for key in living - known:
            job_id, task_id, number = split_attempt_key(key)
            written = manager.folder(job_id).attempt(task_id, number) / "launch.json"
            launch = Launch.model_validate(read_json(written))
            manager.registry.lease(key, launch.threads, launch.gpu)


def hold_after_restart(manager: JobManager, cut_off: bool) -> None:
    """Hold all waiting jobs when the machine was started anew since, and that `cut_off` an attempt.

    Unless the user set `resume_after_boot` in settings.json.
    """
    if not manager.registry.note_boot(boot_id()) or not cut_off or _goes_on(manager):
        return
    for container in list(manager.job_containers.values()):
        if container.state in {JobState.QUEUED, JobState.RUNNING}:
            with manager.unit():
                container.set_state(JobState.HELD, "The machine was started anew while jobs were running.")
                manager.persist_job_container(container)


def _goes_on(manager: JobManager) -> bool:
    try:
        return bool(read_json(manager.home.settings).get("resume_after_boot"))
    except (OSError, ValueError, AttributeError):
        return False
