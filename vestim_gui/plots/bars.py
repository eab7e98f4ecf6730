"""Bars: groups side by side in each category, with their values where there is room."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from vestim_gui import numbers
from vestim_gui.plots.content import Array, Panel
from vestim_gui.plots.layout import dress_legend, shortened
from vestim_gui.plots.look import Look

LEAST_CATEGORIES = 3
"""Bars of fewer categories are no wider than those of so many."""
MOST_VALUES = 16
"""More bars than this have no room for their values."""


def draw_bars(axes: Axes, panel: Panel, look: Look) -> None:
    """Draw the bars of a panel, once and for all."""
    width = 0.8 / max(len(panel.bars), 1)
    places = np.arange(len(panel.categories), dtype=np.float64)
    for number, group in enumerate(panel.bars):
        heights = np.nan_to_num(np.asarray(group.values, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        offset = (number - (len(panel.bars) - 1) / 2) * width
        alpha = 0.6 if group.ink == "muted" else 1.0
        axes.bar(
            places + offset,
            heights,
            width * 0.96,
            color=look.colour(group.ink),
            linewidth=0,
            alpha=alpha,
            label=group.name,
        )
        if len(panel.bars) * len(places) <= MOST_VALUES:
            _write_values(axes, look, places + offset, group.values)
    axes.set_xticks(places, [shortened(name) for name in panel.categories])
    axes.tick_params(axis="x", length=0)
    beside = max(0.6, (LEAST_CATEGORIES - len(places)) / 2)
    axes.set_xlim(-beside, len(places) - 1 + beside)
    tallest = max((value for group in panel.bars for value in group.values if math.isfinite(value)), default=1.0)
    several = len(panel.bars) > 2
    axes.set_ylim(0, tallest * (1.3 if several else 1.1) or 1.0)
    if several:
        dress_legend(axes.legend(loc="upper right", fontsize=look.font_pt - 0.5, ncols=len(panel.bars)), look)


def _write_values(axes: Axes, look: Look, places: Array, values: Sequence[float]) -> None:
    """Each bar's value above it."""
    for place, value in zip(places.tolist(), values, strict=True):
        if math.isfinite(value):
            axes.annotate(
                numbers.number(value),
                (place, value),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=look.font_pt - 0.5,
                color=look.tokens.muted,
            )
