"""Times that are written as text: durations (HH:MM:SS, beyond 24 h too) and dates with a time."""

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


def seconds_of_text(texts: np.ndarray) -> np.ndarray:
    """Seconds from the first row, (N,) float64; NaN where a text is no time.

    texts: (N,) of str or None. The format is taken from the first text; where day and month could be either, the one
    that makes the file shorter.
    """
    texts = np.array([text.strip() if isinstance(text, str) else None for text in texts], dtype=object)
    first = next((text for text in texts if text), "")
    if _DURATION.fullmatch(first):
        spelt = pd.Series([_DAYS.sub(" days ", text) if text else None for text in texts], dtype=object)
        return _from_first(pd.to_timedelta(spelt, errors="coerce").to_numpy())
    iso = pd.to_datetime(pd.Series(texts), format="ISO8601", errors="coerce", utc=True)
    if not iso.isna().all():
        return _from_first(iso.dt.tz_localize(None).to_numpy())
    readings = [
        _from_first(pd.to_datetime(pd.Series(texts), format=form, errors="coerce").to_numpy())
        for form in _FORMATS
        if _reads(first, form)
    ]
    if not readings:
        return np.full(len(texts), np.nan)
    return min(readings, key=lambda seconds: (np.isnan(seconds).sum(), np.nanmax(seconds) - np.nanmin(seconds)))


def _from_first(times: np.ndarray) -> np.ndarray:
    return np.asarray((times - times[0]) / np.timedelta64(1, "s"), dtype=np.float64)


def _reads(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True
