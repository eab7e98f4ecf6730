"""Times that are written as text, and times that start over with each step."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
import pandas as pd

_DAYS = re.compile(r"\s*d(ays?)?[\s,]+")
_DURATION = re.compile(rf"(\d+{_DAYS.pattern})?\d+:\d\d:\d\d(\.\d+)?")
_FORMATS = tuple(
    f"{day.replace('-', mark)} {clock}"
    for mark in "./-"
    for day in ("%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d", "%d-%b-%Y")
    for clock in ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p")
)
_EPOCH = np.datetime64(0, "ns")
_PAUSE_S = 1.5
"""A date whose resolution is 1 s tells a pause between two steps when it moves by more than this beyond the time."""


def seconds_of_text(texts: np.ndarray, form: str = "") -> np.ndarray:
    """Seconds, (N,) float64: since 1970 for dates, from zero for durations (HH:MM:SS, beyond 24 h too); NaN where a
    text is neither.

    texts: (N,) of str or None. form: the date's format, when it is known. Else it is taken from the first text; where
    day and month could be either, the one that makes the file shorter.
    """
    texts = np.array([" ".join(text.split()) if isinstance(text, str) else None for text in texts], dtype=object)
    first = next((text for text in texts if text), "")
    if _DURATION.fullmatch(first):
        spelt = pd.Series([_DAYS.sub(" days ", text) if text else None for text in texts], dtype=object)
        durations = pd.to_timedelta(spelt, errors="coerce").to_numpy()
        return np.asarray(durations / np.timedelta64(1, "s"), dtype=np.float64)
    if form and _reads(first, form):
        return _since_1970(pd.to_datetime(pd.Series(texts), format=form, errors="coerce").to_numpy())
    iso = pd.to_datetime(pd.Series(texts), format="ISO8601", errors="coerce", utc=True)
    if not iso.isna().all():
        return _since_1970(iso.dt.tz_localize(None).to_numpy())
    found = [
        _since_1970(pd.to_datetime(pd.Series(texts), format=form, errors="coerce").to_numpy())
        for form in _FORMATS
        if _reads(first, form)
    ]
    if not found:
        return np.full(len(texts), np.nan)
    return min(found, key=lambda seconds: (np.isnan(seconds).sum(), np.nanmax(seconds) - np.nanmin(seconds)))


def continuous(step_s: np.ndarray, date_s: np.ndarray | None) -> np.ndarray:
    """Total time (N,) from a time that starts over with each step.

    The first row of a step comes its own time after the last row of the step before; a date in the file (same length,
    resolution of 1 s or better) that tells of a pause between them is believed.
    """
    missing = np.isnan(step_s)
    known = step_s[np.maximum.accumulate(np.where(missing, 0, np.arange(len(step_s))))]
    moved = np.diff(known, prepend=known[:1])
    starts = np.flatnonzero(moved < 0)
    moved[starts] = known[starts]
    if date_s is not None:
        by_date = date_s[starts] - date_s[starts - 1]
        paused = by_date > moved[starts] + _PAUSE_S
        moved[starts[paused]] = by_date[paused]
    total = known[:1] + np.cumsum(moved)
    return np.where(missing, np.nan, total)


def _since_1970(times: np.ndarray) -> np.ndarray:
    return np.asarray((times - _EPOCH) / np.timedelta64(1, "s"), dtype=np.float64)


def _reads(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True
