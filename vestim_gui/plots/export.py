"""Plots as files and on the clipboard: always in light colors, at the column and page widths of a journal.

PDF and SVG carry their fonts (TrueType in the PDF, outlines in the SVG), so they look the same everywhere. The CSV
holds every row in view, not the decimated ones.
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

from vestim_gui.plots.axis_ranges import Range, visible_x_range
from vestim_gui.plots.content import Array, Options, Panel, View, visible_rows
from vestim_gui.plots.plot_style import PlotStyle
from vestim_gui.plots.render import draw_panels, show_view
from vestim_gui.plots.smoothing import moving_mean
from vestim_gui.theme.tokens import LIGHT

COLUMN_MM = 84.0  # width of one printed column
PAGE_MM = 174.0  # width of a printed page without its margins
INCH_MM = 25.4  # mm per inch, by definition
DPI = 300  # pixels per inch of a PNG, the usual resolution for print
FONT_PT = 7.5  # points; a printed column is narrower than a plot on the screen
LINE_PT = 0.9  # points, for the same reason
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
"""File types that a plot can be saved as: text for the file dialog -> suffix and width in mm."""


def save(panels: Sequence[Panel], view: View, options: Options, path: Path, width_mm: float = PAGE_MM) -> None:
    """Write the visible part to `path` in the format of its suffix (.pdf, .svg, .png, .csv); `OSError` on failure."""
    if path.suffix.lower() == ".csv":
        content = table(panels, view, options).encode("utf-8")
    else:
        content = picture(panels, view, options, path.suffix.lower().lstrip("."), width_mm)
    path.write_bytes(content)


def picture(panels: Sequence[Panel], view: View, options: Options, kind: str, width_mm: float = PAGE_MM) -> bytes:
    """Render the visible part as the content of a file. kind: pdf, svg or png."""
    width_in = width_mm / INCH_MM
    height_in = width_in * min(0.45 + 0.2 * sum(panel.share for panel in panels), 1.3)
    figure = Figure((width_in, height_in), dpi=DPI)
    FigureCanvasAgg(figure)
    style = PlotStyle(LIGHT, options, font_pt=FONT_PT, line_pt=LINE_PT)
    drawings = draw_panels(figure, panels, style)
    show_view(drawings, view, columns=round(width_in * DPI))
    file = io.BytesIO()
    with matplotlib.rc_context(EMBEDDED):
        figure.savefig(file, format=kind, dpi=DPI, facecolor=LIGHT.surface)
    return file.getvalue()


def table(panels: Sequence[Panel], view: View, options: Options) -> str:
    """The visible part as CSV: one column for x and one per curve, or one row per category of bars."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if any(panel.bars for panel in panels):
        for panel in panels:
            writer.writerows(_bar_rows(panel))
    else:
        writer.writerows(_curve_rows(panels, visible_x_range(panels, view), options))
    return text.getvalue()


def _bar_rows(panel: Panel) -> Iterator[list[str]]:
    unit = f" / {panel.unit}" if panel.unit else ""
    yield ["", *(f"{group.name}{unit}" for group in panel.bars)]
    for index, category in enumerate(panel.categories):
        yield [category, *(_format_value(group.values[index]) for group in panel.bars)]


def _curve_rows(panels: Sequence[Panel], x_range: Range, options: Options) -> Iterator[list[str]]:
    """Yield CSV rows: curves that share x side by side, others aligned on the union of their x."""
    columns: list[tuple[str, Array, Array]] = []
    for panel in panels:
        quantity = f" ({panel.title})"
        for curve in panel.curves:
            rows = visible_rows(curve, x_range)
            columns.append((curve.name + quantity, curve.x[rows], curve.y[rows]))
            if options.smooth and curve.smoothable:
                columns.append((f"{curve.name}, smoothed{quantity}", curve.x[rows], moving_mean(curve.y)[rows]))
    yield [panels[-1].x_label or "x", *(name for name, _, _ in columns)]
    if not columns:
        return
    x = columns[0][1]
    if all(np.array_equal(x, curve_x) for _, curve_x, _ in columns):
        values = [y for _, _, y in columns]
    else:
        x = np.unique(np.concatenate([curve_x for _, curve_x, _ in columns]))
        values = [_align_rows(x, curve_x, y) for _, curve_x, y in columns]
    for row in zip(x.tolist(), *(column.tolist() for column in values), strict=True):
        yield [_format_value(value) for value in row]


def _align_rows(x: Array, own_x: Array, y: Array) -> Array:
    """Align y (m,) at `own_x` (m,) with the common x (n,); NaN elsewhere."""
    column = np.full(len(x), np.nan)
    column[np.searchsorted(x, own_x)] = y
    return column


def _format_value(value: float) -> str:
    return "" if value != value else f"{value:.10g}"
