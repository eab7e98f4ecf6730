"""Kinds of model, their settings and their parameter counts."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vestim_core.spec.output_filter import NoFilter, OutputFilter
from vestim_core.spec.section import Section

LayerSize = Annotated[int, Field(ge=1, le=4096)]


class NetworkModel(Section):
    """Settings that all networks share."""

    dropout: float = Field(
        0.0, ge=0, lt=1, title="Dropout", description="Share of each layer's outputs that is dropped while training."
    )
    layer_norm: bool = Field(
        False, title="Layer norm", description="Each layer's outputs are centered and scaled row by row."
    )
    output_min: float | None = Field(
        None,
        title="Lowest output",
        description="Predictions below are raised to it, in the target's unit; empty: no limit.",
    )
    output_max: float | None = Field(
        None,
        title="Highest output",
        description="Predictions above are lowered to it, in the target's unit; empty: no limit.",
    )
    output_filter: OutputFilter = Field(
        NoFilter(),
        title="Output filter",
        description="Smooths predictions in validation, tests and use: none, ema, moving_average, savitzky_golay.",
    )

    @model_validator(mode="after")
    def _check_output_range(self) -> Self:
        if self.output_min is not None and self.output_max is not None and self.output_min >= self.output_max:
            raise ValueError(f"output_min ({self.output_min:g}) leaves no room below output_max ({self.output_max:g})")
        return self


class LstmModel(NetworkModel):
    """A long short-term memory network: one LSTM layer per size, then one linear output."""

    kind: Literal["lstm"] = "lstm"
    sizes: list[LayerSize] = Field(
        [32],
        min_length=1,
        max_length=8,
        title="Layer sizes",
        description="Units of each LSTM layer: [64, 32] is 64, then 32.",
    )


class GruModel(NetworkModel):
    """A network of gated recurrent units: one GRU layer per size, then one linear output."""

    kind: Literal["gru"] = "gru"
    sizes: list[LayerSize] = Field(
        [32],
        min_length=1,
        max_length=8,
        title="Layer sizes",
        description="Units of each GRU layer: [64, 32] is 64, then 32.",
    )


class FnnModel(NetworkModel):
    """A feed-forward network: each prediction depends on the current row alone."""

    kind: Literal["fnn"] = "fnn"
    sizes: list[LayerSize] = Field(
        [64, 32], min_length=1, max_length=16, title="Layer sizes", description="Units of each hidden layer."
    )
    activation: Literal["relu", "gelu", "tanh"] = Field(
        "relu", title="Activation", description="Function between the layers."
    )


AnyModel = LstmModel | GruModel | FnnModel
ModelSpec = Annotated[AnyModel, Field(discriminator="kind")]
TRAINING_METHODS: dict[str, tuple[str, ...]] = {
    "lstm": ("tbptt", "windows"),
    "gru": ("tbptt", "windows"),
    "fnn": ("rows",),
}
"""Training methods of each kind of model; the first is the default."""
_GATE_COUNTS = {"lstm": 4, "gru": 3}


def parameter_count(model: AnyModel, feature_count: int) -> int:
    """Number of trainable parameters of a model with `feature_count` inputs and one output."""
    widths = [feature_count, *model.sizes]
    norms = 2 * sum(model.sizes) if model.layer_norm else 0
    head = widths[-1] + 1
    if isinstance(model, FnnModel):
        return head + norms + sum(size * inputs + size for inputs, size in pairwise(widths))
    gates = _GATE_COUNTS[model.kind]
    return head + norms + sum(gates * (size * (inputs + size) + 2 * size) for inputs, size in pairwise(widths))


def model_title(model: AnyModel) -> str:
    """Short name for lists and tables, e.g. `LSTM 64-32`."""
    return f"{model.kind.upper()} {'-'.join(str(size) for size in model.sizes)}"
