"""Detection of PyBattML jobs among dropped paths, by names alone."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

REGISTRY = "job_registry.json"
JOB_FILES = ("job_metadata.json", "augmentation_metadata.json", "training_tasks_summary.json", REGISTRY)
MAX_ENTRIES = 500  # entries of a folder that are checked, so that a drop answers at once
_JOB_NAME = re.compile(r"job_\d{8}-\d{6}")


def holds_legacy_jobs(path: str) -> bool:
    """True for a registry, a job folder or a folder of job folders; False for anything unreadable."""
    folder = Path(path)
    if folder.name == REGISTRY:
        return True
    try:
        if not folder.is_dir():
            return False
        if any((folder / file_name).is_file() for file_name in JOB_FILES):
            return True
        return any(_JOB_NAME.fullmatch(entry.name) for entry in islice(folder.iterdir(), MAX_ENTRIES))
    except OSError:
        return False
