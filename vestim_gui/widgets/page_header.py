"""The line on top of a page: its title, and what can be done on it at the right."""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QWidget

from vestim_gui.widgets.plain_label import plain_label


class PageHeader(QWidget):
    """`add` puts a widget at the right end."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = plain_label(title, "title")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self._title)
        self._row.addStretch(1)

    def set_title(self, title: str) -> None:
        """Name the page anew."""
        self._title.setText(title)

    def add(self, widget: QWidget) -> None:
        """Put a widget at the right end."""
        self._row.addWidget(widget)
