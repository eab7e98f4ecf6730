"""What may be done to a model's predictions, row by row and looking back only: the kinds of output filter."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from vestim_core.spec.section import Section, unit


class NoFilter(Section):
    """Predictions stay as the network gives them."""

    kind: Literal["none"] = "none"


class EmaFilter(Section):
    """Exponential moving average of the predictions; the first stays as it is."""

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
    """Mean of the predictions in a window that ends at the row; at the start of those that there are."""

    kind: Literal["moving_average"] = "moving_average"
    window_s: float = Field(
        10.0, gt=0, le=1e6, title="Window", description="Length of the window.", json_schema_extra=unit("s")
    )


class SavitzkyGolayFilter(Section):
    """Polynomial fitted to the predictions in a window that ends at the row, and taken at the row itself."""

    kind: Literal["savitzky_golay"] = "savitzky_golay"
    window_s: float = Field(
        10.0, gt=0, le=1e6, title="Window", description="Length of the window.", json_schema_extra=unit("s")
    )
    polynomial: int = Field(
        2, ge=0, le=6, title="Polynomial order", description="Order of the polynomial that is fitted."
    )


def _kind_alone(value: Any) -> Any:
    """`"none"` is short for `{kind = "none"}`."""
    return {"kind": value} if isinstance(value, str) else value


AnyOutputFilter = NoFilter | EmaFilter | MovingAverageFilter | SavitzkyGolayFilter
OutputFilter = Annotated[AnyOutputFilter, Field(discriminator="kind"), BeforeValidator(_kind_alone)]
