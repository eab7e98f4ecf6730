"""Rests and full charges: the stretches of a test whose state is known without a model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_table import finite_sample
from vestim_core.data.table import Table


def find_rests(table: Table) -> Iterator[tuple[int, int]]:
    """Yield first and last row of each rest of ten minutes or more."""
    current_A = table.columns.get("current_A")
    if current_A is not None and table.rows > 1:
        yield from _long_stretches(table, np.abs(current_A) <= _rest_limit_A(current_A))


def find_full_charge(table: Table) -> int | None:
    """Last row of the first charge that ends as full ones do, or None.

    Such a charge lasts ten minutes or more, and its voltage is held at its highest up to the end while the current
    tapers to a small part of its own highest.
    """
    current_A, voltage_V = table.columns.get("current_A"), table.columns.get("voltage_V")
    if current_A is None or voltage_V is None or table.rows < 2:
        return None
    time_s = table.columns["time_s"]
    for first, last in _long_stretches(table, current_A > _rest_limit_A(current_A)):
        charge_V, charge_A = voltage_V[first : last + 1], current_A[first : last + 1]
        if not np.isfinite(charge_V).any():
            continue
        held_V = np.nanpercentile(charge_V, thresholds.HELD_PERCENTILE.value) - thresholds.HELD_VOLTAGE.value
        rows = np.flatnonzero(charge_V >= held_V)
        if len(rows) == 0 or time_s[first + rows[-1]] - time_s[first + rows[0]] < thresholds.HELD_DURATION.value:
            continue
        is_tapered = charge_A[rows[-1]] <= thresholds.TAPERED_CURRENT.value * np.nanmax(charge_A)
        if is_tapered and rows[-1] >= thresholds.HELD_UNTIL.value * (last - first):
            return last
    return None


def _rest_limit_A(current_A: np.ndarray) -> float:
    """Size of current up to which a cell counts as resting."""
    return thresholds.NO_CURRENT.value * float(np.abs(finite_sample(current_A)).max())


def _long_stretches(table: Table, mask: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield first and last row of the stretches of `mask`, bool (N,), that last as long as a rest."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    firsts, lasts = edges[::2], edges[1::2] - 1
    time_s = table.columns["time_s"]
    for stretch in np.flatnonzero(time_s[lasts] - time_s[firsts] >= thresholds.MIN_REST.value):
        yield int(firsts[stretch]), int(lasts[stretch])
