"""Plot content as plain values: curves, levels, markers and bars in panels that share an x axis.

The canvas draws them, the export draws the same values again, and the text summary describes them. Arrays are complete
float64 arrays in ascending x without rows whose x is missing; a missing y is a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Ink = int | Literal["text", "muted", "accent", "ok", "warn", "error"]
"""Index into the theme's series colors, or the name of one of its tokens."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One line. x: (n,) in ascending order; y: (n,), NaN in a gap. Built by `curve`.

    smoothable: smoothing may be drawn over it. label: its name stands at its end.
    """

    name: str
    x: Array
    y: Array
    ink: Ink = 0
    dashed: bool = False
    smoothable: bool = False
    label: bool = True


@dataclass(frozen=True)
class Level:
    """A dashed horizontal line, such as the error of the equivalent circuit."""

    name: str
    y: float
    ink: Ink = "muted"


@dataclass(frozen=True)
class Marker:
    """One highlighted point, such as the best epoch."""

    name: str
    x: float
    y: float
    ink: Ink = 1


@dataclass(frozen=True)
class BarGroup:
    """One bar per category; NaN in a category without a bar."""

    name: str
    values: tuple[float, ...]
    ink: Ink = 0


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    title: quantity and unit (`RMSE / mV`). share: height relative to the other panels. grows: curves get longer while
    the plot is visible, so the axes move in steps. has_zero_line: draw a thin line at y = 0. categories: names below
    the bars.
    """

    title: str
    x_label: str = ""
    curves: tuple[Curve, ...] = ()
    levels: tuple[Level, ...] = ()
    markers: tuple[Marker, ...] = ()
    categories: tuple[str, ...] = ()
    bars: tuple[BarGroup, ...] = ()
    share: float = 1.0
    grows: bool = False
    has_zero_line: bool = False
    may_be_log: bool = False

    @property
    def unit(self) -> str:
        """The unit in the title: `mV` of `RMSE / mV`; empty if it has none."""
        return self.title.rpartition(" / ")[2].split(" ")[0] if " / " in self.title else ""


@dataclass(frozen=True)
class Options:
    """Display options of a plot."""

    log: bool = False
    smooth: bool = False
    grid: bool = True


@dataclass
class View:
    """Visible part of a plot. x: None for the full range. y: ranges set by hand, by panel index."""

    x: tuple[float, float] | None = None
    y: dict[int, tuple[float, float]] = field(default_factory=dict)


def curve(name: str, x: ArrayLike, y: ArrayLike, **attributes: Any) -> Curve:
    """Build a curve from any numbers: drop rows without x, sort by x, turn infinite y into gaps."""
    xs, ys = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    count = min(len(xs), len(ys))
    xs, ys = xs[:count], ys[:count]
    has_x = np.isfinite(xs)
    if not has_x.all():
        xs, ys = xs[has_x], ys[has_x]
    if (xs[1:] < xs[:-1]).any():
        order = np.argsort(xs, kind="stable")
        xs, ys = xs[order], ys[order]
    infinite = np.isinf(ys)
    return Curve(name, xs, np.where(infinite, np.nan, ys) if infinite.any() else ys, **attributes)


def visible_rows(curve: Curve, x_range: tuple[float, float]) -> slice:
    """Rows of a curve within `x_range`."""
    first, last = np.searchsorted(curve.x, x_range[0], "left"), np.searchsorted(curve.x, x_range[1], "right")
    return slice(int(first), int(last))


def x_extent(panels: Sequence[Panel]) -> tuple[float, float] | None:
    """Least and greatest x of all curves; None without any row."""
    filled_curves = [curve for panel in panels for curve in panel.curves if len(curve.x)]
    if not filled_curves:
        return None
    return min(float(curve.x[0]) for curve in filled_curves), max(float(curve.x[-1]) for curve in filled_curves)
