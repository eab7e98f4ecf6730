"""Weights imported from a legacy job, before a model is built from them, and the scaling of their inputs and output."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from vestim_core.spec.section import Section


class ImportedModel(Section):
    """An imported training result.

    weights: file names in the task's result folder, best first.
    scale: (minimum, maximum) of each input in the order of the trial's signals, then of the target, which were mapped
    to 0 and 1; None if nothing was scaled.
    training: summary of the training.
    """

    weights: list[str] = Field(min_length=1)
    scale: list[tuple[float, float]] | None
    training: dict[str, Any]
