"""Room on a figure: margins, titles that fit, and names at the ends of curves or a legend where they do not."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from vestim_gui.plots.content import Panel
from vestim_gui.plots.look import POINTS_AN_INCH, Look

MOST_NAMES = 7
"""More curves than this get a legend instead of names at their ends."""
NAME_LETTERS = 22
LEAST_WIDTH_IN = 3.2
"""A narrower figure has no room for names at the ends."""
TITLE_PT = 0.5
TITLE_LETTER_EM = 0.66
LETTER_EM = 0.58
"""Mean width of a letter in sizes of the font."""


def arrange(figure: Figure, panels: Sequence[Panel], look: Look) -> None:
    """Margins in sizes of the font, whatever the size of the figure: names and numbers keep their room."""
    width, height = (float(inches) * POINTS_AN_INCH / look.font_pt for inches in figure.get_size_inches())
    named = [shown for panel in panels if names_at_ends(panel, figure) for shown in panel.curves if shown.label]
    names = [shortened(shown.name, NAME_LETTERS) for shown in named]
    right = 1.2 + (LETTER_EM * max(map(len, names)) if names else 0.0)
    x_label = bool(panels and panels[-1].x_label)
    gaps = 2.6 * max(len(panels) - 1, 0)
    figure.subplots_adjust(
        left=min(4.6 / width, 0.4),
        right=max(1 - right / width, 0.5),
        top=max(1 - 2.3 / height, 0.55),
        bottom=min((3.7 if x_label else 2.2) / height, 0.45),
        hspace=gaps / max(height - 6 - gaps, 1.0) * len(panels),
    )
    for axes, panel in zip(figure.axes, panels, strict=True):
        room = axes.get_position().width * width + right - 1.0
        title = _fitted(panel.title, round(room / TITLE_LETTER_EM))
        axes.set_title(title, loc="left", fontsize=look.font_pt + TITLE_PT, color=look.tokens.text, pad=5)
        if not panel.bars:
            _legend_where_names_have_no_room(axes, panel, look)


def names_at_ends(panel: Panel, figure: Figure) -> bool:
    """Whether there is room for the names of curves at their ends."""
    named = [shown for shown in panel.curves if shown.label]
    return 0 < len(named) <= MOST_NAMES and float(figure.get_size_inches()[0]) >= LEAST_WIDTH_IN


def shortened(name: str, most: int = 18) -> str:
    """A name of so many letters: its beginning and its end."""
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most // 2 - 1) :]}"


def figure_of(axes: Axes) -> Figure:
    """The figure that axes stand on."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def _legend_where_names_have_no_room(axes: Axes, panel: Panel, look: Look) -> None:
    named = [shown for shown in panel.curves if shown.label][: 2 * MOST_NAMES]
    wanted = len(named) > 1 and not names_at_ends(panel, figure_of(axes))
    legend = axes.get_legend()
    if legend is not None and not wanted:
        legend.remove()
    if legend is not None or not wanted:
        return
    lines = [Line2D([], [], color=look.colour(shown.ink), linewidth=look.line_pt) for shown in named]
    ncols = 1 + (len(named) > MOST_NAMES)
    names = [shown.name for shown in named]
    dress_legend(axes.legend(lines, names, loc="upper right", fontsize=look.font_pt - 0.5, ncols=ncols), look)


def dress_legend(legend: Legend, look: Look) -> None:
    """Give a legend the colours of the theme."""
    for text in legend.get_texts():
        text.set_color(look.tokens.text)
    legend.get_frame().set(facecolor=look.tokens.surface, edgecolor=look.tokens.border, alpha=0.85)
    legend.set_zorder(5)


def _fitted(title: str, most: int) -> str:
    """A title of so many letters; its unit stays."""
    words, stroke, unit = title.rpartition(" / ")
    if len(title) <= most or not stroke:
        return title if len(title) <= most else f"{title[: max(most - 1, 1)]}…"
    return f"{words[: max(most - len(unit) - 4, 1)]}…{stroke}{unit}"
