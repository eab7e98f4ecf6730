"""Kinds of output filter: causal filters applied to a model's predictions row by row."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from vestim_core.spec.section import Section, unit


class NoFilter(Section):
    """No filter: predictions are the network's output."""

    kind: Literal["none"] = "none"


class EmaFilter(Section):
    """Exponential moving average of the predictions, starting at the first prediction."""

    kind: Literal["ema"] = "ema"
    tau_s: float = Field(
        10.0,
        gt=0,
        le=1e9,
        title="Time constant",
        description="After this time a step has been followed by 63 %.",
        json_schema_extra=unit("s"),
    )


class MovingAverageFilter(Section):
    """Mean of the predictions in a window that ends at the current row; shorter at the start of a segment."""

    kind: Literal["moving_average"] = "moving_average"
    window_s: float = Field(
        10.0, gt=0, le=1e6, title="Window", description="Length of the window.", json_schema_extra=unit("s")
    )


class SavitzkyGolayFilter(Section):
    """Polynomial fitted to the predictions in a window that ends at the current row, evaluated at that row."""

    kind: Literal["savitzky_golay"] = "savitzky_golay"
    window_s: float = Field(
        10.0, gt=0, le=1e6, title="Window", description="Length of the window.", json_schema_extra=unit("s")
    )
    polynomial: int = Field(
        2, ge=0, le=6, title="Polynomial order", description="Order of the polynomial that is fitted."
    )


def _expand_kind(value: Any) -> Any:
    """Expand the short form `"none"` to `{kind = "none"}`."""
    return {"kind": value} if isinstance(value, str) else value


AnyOutputFilter = NoFilter | EmaFilter | MovingAverageFilter | SavitzkyGolayFilter
OutputFilter = Annotated[AnyOutputFilter, Field(discriminator="kind"), BeforeValidator(_expand_kind)]
