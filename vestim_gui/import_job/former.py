"""Whether something that was dropped holds jobs of the former program. Only names are looked at."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

REGISTRY = "job_registry.json"
MARKS = ("job_metadata.json", "augmentation_metadata.json", "training_tasks_summary.json", REGISTRY)
MOST_LOOKED_AT = 500
_JOB_NAME = re.compile(r"job_\d{8}-\d{6}")


def holds_former_jobs(path: str) -> bool:
    """Whether this is a registry, a job folder, or a folder with such in it; what cannot be looked into is none."""
    place = Path(path)
    if place.name == REGISTRY:
        return True
    try:
        if not place.is_dir():
            return False
        if any((place / mark).is_file() for mark in MARKS):
            return True
        return any(_JOB_NAME.fullmatch(below.name) for below in islice(place.iterdir(), MOST_LOOKED_AT))
    except OSError:
        return False
