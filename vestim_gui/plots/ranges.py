"""Ranges of axes: around what is in sight, in steps where curves grow; zoom and pan as arithmetic on them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vestim_gui.plots.content import Curve, Panel, View, in_sight, x_extent

Range = tuple[float, float]
STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
LOG_STEPS = (1.0, 2.0, 3.0, 5.0, 10.0)
SIDE = 0.02
HEADROOM = 0.06
LEAST_SHARE = 1e-7
"""Zooming ends at this part of all there is."""


def x_home(panels: Sequence[Panel]) -> Range:
    """The range that shows all: snug, or up to the next round number while curves grow."""
    extent = x_extent(panels)
    if extent is None:
        return 0.0, 1.0
    low, high = extent
    if any(panel.grows for panel in panels):
        return 0.0 if low >= 0 else low, step_up(max(high, 10.0))
    side = SIDE * (high - low) or 0.5
    return low - side, high + side


def x_shown(panels: Sequence[Panel], view: View) -> Range:
    """The range of x that is in sight."""
    return view.x or x_home(panels)


def y_shown(panel: Panel, x_range: Range, *, log: bool) -> Range:
    """The range of y that holds everything in sight; of positive values alone on a logarithmic axis."""
    lows, highs = [level.y for level in panel.levels], [level.y for level in panel.levels]
    lows += [0.0] if panel.zero else []
    for shown in panel.curves:
        extent = _extent(shown, x_range, log=log)
        if extent:
            lows.append(extent[0])
            highs.append(extent[1])
    lows = [low for low in lows if math.isfinite(low) and (low > 0 or not log)]
    highs = [high for high in highs if math.isfinite(high) and (high > 0 or not log)]
    if not lows or not highs:
        return (0.1, 10.0) if log else (0.0, 1.0)
    return _around(min(lows), max(highs), log=log, grows=panel.grows)


def _extent(shown: Curve, x_range: Range, *, log: bool) -> Range | None:
    y = shown.y[in_sight(shown, x_range)]
    if log:
        y = y[y > 0]
    if not len(y):
        return None
    low, high = float(np.fmin.reduce(y)), float(np.fmax.reduce(y))
    return None if math.isnan(low) else (low, high)


def _around(low: float, high: float, *, log: bool, grows: bool) -> Range:
    if log:
        return (step_down(low * 0.98, LOG_STEPS), step_up(high * 1.02, LOG_STEPS))
    if grows and low >= 0 and high > 0:
        return 0.0, step_up(high * 1.02)
    room = HEADROOM * (high - low) or abs(high) * 0.05 or 1.0
    return low - room, high + room


def step_up(value: float, steps: Sequence[float] = STEPS) -> float:
    """The least round number that is not below a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in steps if step * power >= value * (1 - 1e-12)), 10 * power)


def step_down(value: float, steps: Sequence[float] = STEPS) -> float:
    """The greatest round number that is not above a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in reversed(steps) if step * power <= value * (1 + 1e-12)), power)


def zoomed(shown: Range, factor: float, about: float | None, home: Range) -> Range | None:
    """`shown` made `factor` times as wide around a point (its middle); None when that shows all there is."""
    centre = (shown[0] + shown[1]) / 2 if about is None else min(max(about, shown[0]), shown[1])
    width = (shown[1] - shown[0]) * factor
    if width >= home[1] - home[0]:
        return None
    if width < (home[1] - home[0]) * LEAST_SHARE:
        return shown
    left = centre - (centre - shown[0]) * factor
    return kept_within((left, left + width), home)


def panned(shown: Range, share: float, home: Range) -> Range:
    """`shown` moved by a share of its width, at most to the end of all there is."""
    move = (shown[1] - shown[0]) * share
    return kept_within((shown[0] + move, shown[1] + move), home)


def kept_within(shown: Range, home: Range) -> Range:
    """`shown`, moved as little as puts it inside `home`."""
    width = shown[1] - shown[0]
    left = min(max(shown[0], home[0]), max(home[1] - width, home[0]))
    return left, left + width
