"""Icons: SVG line drawings from the assets in any color, sharp at every scale."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PyQt6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

_PROGRAM_ICON = "vestim"


@lru_cache(maxsize=256)
def icon_svg(name: str, color: str) -> bytes:
    """The SVG of an icon with its lines in `color`."""
    text = files("vestim_assets").joinpath("icons", f"{name}.svg").read_text(encoding="utf-8")
    return text.replace("currentColor", color).encode()


def icon(name: str, color: str, disabled: str = "") -> QIcon:
    """An icon in `color`, and in `disabled` while disabled. It is rendered on demand."""
    return QIcon(_SvgIconEngine(name, color, disabled or color))


def program_icon() -> QIcon:
    """The program's icon in its own colors, at the sizes that desktops ask for."""
    program = QIcon()
    for size in (16, 24, 32, 48, 64, 128):
        program.addPixmap(_SvgIconEngine(_PROGRAM_ICON, "#000000", "#000000").square_pixmap(size, QIcon.Mode.Normal))
    return program


class _SvgIconEngine(QIconEngine):
    """Renders an SVG at the requested size."""

    def __init__(self, name: str, color: str, disabled: str) -> None:
        super().__init__()
        self._name, self._color, self._disabled = name, color, disabled

    def clone(self) -> QIconEngine:
        return _SvgIconEngine(self._name, self._color, self._disabled)

    def paint(self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, _: QIcon.State) -> None:
        color = self._disabled if mode is QIcon.Mode.Disabled else self._color
        QSvgRenderer(QByteArray(icon_svg(self._name, color))).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def square_pixmap(self, size: int, mode: QIcon.Mode) -> QPixmap:
        """A square pixmap."""
        return self.pixmap(QSize(size, size), mode, QIcon.State.Off)
