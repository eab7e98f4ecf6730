"""Icons: line drawings of the assets in whatever colour, sharp at every scale."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PyQt6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

_OWN_COLOURS = "vestim"


@lru_cache(maxsize=256)
def drawing(name: str, colour: str) -> bytes:
    """The SVG of an icon, its lines in `colour`."""
    text = files("vestim_assets").joinpath("icons", f"{name}.svg").read_text(encoding="utf-8")
    return text.replace("currentColor", colour).encode()


def icon(name: str, colour: str, disabled: str = "") -> QIcon:
    """An icon in `colour`, and in `disabled` where it cannot be used. Nothing is drawn before it is shown."""
    return QIcon(_Drawn(name, colour, disabled or colour))


def program_icon() -> QIcon:
    """The sign of the program, in its own colours, at the sizes that desktops ask for."""
    sign = QIcon()
    for size in (16, 24, 32, 48, 64, 128):
        sign.addPixmap(_Drawn(_OWN_COLOURS, "#000000", "#000000").drawn(size, QIcon.Mode.Normal))
    return sign


class _Drawn(QIconEngine):
    """Draws itself at the size that is asked for."""

    def __init__(self, name: str, colour: str, disabled: str) -> None:
        super().__init__()
        self._name, self._colour, self._disabled = name, colour, disabled

    def clone(self) -> QIconEngine:
        return _Drawn(self._name, self._colour, self._disabled)

    def paint(self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, _: QIcon.State) -> None:
        colour = self._disabled if mode is QIcon.Mode.Disabled else self._colour
        QSvgRenderer(QByteArray(drawing(self._name, colour))).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def drawn(self, size: int, mode: QIcon.Mode) -> QPixmap:
        """A square picture."""
        return self.pixmap(QSize(size, size), mode, QIcon.State.Off)
