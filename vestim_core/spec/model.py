"""The kinds of model and their settings, with the number of parameters that each has."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from vestim_core.spec.section import Section

LayerSize = Annotated[int, Field(ge=1, le=4096)]


class LstmModel(Section):
    """A long short-term memory network: one LSTM layer per size, then one linear output."""

    kind: Literal["lstm"] = "lstm"
    sizes: list[LayerSize] = Field(
        [32],
        min_length=1,
        max_length=8,
        title="Layer sizes",
        description="Units of each LSTM layer: [64, 32] is 64, then 32.",
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, title="Dropout", description="Share of each layer's outputs that is dropped while training."
    )


class FnnModel(Section):
    """A feed-forward network: what it predicts depends on the present row alone."""

    kind: Literal["fnn"] = "fnn"
    sizes: list[LayerSize] = Field(
        [64, 32], min_length=1, max_length=16, title="Layer sizes", description="Units of each hidden layer."
    )
    activation: Literal["relu", "gelu", "tanh"] = Field(
        "relu", title="Activation", description="Function between the layers."
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, title="Dropout", description="Share of each layer's outputs that is dropped while training."
    )


ModelSpec = Annotated[LstmModel | FnnModel, Field(discriminator="kind")]
METHODS: dict[str, str] = {"lstm": "streams", "fnn": "rows"}
"""How each kind of model is trained."""


def parameter_count(model: LstmModel | FnnModel, features: int) -> int:
    """Number of trainable parameters of `model` with `features` inputs and one output."""
    widths = [features, *model.sizes]
    head = widths[-1] + 1
    if isinstance(model, LstmModel):
        return head + sum(4 * (size * (inputs + size) + 2 * size) for inputs, size in pairwise(widths))
    return head + sum(size * inputs + size for inputs, size in pairwise(widths))


def model_title(model: LstmModel | FnnModel) -> str:
    """Short name for lists and tables: `LSTM 64-32`."""
    return f"{model.kind.upper()} {'-'.join(str(size) for size in model.sizes)}"
