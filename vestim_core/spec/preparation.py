"""The ordered steps from a file's rows to a model's inputs. Each kind of step is one class; the union lists them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vestim_core.spec.section import Section, unit


class Resample(Section):
    """Put a file on an even time grid: the value at grid time t is the mean of the held signal over (t - period, t].

    That averages going down, holds going up, treats every column alike and needs nothing after t.
    """

    step: Literal["resample"] = "resample"
    period_s: float = Field(
        1.0,
        gt=0,
        le=3600,
        title="Sample time",
        description="Time between two rows after resampling.",
        json_schema_extra=unit("s"),
    )
    max_gap_s: float = Field(
        60.0,
        gt=0,
        title="Longest gap",
        description="A longer pause between two rows splits the file into segments; it is never bridged.",
        json_schema_extra=unit("s"),
    )


class PreRoll(Section):
    """Put rested rows before each segment, so that a recurrent model starts from a settled state: no current, the first
    row's other values. These rows are never scored."""

    step: Literal["pre_roll"] = "pre_roll"
    duration_s: float = Field(
        100.0,
        ge=0,
        le=36000,
        title="Rested pre-roll",
        description="Length of the rest put before each segment.",
        json_schema_extra=unit("s"),
    )


class Normalise(Section):
    """Scale features and target; fitted on training files only, saved, and used the same way everywhere."""

    step: Literal["normalise"] = "normalise"
    method: Literal["min-max", "z-score"] = Field(
        "z-score",
        title="Normalisation",
        description="min-max: to 0..1 of the training range; z-score: mean 0, deviation 1.",
    )


Step = Annotated[Resample | PreRoll | Normalise, Field(discriminator="step")]


def default_preparation() -> list[Step]:
    """What a job does when its spec names no steps."""
    return [Resample(), PreRoll(), Normalise()]
