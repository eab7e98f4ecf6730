"""Readout: values of the curves at the pointer, in a small box beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from vestim_gui.plots.content import Ink, Panel
from vestim_gui.plots.plot_style import PlotStyle

MAX_LINES = 8  # curves in the box, which then still fits a small plot
PADDING_PX, OFFSET_PX, CORNER_PX = 6.0, 12.0, 4.0  # inside the box, to the pointer, radius of its corners


@dataclass(frozen=True)
class ReadoutLine:
    """One line of the box."""

    text: str
    ink: Ink


def readout_lines(panels: Sequence[Panel], x: float) -> list[ReadoutLine]:
    """x, then each curve's value in the row nearest to it; curves without a value there are left out."""
    lines: list[ReadoutLine] = []
    nearest = x
    for panel in panels:
        for curve in panel.curves:
            if not len(curve.x) or not curve.x[0] <= x <= curve.x[-1]:
                continue
            row = int(np.searchsorted(curve.x, x))
            row = row - 1 if row > 0 and x - curve.x[row - 1] < curve.x[min(row, len(curve.x) - 1)] - x else row
            if math.isfinite(curve.y[row]):
                nearest = float(curve.x[row])
                lines.append(ReadoutLine(f"{curve.name} {float(curve.y[row]):.4g} {panel.unit}".rstrip(), curve.ink))
    if not lines:
        return []
    name, _, unit = panels[-1].x_label.partition(" / ")
    return [ReadoutLine(f"{name} {nearest:.6g} {unit}".strip(), "muted"), *lines[:MAX_LINES]]


def paint_readout(
    painter: QPainter, lines: Sequence[ReadoutLine], position: QPointF, bounds: QRectF, style: PlotStyle
) -> None:
    """Paint the box beside `position`, within `bounds`."""
    metrics = painter.fontMetrics()
    width = max(metrics.horizontalAdvance(line.text) for line in lines) + 2 * PADDING_PX
    height = metrics.height() * len(lines) + 2 * PADDING_PX
    x = (
        position.x() + OFFSET_PX
        if position.x() + OFFSET_PX + width <= bounds.right()
        else position.x() - OFFSET_PX - width
    )
    top = min(max(position.y() - height / 2, bounds.top()), bounds.bottom() - height)
    painter.setPen(QPen(QColor(style.tokens.border), 1.0))
    painter.drawLine(QPointF(position.x(), bounds.top()), QPointF(position.x(), bounds.bottom()))
    painter.setBrush(QColor(style.tokens.surface))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawRoundedRect(QRectF(x, top, width, height), CORNER_PX, CORNER_PX)
    for index, line in enumerate(lines):
        painter.setPen(QColor(style.color(line.ink)))
        box = QRectF(x + PADDING_PX, top + PADDING_PX + index * metrics.height(), width, metrics.height())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), line.text)
