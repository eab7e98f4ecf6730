"""The filter field: understands as one types, completes words, and says what it does not understand below itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PyQt6.QtCore import QStringListModel, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QCompleter, QLineEdit, QWidget

from vestim_gui.store.filters import Filter, FilterError, complete, parse
from vestim_gui.theme.style import set_dress

PAUSE_MS = 120


class FilterField(QLineEdit):
    """rows: where words to offer come from.

    changed: another filter is wanted, as a `Filter`. misunderstood: a sentence on what is wrong with the text, or "";
    meanwhile the filter before it stays.
    """

    changed = pyqtSignal(object)
    misunderstood = pyqtSignal(str)

    def __init__(self, rows: Callable[[], Iterable[dict[str, Any]]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._start = 0
        self.setPlaceholderText("Filter:  status:done tag:panasonic rmse<5mV")
        self.setAccessibleName("Filter of jobs")
        self.setToolTip(
            "Words of the name, or status: tag: name: note: id: target: rmse< epochs> tasks> progress< time<"
        )
        self.setClearButtonEnabled(True)
        self._offers = QStringListModel(self)
        self._completer = QCompleter(self._offers, self)
        self._completer.setWidget(self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.activated[str].connect(self._put)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(lambda: self.apply())
        self.returnPressed.connect(lambda: self.apply(final=True))
        self.editingFinished.connect(lambda: self.apply(final=True))
        self.textChanged.connect(lambda _: self._pause.start())
        self.textEdited.connect(lambda _: self._offer())

    def apply(self, *, final: bool = False) -> None:
        """Understand the text now. final: it is complete, so a word that may still become one is a mistake."""
        self._pause.stop()
        try:
            wanted: Filter = parse(self.text())
        except FilterError as error:
            if not final and self._offers.rowCount():
                return  # it is being completed
            self.misunderstood.emit(error.sentence[:1].upper() + error.sentence[1:] + ".")
            set_dress(self, "state", "error")
            return
        self.misunderstood.emit("")
        set_dress(self, "state", "")
        self.changed.emit(wanted)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Escape empties the field; with offers shown, Enter and Tab take the one that is marked."""
        popup = self._completer.popup()
        if event is not None and popup is not None and popup.isVisible() and event.key() == Qt.Key.Key_Escape:
            popup.hide()
            return
        if event is not None and event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)

    def _offer(self) -> None:
        self._start, offers = complete(self.text(), self.cursorPosition(), self._rows())
        typed = self.text()[self._start : self.cursorPosition()]
        self._offers.setStringList([offer for offer in offers if offer != typed])
        popup = self._completer.popup()
        if self._offers.rowCount():
            self._completer.complete()
        elif popup is not None:
            popup.hide()

    def _put(self, offer: str) -> None:
        text, cursor = self.text(), self.cursorPosition()
        ends = offer.endswith((":", "<"))
        self.setText(text[: self._start] + offer + ("" if ends else " ") + text[cursor:].lstrip())
        self.setCursorPosition(self._start + len(offer) + (0 if ends else 1))
        if ends:
            QTimer.singleShot(0, self._offer)
