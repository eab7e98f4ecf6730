"""Text summary of a plot for screen readers: what is plotted over what, and the course of each curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vestim_gui.plots.axis_ranges import Range, visible_x_range
from vestim_gui.plots.content import Curve, Options, Panel, View, visible_rows

MAX_ITEMS = 8
"""More curves or bars of a panel than this are only counted."""


def summary(panels: Sequence[Panel], view: View, options: Options) -> str:
    """One paragraph: title, range, curves, levels, markers and bars of each panel."""
    if not any(panel.curves or panel.bars or panel.levels for panel in panels):
        return "Nothing is plotted yet."
    x_range = visible_x_range(panels, view)
    return " ".join(_panel(panel, x_range, options, panels[-1].x_label) for panel in panels)


def _panel(panel: Panel, x_range: Range, options: Options, x_label: str) -> str:
    parts = [*_bars(panel), *_curves(panel, x_range)]
    parts += [f"{level.name} at {_format_value(level.y)}" for level in panel.levels]
    parts += [f"{marker.name} at {_format_value(marker.x)}: {_format_value(marker.y)}" for marker in panel.markers]
    x_text = f" over {x_label} from {_format_value(x_range[0])} to {_format_value(x_range[1])}" if panel.curves else ""
    log_text = ", logarithmic" if options.log and panel.may_be_log else ""
    return f"{panel.title}{x_text}{log_text}: {'; '.join(parts) or 'no values'}."


def _bars(panel: Panel) -> list[str]:
    if len(panel.categories) > MAX_ITEMS:
        return [f"{len(panel.categories)} bars of {', '.join(group.name for group in panel.bars)}"]
    return [
        f"{category}: " + ", ".join(f"{group.name} {_format_value(group.values[index])}" for group in panel.bars)
        for index, category in enumerate(panel.categories)
    ]


def _curves(panel: Panel, x_range: Range) -> list[str]:
    parts = [_curve(curve, x_range) for curve in panel.curves[:MAX_ITEMS]]
    hidden_count = len(panel.curves) - MAX_ITEMS
    return [*parts, f"and {hidden_count} more"] if hidden_count > 0 else parts


def _curve(curve: Curve, x_range: Range) -> str:
    rows = visible_rows(curve, x_range)
    y = curve.y[rows]
    is_finite = np.isfinite(y)
    if not is_finite.any():
        return f"{curve.name} has no values here"
    first, last = y[is_finite.argmax()], y[len(y) - 1 - is_finite[::-1].argmax()]
    low, high = np.fmin.reduce(y), np.fmax.reduce(y)
    gaps = "" if is_finite.all() else ", with gaps"
    ends = f"from {_format_value(first)} to {_format_value(last)}"
    return f"{curve.name} {ends}, lowest {_format_value(low)}, highest {_format_value(high)}{gaps}"


def _format_value(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "none"
