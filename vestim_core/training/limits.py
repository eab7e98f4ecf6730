"""Limits of a network's output: from the target's unit, in which a user gives them, to the scale that it works in."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepared import PreparedSet
from vestim_core.models.network import Network
from vestim_core.spec.model import NetworkModel


def set_output_limits(module: Network, spec: NetworkModel, pipeline: Pipeline) -> None:
    """Give `module` the limits of `spec` in the scale of `pipeline`."""
    zero, one = pipeline.inverse_target(np.array([0.0, 1.0]))
    limits = (spec.output_min, -math.inf), (spec.output_max, math.inf)
    scaled = [none if limit is None else (limit - zero) / (one - zero) for limit, none in limits]
    module.set_limits(min(scaled), max(scaled))


def out_of_limits(module: Network, prepared: PreparedSet) -> Iterator[str]:
    """A sentence on every file whose target leaves the limits: such rows cannot be predicted right."""
    if not hasattr(module, "limits"):
        return
    low, high = (float(limit) for limit in module.limits)
    for file in prepared.files:
        outside = int(((file.target < low) | (file.target > high)).sum())
        if outside:
            yield (
                f"{file.name}: {outside:,} of {len(file.target):,} target values lie outside of the model's output_min "
                f"and output_max and cannot be reached."
            )
