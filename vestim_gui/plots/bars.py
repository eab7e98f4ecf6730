"""Bar charts: groups side by side in each category, with value labels when few enough bars share the panel."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from vestim_gui import display_numbers
from vestim_gui.plots.content import Array, Panel
from vestim_gui.plots.figure_layout import shorten_name, style_legend
from vestim_gui.plots.plot_style import PlotStyle

MIN_CATEGORIES = 3
"""The x axis leaves room for at least this many categories, so that one or two bars do not fill the panel."""
MAX_VALUE_LABELS = 16
"""Bars in a panel up to which each shows its value; the labels of more would overlap."""


def draw_bars(axes: Axes, panel: Panel, style: PlotStyle) -> None:
    """Draw the bars of a panel; they are static."""
    width = 0.8 / max(len(panel.bars), 1)
    positions = np.arange(len(panel.categories), dtype=np.float64)
    for index, group in enumerate(panel.bars):
        heights = np.nan_to_num(np.asarray(group.values, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        offset = (index - (len(panel.bars) - 1) / 2) * width
        alpha = 0.6 if group.ink == "muted" else 1.0
        axes.bar(
            positions + offset,
            heights,
            width * 0.96,
            color=style.color(group.ink),
            linewidth=0,
            alpha=alpha,
            label=group.name,
        )
        if len(panel.bars) * len(positions) <= MAX_VALUE_LABELS:
            _write_values(axes, style, positions + offset, group.values)
    axes.set_xticks(positions, [shorten_name(name) for name in panel.categories])
    axes.tick_params(axis="x", length=0)
    side_margin = max(0.6, (MIN_CATEGORIES - len(positions)) / 2)
    axes.set_xlim(-side_margin, len(positions) - 1 + side_margin)
    tallest = max((value for group in panel.bars for value in group.values if math.isfinite(value)), default=1.0)
    has_legend = len(panel.bars) > 2
    axes.set_ylim(0, tallest * (1.3 if has_legend else 1.1) or 1.0)
    if has_legend:
        style_legend(axes.legend(loc="upper right", fontsize=style.font_pt - 0.5, ncols=len(panel.bars)), style)


def _write_values(axes: Axes, style: PlotStyle, positions: Array, values: Sequence[float]) -> None:
    """Write each bar's value above it."""
    for position, value in zip(positions.tolist(), values, strict=True):
        if math.isfinite(value):
            axes.annotate(
                display_numbers.format_number(value),
                (position, value),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=style.font_pt - 0.5,
                color=style.tokens.muted,
            )
