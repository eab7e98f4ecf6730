"""The envelope of a model: the range of each input in training. Outside it, predictions are extrapolation.

It is stored in `model.json`, so that it stays with the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vestim_core.data.prepared_set import PreparedFile
from vestim_core.evaluation.comparison import scored_rows
from vestim_core.spec.finding import Finding, Severity

MARGIN = 0.01
"""Share of its range by which an input may leave the envelope: about the accuracy of sensors."""


def training_envelope(files: Sequence[PreparedFile], features: Sequence[str]) -> dict[str, list[float]]:
    """Minimum and maximum of each feature over the scored rows of training files, in its unit."""
    envelope = {}
    for name in features:
        values = np.concatenate([file.column(name)[scored_rows(file)] for file in files])
        envelope[name] = [float(values.min()), float(values.max())]
    return envelope


def count_rows_outside(file: PreparedFile, envelope: Mapping[str, Any]) -> dict[str, int]:
    """Number of scored rows of `file` outside the envelope, by feature; only features with such rows."""
    return {name: int(np.count_nonzero(flags)) for name, flags in _outside_masks(file, envelope).items() if flags.any()}


def envelope_violations(file: PreparedFile, envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Entries of `metrics.json`: number of scored rows with any feature outside, and numbers by feature."""
    flags = [*_outside_masks(file, envelope).values()]
    rows = int(np.count_nonzero(np.logical_or.reduce(flags))) if flags else 0
    return {"rows_outside": rows, "outside": count_rows_outside(file, envelope)}


def _outside_masks(file: PreparedFile, envelope: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Mask (n,) of the scored rows outside the envelope, by feature."""
    rows, flags = scored_rows(file), {}
    for name, (low, high) in envelope.items():
        values, margin = file.column(name)[rows], MARGIN * (high - low)
        flags[name] = (values < low - margin) | (values > high + margin)
    return flags


def envelope_findings(file: PreparedFile, envelope: Mapping[str, Any]) -> list[Finding]:
    """One finding per feature that leaves the envelope, with the number of rows."""
    findings = []
    for name, count in count_rows_outside(file, envelope).items():
        low, high = envelope[name]
        values = file.column(name)[scored_rows(file)]
        findings.append(
            Finding(
                code="test.envelope",
                severity=Severity.WARNING,
                message=f'"{file.name}": {name} lies outside of what the model was trained on in {count:,} of '
                f"{file.scored_rows:,} rows ({values.min():.4g} to {values.max():.4g}, trained on {low:.4g} to "
                f"{high:.4g}): predictions there are extrapolation.",
                file=file.name,
            )
        )
    return findings
