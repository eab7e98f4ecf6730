"""The sign of a current that a file writes without one: the letter of the state tells it."""

from __future__ import annotations

import numpy as np

from vestim_core.data.readers.names import folded
from vestim_core.data.spans import finding_at, rows_words, spans_of
from vestim_core.data.vendors import Vendor
from vestim_core.spec.finding import Finding, Severity


def signed(current_A: np.ndarray, states: np.ndarray, vendor: Vendor, file: str) -> tuple[np.ndarray, list[Finding]]:
    """The current (N,), charge positive, and what was noticed.

    states: (N,) of str or None. A current that has negative values is signed already and stays as it is.
    """
    if (current_A < 0).any():
        return current_A, []
    signs = np.full(len(states), np.nan)
    for state in {state for state in states if state is not None}:
        sign = vendor.states.get(folded(state), np.nan)
        signs[states == state] = sign
    unknown = np.isnan(signs) & (current_A > 0)
    result = np.where(np.isnan(signs), 1.0, signs) * current_A + 0.0
    if not unknown.any():
        return result, []
    letter = states[np.flatnonzero(unknown)[0]]
    spans = spans_of(unknown)
    finding = finding_at(
        spans,
        code="current.sign",
        severity=Severity.ERROR,
        sentence=f'"{file}" writes its current without a sign, and the state "{letter or ""}" in {rows_words(spans)} '
        f"tells none: name the letter in a vendor file, or leave the file out.",
        file=file,
        column="current_A",
    )
    return result, [finding]
