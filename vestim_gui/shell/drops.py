"""What was dropped on the window or named on the command line: data for a new job, or a job file to open. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

JOB_FILES = frozenset({".toml", ".json"})


@dataclass(frozen=True)
class Dropped:
    """data: files and folders with measurements. job_files: job documents, or hyperparameters of the predecessor."""

    data: list[str] = field(default_factory=list)
    job_files: list[str] = field(default_factory=list)


def sorted_out(paths: Iterable[str]) -> Dropped:
    """Tell them apart by their endings; each is absolute and there once."""
    unique = list(dict.fromkeys(str(Path(path).absolute()) for path in paths))
    job_files = [path for path in unique if Path(path).suffix.lower() in JOB_FILES]
    return Dropped([path for path in unique if path not in job_files], job_files)
