"""How large a model is: parameters, and multiply-accumulates a step, from the settings alone."""

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


def model_size(model: ModelSpec, features: int) -> ModelSize:
    """The size of `model` with `features` inputs and one output.

    A multiply-accumulate is counted for each weight of a matrix; biases, activations and the three products of each
    recurrent cell's state are not.
    """
    widths = [features, *model.sizes]
    head = widths[-1]
    gates = {"lstm": 4, "gru": 3}.get(model.kind, 1)
    own = 0 if isinstance(model, FnnModel) else 1
    macs = head + sum(gates * size * (inputs + own * size) for inputs, size in pairwise(widths))
    return ModelSize(parameter_count(model, features), macs)


def sizes_of(spec: Mapping[str, Any]) -> dict[str, ModelSize]:
    """The size of every model of a job's document, by the title of its trial; empty where it is not valid yet."""
    try:
        trials = validate_job(spec).trials()
    except (VestimError, ValidationError):
        return {}
    return {trial.title: model_size(trial.model, len(trial.signals.features)) for trial in trials}
