"""Tick labels: axis numbers in the plainest notation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.ticker import Formatter


class PlainTickFormatter(Formatter):
    """Formats ticks without exponents, with equal decimals, thousands separators and a true minus sign.

    is_per_tick: every number gets as few decimals as it needs, as on a logarithmic axis.
    """

    def __init__(self, *, is_per_tick: bool = False) -> None:
        self._is_per_tick = is_per_tick

    def __call__(self, value: float, pos: int | None = None) -> str:
        """Format one number."""
        return _format_number(value, _decimals([value]))

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Format all numbers of an axis."""
        return [_format_number(value, _decimals([value] if self._is_per_tick else values)) for value in values]


def _format_number(value: float, decimals: int) -> str:
    if abs(value) >= 1e9:
        return f"{value:.3g}".replace("-", "−")
    return f"{value:,.{decimals}f}".replace(",", "\N{THIN SPACE}").replace("-", "−")


def _decimals(values: Sequence[float]) -> int:
    """The fewest decimals that represent `values` to six significant digits of the largest."""
    largest = max((abs(value) for value in values), default=0.0)
    max_decimals = max(5 - math.floor(math.log10(largest)), 0) if largest > 0 else 0
    return next(
        (count for count in range(max_decimals) if all(abs(v - round(v, count)) <= 1e-6 * largest for v in values)),
        max_decimals,
    )
