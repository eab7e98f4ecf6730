"""Output limits of a network: converted from the target's unit, in which users set them, to the network's scale."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.models.network import Network
from vestim_core.spec.model import NetworkModel


def set_output_limits(module: Network, spec: NetworkModel, pipeline: Pipeline) -> None:
    """Set the limits of `spec` on `module`, in the scale of `pipeline`."""
    zero, unit = pipeline.inverse_target(np.array([0.0, 1.0]))
    limits = (spec.output_min, -math.inf), (spec.output_max, math.inf)
    scaled_limits = [unlimited if limit is None else (limit - zero) / (unit - zero) for limit, unlimited in limits]
    module.set_limits(min(scaled_limits), max(scaled_limits))


def unreachable_targets(module: Network, prepared: PreparedSet) -> Iterator[str]:
    """Yield a message for each file with target values outside the limits: such rows cannot be predicted correctly."""
    if not hasattr(module, "limits"):
        return
    low, high = (float(limit) for limit in module.limits)
    for file in prepared.files:
        unreachable_rows = int(((file.target < low) | (file.target > high)).sum())
        if unreachable_rows:
            yield (
                f"{file.name}: {unreachable_rows:,} of {len(file.target):,} target values lie outside of the model's "
                f"output_min and output_max and cannot be reached."
            )
