"""What a plot shows, as plain values: curves, levels, marks and bars in panels that share their x axis.

A canvas draws these, an export draws the same ones again, and the summary puts them into words. Arrays are kept whole,
as float64, in order of x and without rows whose x is missing; a missing y is a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Ink = int | Literal["text", "muted", "accent", "ok", "warn", "error"]
"""The place of a colour in the theme's series, or the name of one of its tokens."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One line. x: (n,) in ascending order; y: (n,), NaN where there is a gap. Made by `curve`.

    smoothable: whether smoothing may be laid over it. label: whether its name stands at its end.
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
class Mark:
    """One point that stands out, such as the best epoch."""

    name: str
    x: float
    y: float
    ink: Ink = 1


@dataclass(frozen=True)
class BarGroup:
    """One bar in each category; NaN where there is none."""

    name: str
    values: tuple[float, ...]
    ink: Ink = 0


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    title: quantity and unit (`RMSE / mV`). share: its height among the panels. grows: curves get longer while they are
    watched, so the axes move in steps. zero: a thin line at y = 0. categories: names under the bars, when it has bars.
    """

    title: str
    x_label: str = ""
    curves: tuple[Curve, ...] = ()
    levels: tuple[Level, ...] = ()
    marks: tuple[Mark, ...] = ()
    categories: tuple[str, ...] = ()
    bars: tuple[BarGroup, ...] = ()
    share: float = 1.0
    grows: bool = False
    zero: bool = False
    may_be_log: bool = False

    @property
    def unit(self) -> str:
        """What stands behind the stroke of the title: `mV` of `RMSE / mV`."""
        return self.title.rpartition(" / ")[2].split(" ")[0] if " / " in self.title else ""


@dataclass(frozen=True)
class Options:
    """How a plot is looked at."""

    log: bool = False
    smooth: bool = False
    grid: bool = True


@dataclass
class View:
    """The part that is in sight. x: None for all there is. y: by number of panel, where it was chosen by hand."""

    x: tuple[float, float] | None = None
    y: dict[int, tuple[float, float]] = field(default_factory=dict)


def curve(name: str, x: ArrayLike, y: ArrayLike, **how: Any) -> Curve:
    """A curve from any numbers: rows without x go, rows are put in order of x, what is infinite becomes a gap."""
    xs, ys = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    count = min(len(xs), len(ys))
    xs, ys = xs[:count], ys[:count]
    known = np.isfinite(xs)
    if not known.all():
        xs, ys = xs[known], ys[known]
    if (xs[1:] < xs[:-1]).any():
        order = np.argsort(xs, kind="stable")
        xs, ys = xs[order], ys[order]
    infinite = np.isinf(ys)
    return Curve(name, xs, np.where(infinite, np.nan, ys) if infinite.any() else ys, **how)


def in_sight(shown: Curve, x_range: tuple[float, float]) -> slice:
    """The rows of a curve within a range of x."""
    first, last = np.searchsorted(shown.x, x_range[0], "left"), np.searchsorted(shown.x, x_range[1], "right")
    return slice(int(first), int(last))


def x_extent(panels: Sequence[Panel]) -> tuple[float, float] | None:
    """The least and the greatest x of all curves; None where there is no row."""
    filled = [shown for panel in panels for shown in panel.curves if len(shown.x)]
    if not filled:
        return None
    return min(float(shown.x[0]) for shown in filled), max(float(shown.x[-1]) for shown in filled)
