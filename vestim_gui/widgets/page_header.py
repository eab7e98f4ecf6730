"""The header of a page: its title, with buttons at the right."""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QWidget

from vestim_gui.widgets.plain_label import plain_label


class PageHeader(QWidget):
    """Title on the left, widgets from `add` on the right."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = plain_label(title, "title")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self._title)
        self._row.addStretch(1)

    def set_title(self, title: str) -> None:
        """Change the title."""
        self._title.setText(title)

    def add(self, widget: QWidget) -> None:
        """Add a widget at the right end."""
        self._row.addWidget(widget)
