"""Parses times written as text, and joins times that restart with each step."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
import pandas as pd

_DAYS = re.compile(r"\s*d(ays?)?[\s,]+")
_DURATION = re.compile(rf"(\d+{_DAYS.pattern})?\d+:\d\d:\d\d(\.\d+)?")
_FORMATS = tuple(
    f"{day.replace('-', separator)} {time}"
    for separator in "./-"
    for day in ("%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d", "%d-%b-%Y")
    for time in ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p")
)
_EPOCH = np.datetime64(0, "ns")
_PAUSE_S = 1.5
"""Seconds by which a date must advance beyond the step time to count as a pause: dates are resolved to 1 s."""


def parse_times(texts: np.ndarray, date_format: str = "") -> np.ndarray:
    """Parse dates and durations into seconds, (N,) float64; NaN for any other text.

    Dates count from 1970, durations (HH:MM:SS, also beyond 24 h) from zero. texts: (N,) of str or None. date_format:
    format of the dates if known. Otherwise it is taken from the first text; where day and month are ambiguous, the
    reading that makes the file shorter wins.
    """
    texts = np.array([" ".join(text.split()) if isinstance(text, str) else None for text in texts], dtype=object)
    first = next((text for text in texts if text), "")
    if _DURATION.fullmatch(first):
        normalized_texts = pd.Series([_DAYS.sub(" days ", text) if text else None for text in texts], dtype=object)
        durations = pd.to_timedelta(normalized_texts, errors="coerce").to_numpy()
        return np.asarray(durations / np.timedelta64(1, "s"), dtype=np.float64)
    if date_format and _matches_format(first, date_format):
        return _seconds_since_1970(pd.to_datetime(pd.Series(texts), format=date_format, errors="coerce").to_numpy())
    iso = pd.to_datetime(pd.Series(texts), format="ISO8601", errors="coerce", utc=True)
    if not iso.isna().all():
        return _seconds_since_1970(iso.dt.tz_localize(None).to_numpy())
    candidates = [
        _seconds_since_1970(pd.to_datetime(pd.Series(texts), format=date_format, errors="coerce").to_numpy())
        for date_format in _FORMATS
        if _matches_format(first, date_format)
    ]
    if not candidates:
        return np.full(len(texts), np.nan)
    return min(candidates, key=lambda seconds: (np.isnan(seconds).sum(), np.nanmax(seconds) - np.nanmin(seconds)))


def total_time(step_s: np.ndarray, date_s: np.ndarray | None) -> np.ndarray:
    """Total time (N,) from a time that restarts with each step.

    The first row of a step follows the last row of the previous step by its own step time. Dates in the file (same
    length, resolution of 1 s or better) take precedence where they show a pause between the two.
    """
    is_missing = np.isnan(step_s)
    held_s = step_s[np.maximum.accumulate(np.where(is_missing, 0, np.arange(len(step_s))))]
    increments_s = np.diff(held_s, prepend=held_s[:1])
    step_starts = np.flatnonzero(increments_s < 0)
    increments_s[step_starts] = held_s[step_starts]
    if date_s is not None:
        date_increments_s = date_s[step_starts] - date_s[step_starts - 1]
        is_pause = date_increments_s > increments_s[step_starts] + _PAUSE_S
        increments_s[step_starts[is_pause]] = date_increments_s[is_pause]
    total_s = held_s[:1] + np.cumsum(increments_s)
    return np.where(is_missing, np.nan, total_s)


def _seconds_since_1970(times: np.ndarray) -> np.ndarray:
    return np.asarray((times - _EPOCH) / np.timedelta64(1, "s"), dtype=np.float64)


def _matches_format(text: str, date_format: str) -> bool:
    try:
        datetime.strptime(text, date_format)
    except ValueError:
        return False
    return True
