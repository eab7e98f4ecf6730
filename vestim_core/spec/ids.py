"""Ids of jobs, tasks, attempts and data sets: at most 24 characters, safe as file names on every system.

Ids created in the same second differ in a random suffix from the system's random source.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1, which are easily confused
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,23}")
_ATTEMPT_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_INSPECTION_PREFIX = "in"
_DATA_SET_PREFIX = "ds"
_RESERVED_NAME = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


def new_job_id(local_time: datetime) -> str:
    """Create `job_YYYYMMDD-HHMMSS-xxxx` for a local time: 24 characters, a million suffixes per second."""
    return _new_id("job", local_time)


def new_inspection_id(local_time: datetime) -> str:
    """Create `in_YYYYMMDD-HHMMSS-xxxx`. An inspection is stored as a job that no list shows."""
    return _new_id(_INSPECTION_PREFIX, local_time)


def is_inspection_id(text: str) -> bool:
    """True if `text` is the id of an inspection, not of a user's job."""
    return text.startswith(f"{_INSPECTION_PREFIX}_")


def new_data_set_id(local_time: datetime) -> str:
    """Create `ds_YYYYMMDD-HHMMSS-xxxx`."""
    return _new_id(_DATA_SET_PREFIX, local_time)


def is_data_set_id(text: str) -> bool:
    """True if `text` has the form of a data set's id."""
    return text.startswith(f"{_DATA_SET_PREFIX}_") and is_safe_id(text)


def _new_id(kind: str, local_time: datetime) -> str:
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(4))
    return f"{kind}_{local_time:%Y%m%d-%H%M%S}-{suffix}"


def is_safe_id(text: str) -> bool:
    """True if `text` can be a job or task id and its folder name on every system."""
    if text.endswith(".") or ".." in text or _RESERVED_NAME.fullmatch(text):
        return False
    return bool(_SAFE_ID.fullmatch(text))


def attempt_key(job_id: str, task_id: str, attempt: int) -> str:
    """Key of an attempt, unique within a home: `<job>/<task>/<n>`."""
    return f"{job_id}/{task_id}/{attempt}"


def split_attempt_key(key: str) -> tuple[str, str, int]:
    """Split an attempt's key into job id, task id and attempt number. Raises `ValueError` if it is not a key."""
    parts = key.split("/")
    if (
        len(parts) != 3
        or not is_safe_id(parts[0])
        or not is_safe_id(parts[1])
        or not _ATTEMPT_NUMBER.fullmatch(parts[2])
    ):
        raise ValueError(f"'{key}' is not the name of an attempt: expected <job>/<task>/<number>")
    return parts[0], parts[1], int(parts[2])
