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
    rows = scored_rows(file)
    counts = {}
    for name, (low, high) in envelope.items():
        values, margin = file.column(name)[rows], MARGIN * (high - low)
        counts[name] = int(np.count_nonzero((values < low - margin) | (values > high + margin)))
    return {name: count for name, count in counts.items() if count}


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
