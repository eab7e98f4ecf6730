"""Derives the sign of a current that a file records without one from the letter of the state."""

from __future__ import annotations

import numpy as np

from vestim_core.data.readers.column_names import fold_case
from vestim_core.data.spans import build_span_finding, describe_rows, find_spans
from vestim_core.data.vendors import Vendor
from vestim_core.spec.finding import Finding, Severity


def apply_state_sign(
    current_A: np.ndarray, states: np.ndarray, vendor: Vendor, file: str
) -> tuple[np.ndarray, list[Finding]]:
    """Return the current (N,), charge positive, and the findings.

    states: (N,) of str or None. A current with negative values already has a sign and is unchanged.
    """
    if (current_A < 0).any():
        return current_A, []
    signs = np.full(len(states), np.nan)
    for state in {state for state in states if state is not None}:
        sign = vendor.states.get(fold_case(state), np.nan)
        signs[states == state] = sign
    is_unknown = np.isnan(signs) & (current_A > 0)
    signed_A = np.where(np.isnan(signs), 1.0, signs) * current_A + 0.0
    if not is_unknown.any():
        return signed_A, []
    letter = states[np.flatnonzero(is_unknown)[0]]
    spans = find_spans(is_unknown)
    finding = build_span_finding(
        spans,
        code="current.sign",
        severity=Severity.ERROR,
        sentence=f'"{file}" writes its current without a sign, and the state "{letter or ""}" in '
        f"{describe_rows(spans)} tells none: name the letter in a vendor file, or leave the file out.",
        file=file,
        column="current_A",
    )
    return signed_A, [finding]
