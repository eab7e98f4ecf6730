"""Plots as files and on the clipboard: always in light colours, at the widths of a printed column.

PDF and SVG hold their fonts (TrueType in the PDF, outlines in the SVG), so that they look the same everywhere. The CSV
holds every row in sight, not the decimated ones.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vestim_gui.plots.content import Array, Options, Panel, View, in_sight
from vestim_gui.plots.look import Look
from vestim_gui.plots.ranges import Range, x_shown
from vestim_gui.plots.render import draw_panels, show_part
from vestim_gui.plots.smooth import smoothed
from vestim_gui.theme.tokens import LIGHT

COLUMN_MM = 84.0
PAGE_MM = 174.0
INCH_MM = 25.4
DPI = 300
FONT_PT = 7.5
LINE_PT = 0.9
EMBEDDED: Any = {"pdf.fonttype": 42, "svg.fonttype": "path"}
FILE_TYPES: dict[str, tuple[str, float]] = {
    "PDF, page width 174 mm (*.pdf)": (".pdf", PAGE_MM),
    "PDF, column width 84 mm (*.pdf)": (".pdf", COLUMN_MM),
    "SVG, page width 174 mm (*.svg)": (".svg", PAGE_MM),
    "SVG, column width 84 mm (*.svg)": (".svg", COLUMN_MM),
    "PNG, page width 174 mm (*.png)": (".png", PAGE_MM),
    "PNG, column width 84 mm (*.png)": (".png", COLUMN_MM),
    "CSV of what is shown (*.csv)": (".csv", 0.0),
}
"""What a plot can be saved as: in words for a file dialog, with ending and width in mm."""


def save(panels: Sequence[Panel], view: View, options: Options, path: Path, width_mm: float = PAGE_MM) -> None:
    """Write what is in sight to `path`, as its ending says (.pdf, .svg, .png, .csv); `OSError` where that fails."""
    if path.suffix.lower() == ".csv":
        content = table(panels, view, options).encode("utf-8")
    else:
        content = picture(panels, view, options, path.suffix.lower().lstrip("."), width_mm)
    path.write_bytes(content)


def picture(panels: Sequence[Panel], view: View, options: Options, kind: str, width_mm: float = PAGE_MM) -> bytes:
    """What is in sight as the bytes of a file. kind: pdf, svg or png."""
    width_in = width_mm / INCH_MM
    height_in = width_in * min(0.45 + 0.2 * sum(panel.share for panel in panels), 1.3)
    figure = Figure((width_in, height_in), dpi=DPI)
    FigureCanvasAgg(figure)
    look = Look(LIGHT, options, font_pt=FONT_PT, line_pt=LINE_PT)
    drawings = draw_panels(figure, panels, look)
    show_part(drawings, view, columns=round(width_in * DPI))
    file = io.BytesIO()
    with matplotlib.rc_context(EMBEDDED):
        figure.savefig(file, format=kind, dpi=DPI, facecolor=LIGHT.surface)
    return file.getvalue()


def table(panels: Sequence[Panel], view: View, options: Options) -> str:
    """What is in sight as CSV: one column for x, one for each curve, or one row for each bar's category."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if any(panel.bars for panel in panels):
        for panel in panels:
            writer.writerows(_bar_rows(panel))
    else:
        writer.writerows(_curve_rows(panels, x_shown(panels, view), options))
    return text.getvalue()


def _bar_rows(panel: Panel) -> Iterator[list[str]]:
    unit = f" / {panel.unit}" if panel.unit else ""
    yield ["", *(f"{group.name}{unit}" for group in panel.bars)]
    for number, category in enumerate(panel.categories):
        yield [category, *(_written(group.values[number]) for group in panel.bars)]


def _curve_rows(panels: Sequence[Panel], x_range: Range, options: Options) -> Iterator[list[str]]:
    """Rows of curves that share their x stand side by side; of others, at the x that they have."""
    columns: list[tuple[str, Array, Array]] = []
    for panel in panels:
        quantity = f" ({panel.title})"
        for shown in panel.curves:
            rows = in_sight(shown, x_range)
            columns.append((shown.name + quantity, shown.x[rows], shown.y[rows]))
            if options.smooth and shown.smoothable:
                columns.append((f"{shown.name}, smoothed{quantity}", shown.x[rows], smoothed(shown.y)[rows]))
    yield [panels[-1].x_label or "x", *(name for name, _, _ in columns)]
    if not columns:
        return
    x = columns[0][1]
    if all(np.array_equal(x, other) for _, other, _ in columns):
        values = [y for _, _, y in columns]
    else:
        x = np.unique(np.concatenate([other for _, other, _ in columns]))
        values = [_placed(x, other, y) for _, other, y in columns]
    for row in zip(x.tolist(), *(column.tolist() for column in values), strict=True):
        yield [_written(value) for value in row]


def _placed(x: Array, own: Array, y: Array) -> Array:
    """y (m,) at the rows of its own x (m,) within a common x (n,), NaN elsewhere."""
    column = np.full(len(x), np.nan)
    column[np.searchsorted(x, own)] = y
    return column


def _written(value: float) -> str:
    return "" if value != value else f"{value:.10g}"
