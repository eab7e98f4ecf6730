"""Drawing: panels on a matplotlib figure, in the colours of the theme.

On the screen everything that moves (curves, marks and the names at their ends) is apart from what stays (axes, grid,
ticks), so that new rows cost no more than the lines themselves. A file holds the same, drawn once.
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

from vestim_gui.plots.bars import draw_bars
from vestim_gui.plots.content import Array, Curve, Panel, View
from vestim_gui.plots.decimate import decimate
from vestim_gui.plots.labels import spread
from vestim_gui.plots.layout import NAME_LETTERS, arrange, figure_of, names_at_ends, shortened
from vestim_gui.plots.look import POINTS_AN_INCH, Look
from vestim_gui.plots.ranges import Range, x_shown, y_shown
from vestim_gui.plots.smooth import smoothed
from vestim_gui.plots.ticks import Plain

FAINT = 0.28
LEVEL_PLACES = (0.6, 0.35, 0.82, 0.18)
"""Where the name of a level may stand, as shares of the width, the best first."""
PLENTY_PX = 60.0


class PanelDrawing:
    """The artists of one panel on its axes."""

    def __init__(self, axes: Axes, panel: Panel, look: Look) -> None:
        self.axes, self.panel, self.look = axes, panel, look
        self.moving: list[Artist] = []
        self._lines: list[Line2D] = []
        self._raw: list[Line2D | None] = []
        self._names: list[Text] = []
        self._levels: list[Annotation] = []
        self._smooth: dict[int, Array] = {}
        self._log = look.options.log and panel.may_be_log
        _dress(axes, panel, look)
        if panel.bars:
            draw_bars(axes, panel, look)
        else:
            self._draw_curves()

    def _draw_curves(self) -> None:
        for number, shown in enumerate(self.panel.curves):
            colour = self.look.colour(shown.ink)
            style: dict[str, Any] = {"color": colour, "linewidth": self.look.line_pt, "markersize": 4}
            smooth = self.look.options.smooth and shown.smoothable
            self._raw.append(self.axes.plot([], [], alpha=FAINT, **style)[0] if smooth else None)
            dashes: dict[str, Any] = {"linestyle": (0, (4, 2))} if shown.dashed else {}
            self._lines.append(self.axes.plot([], [], zorder=3 + 0.01 * number, label=shown.name, **style, **dashes)[0])
        self._marks = [
            self.axes.plot([], [], "o", ms=6, mfc=self.look.tokens.surface, mew=1.5, color=self.look.colour(mark.ink))[
                0
            ]
            for mark in self.panel.marks
        ]
        for level in self.panel.levels:
            self._draw_level(level.name, level.y, self.look.colour(level.ink))
        self._names = [
            self.axes.text(0, 0, "", color=self.look.colour(shown.ink), fontsize=self.look.font_pt, va="center")
            for shown in self.panel.curves
        ]
        self.moving = [
            artist for artist in (*self._raw, *self._lines, *self._marks, *self._names) if artist is not None
        ]
        for artist in self.moving:
            artist.set_animated(self.look.moving)

    def _draw_level(self, name: str, y: float, colour: str) -> None:
        if not math.isfinite(y) or (self._log and y <= 0):
            return
        self.axes.axhline(y, color=colour, linewidth=1.1, linestyle=(0, (4, 2)), zorder=2)
        text = self.axes.annotate(
            name,
            (0.6, y),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            color=colour,
            fontsize=self.look.font_pt,
            ha="center",
            va="bottom",
        )
        self._levels.append(text)

    def follow(self, panel: Panel) -> bool:
        """Take a panel that differs in the values of its curves and marks alone; False when it differs in more."""
        if _frame(panel) != _frame(self.panel):
            return False
        for number, (new, old) in enumerate(zip(panel.curves, self.panel.curves, strict=True)):
            if new.y is not old.y:
                self._smooth.pop(number, None)
        self.panel = panel
        return True

    def place(self, x_range: Range, y_range: Range | None) -> bool:
        """Move the axes to what is in sight; whether that changed anything."""
        if self.panel.bars:
            return False
        wanted = y_range or y_shown(self.panel, x_range, log=self._log)
        if self._log and wanted[0] <= 0:
            wanted = y_shown(self.panel, x_range, log=True)
        same = _close(self.axes.get_xlim(), x_range) and _close(self.axes.get_ylim(), wanted)
        if not same:
            self.axes.set_xlim(*x_range)
            self.axes.set_ylim(*wanted)
            self._tick(wanted)
        return not same

    def _tick(self, y_range: Range) -> None:
        if not self._log:
            return
        decades = math.log10(y_range[1] / y_range[0])
        subs = (1.0, 2.0, 3.0, 5.0) if decades < 1.6 else (1.0, 3.0) if decades < 3.2 else (1.0,)
        self.axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=12))

    def fill(self, columns: int) -> None:
        """Give the lines the rows that are in sight, decimated to so many columns of pixels."""
        if self.panel.bars:
            return
        x_range = self.axes.get_xlim()
        ends: list[tuple[int, float, float]] = []
        for number, shown in enumerate(self.panel.curves):
            x, y = decimate(shown.x, shown.y, x_range, columns)
            raw = self._raw[number]
            if raw is not None:
                raw.set_data(x, y)
                x, y = decimate(shown.x, self._smoothed(number, shown), x_range, columns)
            self._lines[number].set_data(x, y)
            self._lines[number].set_marker("o" if len(shown.x) == 1 else "")
            known = np.flatnonzero(np.isfinite(y) & (x <= x_range[1]))
            if shown.label and len(known):
                ends.append((number, float(x[known[-1]]), float(y[known[-1]])))
        for mark, artist in zip(self.panel.marks, self._marks, strict=True):
            artist.set_data([mark.x], [mark.y])
        self._name(ends)

    def clear_levels(self) -> None:
        """Put the name of each level where the curves leave it the most room."""
        to_pixels, (left, right) = self.axes.transData, self.axes.get_xlim()
        for text in self._levels:
            level = float(to_pixels.transform((left, text.xy[1]))[1])
            room = {share: self._room(left + share * (right - left), level) for share in LEVEL_PLACES}
            text.xy = (max(LEVEL_PLACES, key=lambda share: round(min(room[share], PLENTY_PX))), text.xy[1])

    def _room(self, x: float, level: float) -> float:
        """Pixels from a level to the nearest curve at x; a curve that has ended counts where it did."""
        gaps = [PLENTY_PX]
        for shown in self.panel.curves:
            row = min(int(np.searchsorted(shown.x, x)), len(shown.x) - 1)
            if row >= 0 and math.isfinite(y := float(shown.y[row])):
                gaps.append(abs(float(self.axes.transData.transform((x, y))[1]) - level))
        return min(gaps)

    def _smoothed(self, number: int, shown: Curve) -> Array:
        if number not in self._smooth:
            self._smooth[number] = smoothed(shown.y)
        return self._smooth[number]

    def _name(self, ends: list[tuple[int, float, float]]) -> None:
        """Put the names to the ends of their lines, apart from each other."""
        for name in self._names:
            name.set_text("")
        if not names_at_ends(self.panel, figure_of(self.axes)):
            return
        to_pixels, to_data = self.axes.transData, self.axes.transData.inverted()
        box = self.axes.bbox
        points = [to_pixels.transform((x, y)) for _, x, y in ends]
        pixels_a_point = figure_of(self.axes).dpi / POINTS_AN_INCH
        places = spread([point[1] for point in points], 1.25 * self.look.font_pt * pixels_a_point, box.y0, box.y1)
        for (number, _, _), point, place in zip(ends, points, places, strict=True):
            at = to_data.transform((min(point[0], box.x1) + 6 * pixels_a_point, place))
            self._names[number].set_position((float(at[0]), float(at[1])))
            self._names[number].set_text(shortened(self.panel.curves[number].name, NAME_LETTERS))


def draw_panels(figure: Figure, panels: Sequence[Panel], look: Look) -> list[PanelDrawing]:
    """Panels from top to bottom on an empty figure. Nothing is in sight yet: see `show_part`."""
    figure.set_facecolor(look.tokens.surface)
    if not panels:
        return []
    shares = [panel.share for panel in panels]
    grid = figure.add_gridspec(len(panels), 1, height_ratios=shares)
    drawings: list[PanelDrawing] = []
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(grid[place, 0])
        drawings.append(PanelDrawing(axes, panel, look))
        if place < len(panels) - 1 and not panel.bars:
            axes.tick_params(labelbottom=False)
            axes.set_xlabel("")
    arrange(figure, panels, look)
    return drawings


def show_part(drawings: Sequence[PanelDrawing], view: View, columns: int) -> bool:
    """Bring the part in sight on the axes and their lines; whether the axes moved."""
    x_range = x_shown([drawing.panel for drawing in drawings], view)
    moved = [drawing.place(x_range, view.y.get(number)) for number, drawing in enumerate(drawings)]
    for drawing in drawings:
        drawing.fill(columns)
        if any(moved):
            drawing.clear_levels()
    return any(moved)


def _frame(panel: Panel) -> tuple[object, ...]:
    """What of a panel cannot change without its axes being made anew."""
    curves = tuple((shown.name, shown.ink, shown.dashed, shown.smoothable, shown.label) for shown in panel.curves)
    flags = (panel.share, panel.grows, panel.zero, panel.may_be_log)
    marks = tuple((mark.name, mark.ink) for mark in panel.marks)
    return panel.title, panel.x_label, curves, panel.levels, marks, panel.categories, panel.bars, flags


def _dress(axes: Axes, panel: Panel, look: Look) -> None:
    tokens, font_pt = look.tokens, look.font_pt
    axes.set_facecolor(tokens.surface)
    axes.set_xlabel(panel.x_label, fontsize=font_pt, color=tokens.muted, labelpad=3)
    axes.tick_params(colors=tokens.muted, labelsize=font_pt, width=0.7, length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(tokens.border)
    axes.set_axisbelow(True)
    if look.options.log and panel.may_be_log:
        axes.set_yscale("log", nonpositive="mask")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        steps = 6 if panel.share >= 0.6 else 3
        axes.yaxis.set_major_locator(MaxNLocator(steps, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(Plain(each=look.options.log and panel.may_be_log))
    if not panel.bars:
        most = min(max(round(float(figure_of(axes).get_size_inches()[0]) * POINTS_AN_INCH / font_pt / 8), 3), 9)
        axes.xaxis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=panel.x_label == "epoch"))
        axes.xaxis.set_major_formatter(Plain())
    if look.options.grid:
        axes.grid(True, axis="y" if panel.bars else "both", color=tokens.border, linewidth=0.6, alpha=0.7)
    if panel.zero:
        axes.axhline(0, color=tokens.muted, linewidth=0.8, zorder=2)


def _close(one: tuple[float, float], other: tuple[float, float]) -> bool:
    width = abs(other[1] - other[0]) or 1.0
    return all(abs(a - b) <= 1e-9 * width for a, b in zip(one, other, strict=True))
