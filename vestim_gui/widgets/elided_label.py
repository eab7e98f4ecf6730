"""A label that elides text too long for it and shows the full text as a tooltip."""

from __future__ import annotations

from html import escape

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QLabel, QSizePolicy, QStyle, QStyleOption, QStylePainter, QWidget

from vestim_gui.theme.style import set_kind

_MIN_CHARACTERS = 6  # minimum width, enough to recognize a word


class ElidedLabel(QLabel):
    """One line of plain text; `text()` returns the full text."""

    def __init__(
        self,
        text: str = "",
        kind: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._mode = mode
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if kind:
            set_kind(self, kind)
        self.setText(text)

    def setText(self, text: str | None) -> None:
        super().setText(text)
        self.setAccessibleName(text or "")
        self._update_tooltip()

    def minimumSizeHint(self) -> QSize:
        full_size = super().minimumSizeHint()
        return QSize(
            min(full_size.width(), self.fontMetrics().averageCharWidth() * _MIN_CHARACTERS), full_size.height()
        )

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._update_tooltip()

    def paintEvent(self, _: QPaintEvent | None) -> None:
        painter, option = QStylePainter(self), QStyleOption()
        option.initFrom(self)
        painter.drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option)
        painter.setPen(option.palette.windowText().color())
        painter.drawText(self.contentsRect(), int(self.alignment()), self._elided_text())

    def _elided_text(self) -> str:
        line = self.text().replace("\n", " ")
        return self.fontMetrics().elidedText(line, self._mode, self.contentsRect().width())

    def _update_tooltip(self) -> None:
        text = self.text()
        # Qt reads a tooltip that starts with a tag as markup
        self.setToolTip(f"<qt>{escape(text)}</qt>" if self._elided_text() != text else "")
