"""Disk space: too little of it pauses running jobs while saving still works, and lets nothing new start."""

from __future__ import annotations

import shutil
from pathlib import Path

from vestim_core.spec.errors import refused
from vestim_core.system import Home

MIN_FREE_MB = 500  # product rule: the window's notice names this number
PAUSED_MESSAGE = f"Paused: less than {MIN_FREE_MB} MB free. The last save is intact."


def folder_short_of_space(home: Home) -> Path | None:
    """A folder that jobs write to on a disk with too little space; None where there is enough."""
    for folder in (home.workspace, home.root):
        try:
            free_MB = shutil.disk_usage(folder).free / 1e6
        except OSError:  # the folder does not exist yet
            continue
        if free_MB < MIN_FREE_MB:
            return folder
    return None


def require_disk_space(home: Home) -> None:
    """`VestimError` when there is too little disk space for a job to run."""
    if (folder := folder_short_of_space(home)) is not None:
        raise refused(
            f"less than {MIN_FREE_MB} MB are free on the disk that holds '{folder}': make room, then try again",
            location=str(folder),
        )
