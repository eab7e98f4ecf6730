"""Paths of the files of a job, its tasks and their attempts. Nothing here touches the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vestim_core.spec.errors import wrong_input
from vestim_core.spec.ids import is_safe_id


@dataclass(frozen=True, slots=True)
class JobFolder:
    """Folder of one job. Every path is built from checked ids, so that none leads out of it."""

    root: Path

    @classmethod
    def of(cls, jobs: Path, job_id: str) -> JobFolder:
        """The folder of `job_id` inside `jobs`; `VestimError` when the id cannot be a folder's name."""
        if not is_safe_id(job_id):
            raise wrong_input(f"'{job_id}' is no job id", location="job_id")
        return cls(jobs / job_id)

    @property
    def job_json(self) -> Path:
        """The spec as started, with provenance."""
        return self.root / "job.json"

    @property
    def state_json(self) -> Path:
        """Name, intent, state and draft."""
        return self.root / "state.json"

    @property
    def data(self) -> Path:
        """Folder of preparation.json and checks.json."""
        return self.root / "data"

    def task(self, task_id: str) -> Path:
        """Folder of one task."""
        return self.root / "tasks" / task_id

    def result(self, task_id: str) -> Path:
        """Folder of a task's results."""
        return self.task(task_id) / "result"

    def attempt(self, task_id: str, index: int) -> Path:
        """Folder of one run of a task."""
        return self.task(task_id) / "attempts" / str(index)
