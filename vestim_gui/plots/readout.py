"""Readout: the values of the curves where the pointer is, in a small box beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from vestim_gui.plots.content import Ink, Panel
from vestim_gui.plots.look import Look

MOST = 8
PADDING_PX, BESIDE_PX, ROUND_PX = 6.0, 12.0, 4.0


@dataclass(frozen=True)
class Line:
    """One line of the box."""

    text: str
    ink: Ink


def readout(panels: Sequence[Panel], x: float) -> list[Line]:
    """x, and of each curve the value of the row that is nearest to it; curves that have none there are left out."""
    lines: list[Line] = []
    nearest = x
    for panel in panels:
        for shown in panel.curves:
            if not len(shown.x) or not shown.x[0] <= x <= shown.x[-1]:
                continue
            row = int(np.searchsorted(shown.x, x))
            row = row - 1 if row > 0 and x - shown.x[row - 1] < shown.x[min(row, len(shown.x) - 1)] - x else row
            if math.isfinite(shown.y[row]):
                nearest = float(shown.x[row])
                lines.append(Line(f"{shown.name} {float(shown.y[row]):.4g} {panel.unit}".rstrip(), shown.ink))
    if not lines:
        return []
    name, _, unit = panels[-1].x_label.partition(" / ")
    return [Line(f"{name} {nearest:.6g} {unit}".strip(), "muted"), *lines[:MOST]]


def paint_readout(painter: QPainter, lines: Sequence[Line], at: QPointF, room: QRectF, look: Look) -> None:
    """Paint the box beside `at`, within `room`."""
    metrics = painter.fontMetrics()
    width = max(metrics.horizontalAdvance(line.text) for line in lines) + 2 * PADDING_PX
    height = metrics.height() * len(lines) + 2 * PADDING_PX
    left = at.x() + BESIDE_PX if at.x() + BESIDE_PX + width <= room.right() else at.x() - BESIDE_PX - width
    top = min(max(at.y() - height / 2, room.top()), room.bottom() - height)
    painter.setPen(QPen(QColor(look.tokens.border), 1.0))
    painter.drawLine(QPointF(at.x(), room.top()), QPointF(at.x(), room.bottom()))
    painter.setBrush(QColor(look.tokens.surface))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawRoundedRect(QRectF(left, top, width, height), ROUND_PX, ROUND_PX)
    for place, line in enumerate(lines):
        painter.setPen(QColor(look.colour(line.ink)))
        box = QRectF(left + PADDING_PX, top + PADDING_PX + place * metrics.height(), width, metrics.height())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), line.text)
