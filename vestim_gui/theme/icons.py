"""Icons: line drawings of the assets in whatever colour, sharp at every scale."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PyQt6.QtCore import QByteArray, QSize, Qt
from PyQt6.QtGui import QIcon, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

_SIZES = (16, 20, 24, 32, 40, 48)
_OWN_COLOURS = "vestim"


def drawing(name: str, colour: str) -> bytes:
    """The SVG of an icon, its lines in `colour`."""
    text = files("vestim_assets").joinpath("icons", f"{name}.svg").read_text(encoding="utf-8")
    return text.replace("currentColor", colour).encode()


@lru_cache(maxsize=256)
def icon(name: str, colour: str, disabled: str = "") -> QIcon:
    """An icon in `colour`, and in `disabled` where it cannot be used."""
    made = QIcon()
    for size in _SIZES:
        made.addPixmap(_pixmap(name, colour, size))
        if disabled:
            made.addPixmap(_pixmap(name, disabled, size), QIcon.Mode.Disabled)
    return made


def program_icon() -> QIcon:
    """The sign of the program, in its own colours."""
    return icon(_OWN_COLOURS, "#000000")


def _pixmap(name: str, colour: str, size: int) -> QPixmap:
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(drawing(name, colour))).render(painter)
    painter.end()
    return pixmap
