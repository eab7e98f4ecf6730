"""Layout of a figure: margins, titles that fit, and curve names at line ends, or in a legend if there is no space."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from vestim_gui.plots.content import Panel
from vestim_gui.plots.plot_style import POINTS_PER_INCH, PlotStyle

MAX_NAMES = 7
"""Panels with more curves than this get a legend instead of names at line ends."""
NAME_LETTERS = 22  # letters of a name at a line end, about a quarter of a plot 640 px wide
MIN_WIDTH_IN = 3.2
"""Figure width in inches below which names do not fit at line ends."""
TITLE_PT = 0.5  # points by which a title is larger than the other text
TITLE_LETTER_EM = 0.66  # letter width in font sizes, generous because a title must not be clipped
LETTER_EM = 0.58
"""Mean letter width as a fraction of the font size."""


def arrange_figure(figure: Figure, panels: Sequence[Panel], style: PlotStyle) -> None:
    """Set margins in units of the font size, so that names and numbers fit at any figure size."""
    width, height = (float(inches) * POINTS_PER_INCH / style.font_pt for inches in figure.get_size_inches())
    labeled_curves = [
        curve for panel in panels if names_fit_at_ends(panel, figure) for curve in panel.curves if curve.label
    ]
    names = [shorten_name(curve.name, NAME_LETTERS) for curve in labeled_curves]
    right_margin = 1.2 + (LETTER_EM * max(map(len, names)) if names else 0.0)
    has_x_label = bool(panels and panels[-1].x_label)
    gap_height = 2.6 * max(len(panels) - 1, 0)
    figure.subplots_adjust(
        left=min(4.6 / width, 0.4),
        right=max(1 - right_margin / width, 0.5),
        top=max(1 - 2.3 / height, 0.55),
        bottom=min((3.7 if has_x_label else 2.2) / height, 0.45),
        hspace=gap_height / max(height - 6 - gap_height, 1.0) * len(panels),
    )
    for axes, panel in zip(figure.axes, panels, strict=True):
        title_width = axes.get_position().width * width + right_margin - 1.0
        title = _fit_title(panel.title, round(title_width / TITLE_LETTER_EM))
        axes.set_title(title, loc="left", fontsize=style.font_pt + TITLE_PT, color=style.tokens.text, pad=5)
        if not panel.bars:
            _update_legend(axes, panel, style)


def names_fit_at_ends(panel: Panel, figure: Figure) -> bool:
    """True if the curve names fit at the ends of their lines."""
    labeled_curves = [curve for curve in panel.curves if curve.label]
    return 0 < len(labeled_curves) <= MAX_NAMES and float(figure.get_size_inches()[0]) >= MIN_WIDTH_IN


def shorten_name(name: str, max_letters: int = 18) -> str:
    """Shorten a name to `max_letters`, keeping its beginning and its end."""
    return name if len(name) <= max_letters else f"{name[: max_letters // 2]}…{name[-(max_letters // 2 - 1) :]}"


def figure_of(axes: Axes) -> Figure:
    """The figure that contains `axes`."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def _update_legend(axes: Axes, panel: Panel, style: PlotStyle) -> None:
    """Add a legend if the names do not fit at line ends; remove it once they do."""
    labeled_curves = [curve for curve in panel.curves if curve.label][: 2 * MAX_NAMES]
    needs_legend = len(labeled_curves) > 1 and not names_fit_at_ends(panel, figure_of(axes))
    legend = axes.get_legend()
    if legend is not None and not needs_legend:
        legend.remove()
    if legend is not None or not needs_legend:
        return
    lines = [Line2D([], [], color=style.color(curve.ink), linewidth=style.line_pt) for curve in labeled_curves]
    ncols = 1 + (len(labeled_curves) > MAX_NAMES)
    names = [curve.name for curve in labeled_curves]
    style_legend(axes.legend(lines, names, loc="upper right", fontsize=style.font_pt - 0.5, ncols=ncols), style)


def style_legend(legend: Legend, style: PlotStyle) -> None:
    """Give a legend the colors of the theme."""
    for text in legend.get_texts():
        text.set_color(style.tokens.text)
    legend.get_frame().set(facecolor=style.tokens.surface, edgecolor=style.tokens.border, alpha=0.85)
    legend.set_zorder(5)


def _fit_title(title: str, max_letters: int) -> str:
    """Shorten a title to `max_letters`, keeping its unit."""
    quantity, stroke, unit = title.rpartition(" / ")
    if len(title) <= max_letters or not stroke:
        return title if len(title) <= max_letters else f"{title[: max(max_letters - 1, 1)]}…"
    return f"{quantity[: max(max_letters - len(unit) - 4, 1)]}…{stroke}{unit}"
