"""Size of a model: parameters, and multiply-accumulates per step, computed from its settings alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import validate_job
from vestim_core.spec.model import FnnModel, ModelSpec, parameter_count

_MODEL: TypeAdapter[ModelSpec] = TypeAdapter(ModelSpec)


@dataclass(frozen=True)
class ModelSize:
    """Trainable parameters, and multiply-accumulates for one row."""

    parameters: int
    macs: int


def model_size(model: ModelSpec, feature_count: int) -> ModelSize:
    """Size of `model` with `feature_count` inputs and one output.

    Each weight of a matrix counts as one multiply-accumulate; biases, activations and the three products of each
    recurrent cell's state are not counted.
    """
    widths = [feature_count, *model.sizes]
    output_inputs = widths[-1]
    gates = {"lstm": 4, "gru": 3}.get(model.kind, 1)
    recurrent_share = 0 if isinstance(model, FnnModel) else 1
    macs = output_inputs + sum(gates * size * (inputs + recurrent_share * size) for inputs, size in pairwise(widths))
    return ModelSize(parameter_count(model, feature_count), macs)


def model_sizes(spec: Mapping[str, Any]) -> dict[str, ModelSize]:
    """Size of every model of a job's document, by the title of its trial; empty if the document is not valid yet."""
    try:
        trials = validate_job(spec).trials()
    except (VestimError, ValidationError):
        return {}
    return {trial.title: model_size(trial.model, len(trial.signals.features)) for trial in trials}
