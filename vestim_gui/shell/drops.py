"""Sorts paths dropped on the window or named on the command line: data for a new job, a job file, or legacy jobs to
import. Looks at names only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vestim_gui.import_job.former import holds_former_jobs

JOB_FILE_SUFFIXES = frozenset({".toml", ".json"})


@dataclass(frozen=True)
class Dropped:
    """Paths by what they hold. data: files and folders with measurements. job_files: job documents, or hyperparameters
    of the legacy program. former: legacy registries and job folders."""

    data: list[str] = field(default_factory=list)
    job_files: list[str] = field(default_factory=list)
    former: list[str] = field(default_factory=list)


def sorted_out(paths: Iterable[str]) -> Dropped:
    """Sort paths by their names; each is made absolute and appears once."""
    unique_paths = list(dict.fromkeys(str(Path(path).absolute()) for path in paths))
    legacy = [path for path in unique_paths if holds_former_jobs(path)]
    others = [path for path in unique_paths if path not in legacy]
    job_files = [path for path in others if Path(path).suffix.lower() in JOB_FILE_SUFFIXES]
    return Dropped([path for path in others if path not in job_files], job_files, legacy)
