"""A plot in words, for those who do not see it: what is shown over what, and each curve's way."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vestim_gui.plots.content import Curve, Options, Panel, View, in_sight
from vestim_gui.plots.ranges import Range, x_shown

MOST = 8
"""More curves or bars of a panel than this are counted only."""


def summary(panels: Sequence[Panel], view: View, options: Options) -> str:
    """One paragraph: for each panel its title, range, curves, levels, marks and bars."""
    if not any(panel.curves or panel.bars or panel.levels for panel in panels):
        return "Nothing is plotted yet."
    x_range = x_shown(panels, view)
    return " ".join(_panel(panel, x_range, options, panels[-1].x_label) for panel in panels)


def _panel(panel: Panel, x_range: Range, options: Options, x_label: str) -> str:
    words = [*_bars(panel), *_curves(panel, x_range)]
    words += [f"{level.name} at {_number(level.y)}" for level in panel.levels]
    words += [f"{mark.name} at {_number(mark.x)}: {_number(mark.y)}" for mark in panel.marks]
    over = f" over {x_label} from {_number(x_range[0])} to {_number(x_range[1])}" if panel.curves else ""
    log = ", logarithmic" if options.log and panel.may_be_log else ""
    return f"{panel.title}{over}{log}: {'; '.join(words) or 'no values'}."


def _bars(panel: Panel) -> list[str]:
    if len(panel.categories) > MOST:
        return [f"{len(panel.categories)} bars of {', '.join(group.name for group in panel.bars)}"]
    return [
        f"{category}: " + ", ".join(f"{group.name} {_number(group.values[number])}" for group in panel.bars)
        for number, category in enumerate(panel.categories)
    ]


def _curves(panel: Panel, x_range: Range) -> list[str]:
    words = [_curve(shown, x_range) for shown in panel.curves[:MOST]]
    more = len(panel.curves) - MOST
    return [*words, f"and {more} more"] if more > 0 else words


def _curve(shown: Curve, x_range: Range) -> str:
    rows = in_sight(shown, x_range)
    y = shown.y[rows]
    known = np.isfinite(y)
    if not known.any():
        return f"{shown.name} has no values here"
    first, last = y[known.argmax()], y[len(y) - 1 - known[::-1].argmax()]
    low, high = np.fmin.reduce(y), np.fmax.reduce(y)
    gaps = "" if known.all() else ", with gaps"
    return (
        f"{shown.name} from {_number(first)} to {_number(last)}, lowest {_number(low)}, highest {_number(high)}{gaps}"
    )


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "none"
