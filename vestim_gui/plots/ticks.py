"""Numbers at axes, as plain as they can be written."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.ticker import Formatter


class Plain(Formatter):
    """Numbers of ticks without exponents, all with the same decimals, thousands apart and with a true minus.

    each: every number with as few decimals as it can have, as on a logarithmic axis.
    """

    def __init__(self, *, each: bool = False) -> None:
        self._each = each

    def __call__(self, value: float, pos: int | None = None) -> str:
        """One number."""
        return _written(value, _decimals([value]))

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """All numbers of an axis."""
        return [_written(value, _decimals([value] if self._each else values)) for value in values]


def _written(value: float, decimals: int) -> str:
    if abs(value) >= 1e9:
        return f"{value:.3g}".replace("-", "−")
    return f"{value:,.{decimals}f}".replace(",", "\N{THIN SPACE}").replace("-", "−")


def _decimals(values: Sequence[float]) -> int:
    """The fewest decimals that tell these numbers as they are, to six significant digits of the largest."""
    largest = max((abs(value) for value in values), default=0.0)
    most = max(5 - math.floor(math.log10(largest)), 0) if largest > 0 else 0
    return next(
        (count for count in range(most) if all(abs(v - round(v, count)) <= 1e-6 * largest for v in values)), most
    )
