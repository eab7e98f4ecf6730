"""Names of jobs, tasks, attempts and data sets: at most 24 characters, safe as file names on every system.

Two jobs made in one second get different ids: the tail is drawn from the system's random source.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0, 1, which people confuse
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,23}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_INSPECTION = "in"
_DATA_SET = "ds"
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


def new_job_id(now: datetime) -> str:
    """`job_YYYYMMDD-HHMMSS-xxxx` for the local time `now`: 24 characters, a million tails a second."""
    return _new_id("job", now)


def new_inspection_id(now: datetime) -> str:
    """`in_YYYYMMDD-HHMMSS-xxxx`: an inspection is a job that is in no list."""
    return _new_id(_INSPECTION, now)


def is_inspection_id(text: str) -> bool:
    """Whether `text` names an inspection and no job of the user's."""
    return text.startswith(f"{_INSPECTION}_")


def new_data_set_id(now: datetime) -> str:
    """`ds_YYYYMMDD-HHMMSS-xxxx`."""
    return _new_id(_DATA_SET, now)


def is_data_set_id(text: str) -> bool:
    """Whether `text` is of the form that only ids of data sets have."""
    return text.startswith(f"{_DATA_SET}_") and is_safe_id(text)


def _new_id(kind: str, now: datetime) -> str:
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(4))
    return f"{kind}_{now:%Y%m%d-%H%M%S}-{tail}"


def is_safe_id(text: str) -> bool:
    """Whether `text` can be the id of a job or task and the name of its folder on every system."""
    return bool(_SAFE.fullmatch(text)) and not text.endswith(".") and ".." not in text and not _RESERVED.fullmatch(text)


def attempt_key(job_id: str, task_id: str, attempt: int) -> str:
    """The name of an attempt among all attempts of a home: `<job>/<task>/<n>`."""
    return f"{job_id}/{task_id}/{attempt}"


def split_attempt_key(key: str) -> tuple[str, str, int]:
    """The job, task and number in an attempt's name; `ValueError` when it is none."""
    parts = key.split("/")
    if len(parts) != 3 or not is_safe_id(parts[0]) or not is_safe_id(parts[1]) or not _NUMBER.fullmatch(parts[2]):
        raise ValueError(f"'{key}' is not the name of an attempt: expected <job>/<task>/<number>")
    return parts[0], parts[1], int(parts[2])
