"""Rests and full charges: the stretches of a test whose state is known without a model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vestim_core.data.checks.view import finite_sample
from vestim_core.data.table import Table

_NO_CURRENT = 0.002
_REST_S = 600.0
_HELD_V, _HELD_S, _HELD_TO = 0.005, 60.0, 0.95
_HELD_PERCENTILE = 95
_TAPERED = 0.15


def rests(table: Table) -> Iterator[tuple[int, int]]:
    """First and last row of each rest of ten minutes or more."""
    current_A = table.columns.get("current_A")
    if current_A is not None and table.rows > 1:
        yield from _long(table, np.abs(current_A) <= _still_A(current_A))


def full_charge(table: Table) -> int | None:
    """The last row of the first charge that ended as full ones do: ten minutes or more, the voltage held at its
    highest up to the end while the current tapered to a small part of its own highest; None when there is none."""
    current_A, voltage_V = table.columns.get("current_A"), table.columns.get("voltage_V")
    if current_A is None or voltage_V is None or table.rows < 2:
        return None
    time_s = table.columns["time_s"]
    for first, last in _long(table, current_A > _still_A(current_A)):
        volts, amperes = voltage_V[first : last + 1], current_A[first : last + 1]
        if not np.isfinite(volts).any():
            continue
        held = np.flatnonzero(volts >= np.nanpercentile(volts, _HELD_PERCENTILE) - _HELD_V)
        if len(held) == 0 or time_s[first + held[-1]] - time_s[first + held[0]] < _HELD_S:
            continue
        if amperes[held[-1]] <= _TAPERED * np.nanmax(amperes) and held[-1] >= _HELD_TO * (last - first):
            return last
    return None


def _still_A(current_A: np.ndarray) -> float:
    return _NO_CURRENT * float(np.abs(finite_sample(current_A)).max())


def _long(table: Table, mask: np.ndarray) -> Iterator[tuple[int, int]]:
    """The stretches of `mask`, bool (N,), that last long enough."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    firsts, lasts = edges[::2], edges[1::2] - 1
    time_s = table.columns["time_s"]
    for place in np.flatnonzero(time_s[lasts] - time_s[firsts] >= _REST_S):
        yield int(firsts[place]), int(lasts[place])
