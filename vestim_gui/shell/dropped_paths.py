"""Sorts paths dropped on the window or named on the command line: data for a new job, a job file, or legacy jobs to
import. Looks at names only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vestim_gui.import_job.legacy_jobs import holds_legacy_jobs

JOB_FILE_SUFFIXES = frozenset({".toml", ".json"})


@dataclass(frozen=True)
class DroppedPaths:
    """Paths by what they hold. data: files and folders with measurements. job_files: job documents, or hyperparameters
    of the legacy program. legacy: legacy registries and job folders."""

    data: list[str] = field(default_factory=list)
    job_files: list[str] = field(default_factory=list)
    legacy: list[str] = field(default_factory=list)


def sort_paths(paths: Iterable[str]) -> DroppedPaths:
    """Sort paths by their names; each is made absolute and appears once."""
    unique_paths = list(dict.fromkeys(str(Path(path).absolute()) for path in paths))
    legacy = [path for path in unique_paths if holds_legacy_jobs(path)]
    others = [path for path in unique_paths if path not in legacy]
    job_files = [path for path in others if Path(path).suffix.lower() in JOB_FILE_SUFFIXES]
    return DroppedPaths([path for path in others if path not in job_files], job_files, legacy)
