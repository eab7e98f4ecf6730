"""A label that shortens a text which does not fit, and shows all of it when pointed at."""

from __future__ import annotations

from html import escape

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QLabel, QSizePolicy, QStyle, QStyleOption, QStylePainter, QWidget

from vestim_gui.theme.style import set_kind

_LEAST_CHARACTERS = 6


class ElidedLabel(QLabel):
    """One line of plain text; `text()` gives all of it."""

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
        self._show_whole_where_short()

    def minimumSizeHint(self) -> QSize:
        whole = super().minimumSizeHint()
        return QSize(min(whole.width(), self.fontMetrics().averageCharWidth() * _LEAST_CHARACTERS), whole.height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._show_whole_where_short()

    def paintEvent(self, _: QPaintEvent | None) -> None:
        painter, option = QStylePainter(self), QStyleOption()
        option.initFrom(self)
        painter.drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option)
        painter.setPen(option.palette.windowText().color())
        painter.drawText(self.contentsRect(), int(self.alignment()), self._shown())

    def _shown(self) -> str:
        line = self.text().replace("\n", " ")
        return self.fontMetrics().elidedText(line, self._mode, self.contentsRect().width())

    def _show_whole_where_short(self) -> None:
        text = self.text()
        # a tool tip that starts with a tag would be read as markup
        self.setToolTip(f"<qt>{escape(text)}</qt>" if self._shown() != text else "")
