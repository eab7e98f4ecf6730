"""What was dropped on the window or named on the command line: data for a new job, a job file to open, or jobs of the
former program to import. Nothing but names is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vestim_gui.import_job.former import holds_former_jobs

JOB_FILES = frozenset({".toml", ".json"})


@dataclass(frozen=True)
class Dropped:
    """data: files and folders with measurements. job_files: job documents, or hyperparameters of the former program.
    former: its registries and folders of its jobs."""

    data: list[str] = field(default_factory=list)
    job_files: list[str] = field(default_factory=list)
    former: list[str] = field(default_factory=list)


def sorted_out(paths: Iterable[str]) -> Dropped:
    """Tell them apart by their names; each is absolute and there once."""
    unique = list(dict.fromkeys(str(Path(path).absolute()) for path in paths))
    former = [path for path in unique if holds_former_jobs(path)]
    rest = [path for path in unique if path not in former]
    job_files = [path for path in rest if Path(path).suffix.lower() in JOB_FILES]
    return Dropped([path for path in rest if path not in job_files], job_files, former)
