"""A layout that wraps its items into lines, like words of a text."""

from __future__ import annotations

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtWidgets import QLayout, QLayoutItem


class FlowLayout(QLayout):
    """Items keep their preferred size; the height follows from the width."""

    def __init__(self, spacing: int = 8) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem | None) -> None:
        if item is not None:
            self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        widths = [item.sizeHint().width() for item in self._visible_items()]
        width = sum(widths) + self.spacing() * max(len(widths) - 1, 0)
        return QSize(width, max((item.sizeHint().height() for item in self._visible_items()), default=0))

    def minimumSize(self) -> QSize:
        sizes = [item.minimumSize() for item in self._visible_items()]
        widest, highest = (max((size(size_px) for size_px in sizes), default=0) for size in (QSize.width, QSize.height))
        return QSize(widest, highest)

    def _visible_items(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        """Height of the items in lines as wide as `rect`, centered vertically in each line; moves them if `move`."""
        x, y, height = rect.x(), rect.y(), 0
        lines: list[list[tuple[QLayoutItem, int]]] = [[]]
        for item in self._visible_items():
            width = item.sizeHint().width()
            if lines[-1] and x + width > rect.x() + rect.width():
                lines.append([])
                x = rect.x()
            lines[-1].append((item, x))
            x += width + self.spacing()
        for index, line in enumerate(lines):
            y += height + (self.spacing() if index else 0)
            height = max((item.sizeHint().height() for item, _ in line), default=0)
            for item, x_px in line if move else ():
                size = item.sizeHint()
                item.setGeometry(QRect(x_px, y + (height - size.height()) // 2, size.width(), size.height()))
        return y + height - rect.y()
