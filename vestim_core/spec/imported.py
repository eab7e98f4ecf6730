"""What is known of imported weights until a model is made of them: how their inputs and their output were scaled."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from vestim_core.spec.section import Section


class ImportedModel(Section):
    """weights: names of files in the task's result, best first. scale: least and greatest value of each input in the
    order of the trial's signals, and last of the target, which were taken to 0 and 1; None where nothing was scaled.
    training: the summary of the training."""

    weights: list[str] = Field(min_length=1)
    scale: list[tuple[float, float]] | None
    training: dict[str, Any]
