"""Axis ranges: fitted to the visible rows, in steps while curves grow; zoom and pan as arithmetic on ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vestim_gui.plots.content import Curve, Panel, View, visible_rows, x_extent

Range = tuple[float, float]
# round numbers within a decade, where an axis may end
STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
LOG_STEPS = (1.0, 2.0, 3.0, 5.0, 10.0)
X_MARGIN = 0.02  # of the x extent, on each side
Y_MARGIN = 0.06  # of the y extent, above and below
MIN_SHARE = 1e-7
"""Zooming in ends at this part of the full range."""


def full_x_range(panels: Sequence[Panel]) -> Range:
    """The x range of everything: with a narrow margin, or up to the next round number while curves grow."""
    extent = x_extent(panels)
    if extent is None:
        return 0.0, 1.0
    low, high = extent
    if any(panel.grows for panel in panels):
        return 0.0 if low >= 0 else low, round_up(max(high, 10.0))
    side = X_MARGIN * (high - low) or 0.5
    return low - side, high + side


def visible_x_range(panels: Sequence[Panel], view: View) -> Range:
    """The visible x range."""
    return view.x or full_x_range(panels)


def visible_y_range(panel: Panel, x_range: Range, *, log: bool) -> Range:
    """The y range of everything visible; on a logarithmic axis, of positive values only."""
    lows, highs = [level.y for level in panel.levels], [level.y for level in panel.levels]
    lows += [0.0] if panel.has_zero_line else []
    for curve in panel.curves:
        extent = _extent(curve, x_range, log=log)
        if extent:
            lows.append(extent[0])
            highs.append(extent[1])
    lows = [low for low in lows if math.isfinite(low) and (low > 0 or not log)]
    highs = [high for high in highs if math.isfinite(high) and (high > 0 or not log)]
    if not lows or not highs:
        return (0.1, 10.0) if log else (0.0, 1.0)
    return _pad_range(min(lows), max(highs), log=log, grows=panel.grows)


def _extent(curve: Curve, x_range: Range, *, log: bool) -> Range | None:
    y = curve.y[visible_rows(curve, x_range)]
    if log:
        y = y[y > 0]
    if not len(y):
        return None
    low, high = float(np.fmin.reduce(y)), float(np.fmax.reduce(y))
    return None if math.isnan(low) else (low, high)


def _pad_range(low: float, high: float, *, log: bool, grows: bool) -> Range:
    if log:
        return (round_down(low * 0.98, LOG_STEPS), round_up(high * 1.02, LOG_STEPS))
    if grows and low >= 0 and high > 0:
        return 0.0, round_up(high * 1.02)
    margin = Y_MARGIN * (high - low) or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def round_up(value: float, steps: Sequence[float] = STEPS) -> float:
    """The least round number not below a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in steps if step * power >= value * (1 - 1e-12)), 10 * power)


def round_down(value: float, steps: Sequence[float] = STEPS) -> float:
    """The greatest round number not above a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in reversed(steps) if step * power <= value * (1 + 1e-12)), power)


def zoom_range(visible: Range, factor: float, anchor: float | None, full_range: Range) -> Range | None:
    """Scale the width of `visible` by `factor` around `anchor` (default: its middle); None if that shows everything."""
    center = (visible[0] + visible[1]) / 2 if anchor is None else min(max(anchor, visible[0]), visible[1])
    width = (visible[1] - visible[0]) * factor
    if width >= full_range[1] - full_range[0]:
        return None
    if width < (full_range[1] - full_range[0]) * MIN_SHARE:
        return visible
    start = center - (center - visible[0]) * factor
    return shift_into((start, start + width), full_range)


def pan_range(visible: Range, share: float, full_range: Range) -> Range:
    """Shift `visible` by a share of its width, at most to the end of `home`."""
    shift = (visible[1] - visible[0]) * share
    return shift_into((visible[0] + shift, visible[1] + shift), full_range)


def shift_into(visible: Range, full_range: Range) -> Range:
    """Shift `visible` into `home` by the least amount."""
    width = visible[1] - visible[0]
    start = min(max(visible[0], full_range[0]), max(full_range[1] - width, full_range[0]))
    return start, start + width
