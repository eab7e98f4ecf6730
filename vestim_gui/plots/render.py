"""Drawing of panels on a matplotlib figure, in the colors of the theme.

On the screen, moving artists (curves, markers and the names at line ends) are drawn apart from static ones (axes, grid,
ticks), so new rows cost no more than the lines themselves. A file has both in one draw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator

from vestim_gui.plots.axis_ranges import Range, visible_x_range, visible_y_range
from vestim_gui.plots.bars import draw_bars
from vestim_gui.plots.content import Array, Curve, Panel, View
from vestim_gui.plots.decimate import decimate
from vestim_gui.plots.figure_layout import NAME_LETTERS, arrange_figure, figure_of, names_fit_at_ends, shorten_name
from vestim_gui.plots.label_placement import spread_labels
from vestim_gui.plots.plot_style import POINTS_PER_INCH, PlotStyle
from vestim_gui.plots.smoothing import moving_mean
from vestim_gui.plots.tick_format import PlainTickFormatter

RAW_ALPHA = 0.28  # opacity of the raw line below a smoothed one
LEVEL_NAME_SHARES = (0.6, 0.35, 0.82, 0.18)
"""Possible positions of a level's name as shares of the width, best first."""
MAX_CLEARANCE_PX = 60.0  # more clearance makes no position better: about four lines of text


class PanelDrawing:
    """The artists of one panel on its axes."""

    def __init__(self, axes: Axes, panel: Panel, style: PlotStyle) -> None:
        self.axes, self.panel, self.style = axes, panel, style
        self.animated_artists: list[Artist] = []
        self._lines: list[Line2D] = []
        self._raw_lines: list[Line2D | None] = []
        self._name_texts: list[Text] = []
        self._level_texts: list[Annotation] = []
        self._smoothed_by_index: dict[int, Array] = {}
        self._is_log = style.options.log and panel.may_be_log
        _style_axes(axes, panel, style)
        if panel.bars:
            draw_bars(axes, panel, style)
        else:
            self._draw_curves()

    def _draw_curves(self) -> None:
        for index, curve in enumerate(self.panel.curves):
            color = self.style.color(curve.ink)
            line_kwargs: dict[str, Any] = {"color": color, "linewidth": self.style.line_pt, "markersize": 4}
            is_smoothed = self.style.options.smooth and curve.smoothable
            self._raw_lines.append(self.axes.plot([], [], alpha=RAW_ALPHA, **line_kwargs)[0] if is_smoothed else None)
            dashes: dict[str, Any] = {"linestyle": (0, (4, 2))} if curve.dashed else {}
            self._lines.append(
                self.axes.plot([], [], zorder=3 + 0.01 * index, label=curve.name, **line_kwargs, **dashes)[0]
            )
        self._marker_artists = [
            self.axes.plot(
                [], [], "o", ms=6, mfc=self.style.tokens.surface, mew=1.5, color=self.style.color(marker.ink)
            )[0]
            for marker in self.panel.markers
        ]
        for level in self.panel.levels:
            self._draw_level(level.name, level.y, self.style.color(level.ink))
        self._name_texts = [
            self.axes.text(0, 0, "", color=self.style.color(curve.ink), fontsize=self.style.font_pt, va="center")
            for curve in self.panel.curves
        ]
        self.animated_artists = [
            artist
            for artist in (*self._raw_lines, *self._lines, *self._marker_artists, *self._name_texts)
            if artist is not None
        ]
        for artist in self.animated_artists:
            artist.set_animated(self.style.is_animated)

    def _draw_level(self, name: str, y: float, color: str) -> None:
        if not math.isfinite(y) or (self._is_log and y <= 0):
            return
        self.axes.axhline(y, color=color, linewidth=1.1, linestyle=(0, (4, 2)), zorder=2)
        text = self.axes.annotate(
            name,
            (0.6, y),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            color=color,
            fontsize=self.style.font_pt,
            ha="center",
            va="bottom",
        )
        self._level_texts.append(text)

    def update_values(self, panel: Panel) -> bool:
        """Take a panel that differs only in the values of its curves and markers; False if it differs in more."""
        if _static_parts(panel) != _static_parts(self.panel):
            return False
        for index, (new, old) in enumerate(zip(panel.curves, self.panel.curves, strict=True)):
            if new.y is not old.y:
                self._smoothed_by_index.pop(index, None)
        self.panel = panel
        return True

    def set_ranges(self, x_range: Range, y_range: Range | None) -> bool:
        """Set the axes to the visible ranges; True if that changed anything."""
        if self.panel.bars:
            return False
        y_limits = y_range or visible_y_range(self.panel, x_range, log=self._is_log)
        if self._is_log and y_limits[0] <= 0:
            y_limits = visible_y_range(self.panel, x_range, log=True)
        is_unchanged = _nearly_equal(self.axes.get_xlim(), x_range) and _nearly_equal(self.axes.get_ylim(), y_limits)
        if not is_unchanged:
            self.axes.set_xlim(*x_range)
            self.axes.set_ylim(*y_limits)
            self._set_log_ticks(y_limits)
        return not is_unchanged

    def _set_log_ticks(self, y_range: Range) -> None:
        if not self._is_log:
            return
        decades = math.log10(y_range[1] / y_range[0])
        subs = (1.0, 2.0, 3.0, 5.0) if decades < 1.6 else (1.0, 3.0) if decades < 3.2 else (1.0,)
        self.axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=12))

    def update_lines(self, columns: int) -> None:
        """Give the lines their visible rows, decimated to `columns` pixel columns."""
        if self.panel.bars:
            return
        x_range = self.axes.get_xlim()
        ends: list[tuple[int, float, float]] = []
        for index, curve in enumerate(self.panel.curves):
            x, y = decimate(curve.x, curve.y, x_range, columns)
            raw = self._raw_lines[index]
            if raw is not None:
                raw.set_data(x, y)
                x, y = decimate(curve.x, self._smoothed_y(index, curve), x_range, columns)
            self._lines[index].set_data(x, y)
            self._lines[index].set_marker("o" if len(curve.x) == 1 else "")
            finite_rows = np.flatnonzero(np.isfinite(y) & (x <= x_range[1]))
            if curve.label and len(finite_rows):
                ends.append((index, float(x[finite_rows[-1]]), float(y[finite_rows[-1]])))
        for marker, artist in zip(self.panel.markers, self._marker_artists, strict=True):
            artist.set_data([marker.x], [marker.y])
        self._place_names(ends)

    def place_level_names(self) -> None:
        """Place the name of each level where the curves leave it the most room."""
        to_pixels, (left, right) = self.axes.transData, self.axes.get_xlim()
        for text in self._level_texts:
            level_y_px = float(to_pixels.transform((left, text.xy[1]))[1])
            clearance_px = {
                share: self._clearance_px(left + share * (right - left), level_y_px) for share in LEVEL_NAME_SHARES
            }
            text.xy = (
                max(LEVEL_NAME_SHARES, key=lambda share: round(min(clearance_px[share], MAX_CLEARANCE_PX))),
                text.xy[1],
            )

    def _clearance_px(self, x: float, level_y_px: float) -> float:
        """Pixels from a level to the nearest curve at x; a curve that has ended counts with its last value."""
        gaps = [MAX_CLEARANCE_PX]
        for curve in self.panel.curves:
            row = min(int(np.searchsorted(curve.x, x)), len(curve.x) - 1)
            if row >= 0 and math.isfinite(y := float(curve.y[row])):
                gaps.append(abs(float(self.axes.transData.transform((x, y))[1]) - level_y_px))
        return min(gaps)

    def _smoothed_y(self, index: int, curve: Curve) -> Array:
        if index not in self._smoothed_by_index:
            self._smoothed_by_index[index] = moving_mean(curve.y)
        return self._smoothed_by_index[index]

    def _place_names(self, ends: list[tuple[int, float, float]]) -> None:
        """Place the names at the ends of their lines without overlap."""
        for name in self._name_texts:
            name.set_text("")
        if not names_fit_at_ends(self.panel, figure_of(self.axes)):
            return
        to_pixels, to_data = self.axes.transData, self.axes.transData.inverted()
        box = self.axes.bbox
        points = [to_pixels.transform((x, y)) for _, x, y in ends]
        pixels_per_point = figure_of(self.axes).dpi / POINTS_PER_INCH
        y_positions = spread_labels(
            [point[1] for point in points], 1.25 * self.style.font_pt * pixels_per_point, box.y0, box.y1
        )
        for (index, _, _), point, y_position in zip(ends, points, y_positions, strict=True):
            position = to_data.transform((min(point[0], box.x1) + 6 * pixels_per_point, y_position))
            self._name_texts[index].set_position((float(position[0]), float(position[1])))
            self._name_texts[index].set_text(shorten_name(self.panel.curves[index].name, NAME_LETTERS))


def draw_panels(figure: Figure, panels: Sequence[Panel], style: PlotStyle) -> list[PanelDrawing]:
    """Draw panels from top to bottom on an empty figure. `show_view` then gives them ranges and rows."""
    figure.set_facecolor(style.tokens.surface)
    if not panels:
        return []
    shares = [panel.share for panel in panels]
    grid = figure.add_gridspec(len(panels), 1, height_ratios=shares)
    drawings: list[PanelDrawing] = []
    for index, panel in enumerate(panels):
        axes = figure.add_subplot(grid[index, 0])
        drawings.append(PanelDrawing(axes, panel, style))
        if index < len(panels) - 1 and not panel.bars:
            axes.tick_params(labelbottom=False)
            axes.set_xlabel("")
    arrange_figure(figure, panels, style)
    return drawings


def show_view(drawings: Sequence[PanelDrawing], view: View, columns: int) -> bool:
    """Show the visible part on the axes and their lines; True if the axes moved."""
    x_range = visible_x_range([drawing.panel for drawing in drawings], view)
    has_moved = [drawing.set_ranges(x_range, view.y.get(index)) for index, drawing in enumerate(drawings)]
    for drawing in drawings:
        drawing.update_lines(columns)
        if any(has_moved):
            drawing.place_level_names()
    return any(has_moved)


def _static_parts(panel: Panel) -> tuple[object, ...]:
    """Everything of a panel that cannot change without new axes."""
    curves = tuple((curve.name, curve.ink, curve.dashed, curve.smoothable, curve.label) for curve in panel.curves)
    flags = (panel.share, panel.grows, panel.has_zero_line, panel.may_be_log)
    marks = tuple((marker.name, marker.ink) for marker in panel.markers)
    return panel.title, panel.x_label, curves, panel.levels, marks, panel.categories, panel.bars, flags


def _style_axes(axes: Axes, panel: Panel, style: PlotStyle) -> None:
    tokens, font_pt = style.tokens, style.font_pt
    axes.set_facecolor(tokens.surface)
    axes.set_xlabel(panel.x_label, fontsize=font_pt, color=tokens.muted, labelpad=3)
    axes.tick_params(colors=tokens.muted, labelsize=font_pt, width=0.7, length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(tokens.border)
    axes.set_axisbelow(True)
    if style.options.log and panel.may_be_log:
        axes.set_yscale("log", nonpositive="mask")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        steps = 6 if panel.share >= 0.6 else 3
        axes.yaxis.set_major_locator(MaxNLocator(steps, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(PlainTickFormatter(is_per_tick=style.options.log and panel.may_be_log))
    if not panel.bars:
        max_ticks = min(max(round(float(figure_of(axes).get_size_inches()[0]) * POINTS_PER_INCH / font_pt / 8), 3), 9)
        axes.xaxis.set_major_locator(MaxNLocator(max_ticks, steps=[1, 2, 2.5, 5, 10], integer=panel.x_label == "epoch"))
        axes.xaxis.set_major_formatter(PlainTickFormatter())
    if style.options.grid:
        axes.grid(True, axis="y" if panel.bars else "both", color=tokens.border, linewidth=0.6, alpha=0.7)
    if panel.has_zero_line:
        axes.axhline(0, color=tokens.muted, linewidth=0.8, zorder=2)


def _nearly_equal(a_range: tuple[float, float], b_range: tuple[float, float]) -> bool:
    width = abs(b_range[1] - b_range[0]) or 1.0
    return all(abs(a - b) <= 1e-9 * width for a, b in zip(a_range, b_range, strict=True))
