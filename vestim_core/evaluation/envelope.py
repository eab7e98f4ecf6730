"""The envelope of a model: the range of each input in training. Outside it a prediction is extrapolation.

It lies in `model.json`, so that it travels with the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vestim_core.data.prepared import PreparedFile
from vestim_core.evaluation.comparison import scored_rows
from vestim_core.spec.finding import Finding, Severity

MARGIN = 0.01
"""Share of its range by which an input may leave the envelope: sensors are not more precise than that."""


def envelope_of(files: Sequence[PreparedFile], features: Sequence[str]) -> dict[str, list[float]]:
    """Least and greatest value of each feature over the scored rows of training files, in its unit."""
    found = {}
    for name in features:
        values = np.concatenate([file.column(name)[scored_rows(file)] for file in files])
        found[name] = [float(values.min()), float(values.max())]
    return found


def rows_outside(file: PreparedFile, envelope: Mapping[str, Any]) -> dict[str, int]:
    """How many scored rows of `file` lie outside, by feature; only features of which some do."""
    return {name: int(np.count_nonzero(flags)) for name, flags in _outside(file, envelope).items() if flags.any()}


def flagged_rows(file: PreparedFile, envelope: Mapping[str, Any]) -> dict[str, Any]:
    """What `metrics.json` says of it: the scored rows in which any feature lies outside, and how many by feature."""
    flags = [*_outside(file, envelope).values()]
    rows = int(np.count_nonzero(np.logical_or.reduce(flags))) if flags else 0
    return {"rows_outside": rows, "outside": rows_outside(file, envelope)}


def _outside(file: PreparedFile, envelope: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """(n,) bool of the scored rows by feature."""
    rows, flags = scored_rows(file), {}
    for name, (low, high) in envelope.items():
        values, margin = file.column(name)[rows], MARGIN * (high - low)
        flags[name] = (values < low - margin) | (values > high + margin)
    return flags


def envelope_findings(file: PreparedFile, envelope: Mapping[str, Any]) -> list[Finding]:
    """One finding for each feature that leaves the envelope, with the number of rows."""
    findings = []
    for name, count in rows_outside(file, envelope).items():
        low, high = envelope[name]
        values = file.column(name)[scored_rows(file)]
        findings.append(
            Finding(
                code="test.envelope",
                severity=Severity.WARNING,
                sentence=f'"{file.name}": {name} lies outside of what the model was trained on in {count:,} of '
                f"{file.scored_rows:,} rows ({values.min():.4g} to {values.max():.4g}, trained on {low:.4g} to "
                f"{high:.4g}): predictions there are extrapolation.",
                file=file.name,
            )
        )
    return findings
