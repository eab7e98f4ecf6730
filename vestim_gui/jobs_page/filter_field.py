"""The filter field: filters as the user types, completes words, and reports mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PyQt6.QtCore import QStringListModel, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QCompleter, QLineEdit, QWidget

from vestim_gui.store.job_filter import Filter, FilterError, complete_filter, parse_filter
from vestim_gui.theme.style import set_style_property

TYPING_PAUSE_MS = 120
"""Pause in typing, in ms, after which the filter is applied. Arbitrary: any value from 50 to 300 works."""


class FilterField(QLineEdit):
    """The text field of the filter. rows: source of completions.

    filter_changed: a new `Filter` applies. error_changed: message on what is wrong with the text, or ""; the previous
    filter stays in effect.
    """

    filter_changed = pyqtSignal(object)
    error_changed = pyqtSignal(str)

    def __init__(self, rows: Callable[[], Iterable[dict[str, Any]]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._word_start = 0
        self.setPlaceholderText("Filter:  status:done tag:panasonic rmse<5mV")
        self.setAccessibleName("Filter of jobs")
        self.setToolTip(
            "Words of the name, or status: tag: name: note: id: target: rmse< epochs> tasks> progress< time<"
        )
        self.setClearButtonEnabled(True)
        self._completions = QStringListModel(self)
        self._completer = QCompleter(self._completions, self)
        self._completer.setWidget(self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.activated[str].connect(self._insert_completion)
        self._typing_timer = QTimer(self)
        self._typing_timer.setSingleShot(True)
        self._typing_timer.setInterval(TYPING_PAUSE_MS)
        self._typing_timer.timeout.connect(lambda: self.apply())
        self.returnPressed.connect(lambda: self.apply(is_final=True))
        self.editingFinished.connect(lambda: self.apply(is_final=True))
        self.textChanged.connect(lambda _: self._typing_timer.start())
        self.textEdited.connect(lambda _: self._offer_completions())

    def apply(self, *, is_final: bool = False) -> None:
        """Parse and apply the text. is_final: it is complete, so an unfinished word is an error."""
        self._typing_timer.stop()
        try:
            job_filter: Filter = parse_filter(self.text())
        except FilterError as error:
            if not is_final and self._completions.rowCount():
                return  # the word is still being completed
            self.error_changed.emit(error.message[:1].upper() + error.message[1:] + ".")
            set_style_property(self, "state", "error")
            return
        self.error_changed.emit("")
        set_style_property(self, "state", "")
        self.filter_changed.emit(job_filter)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Escape clears the field; with completions shown, Enter and Tab insert the marked one."""
        popup = self._completer.popup()
        if event is not None and popup is not None and popup.isVisible() and event.key() == Qt.Key.Key_Escape:
            popup.hide()
            return
        if event is not None and event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)

    def _offer_completions(self) -> None:
        self._word_start, completions = complete_filter(self.text(), self.cursorPosition(), self._rows())
        typed_text = self.text()[self._word_start : self.cursorPosition()]
        self._completions.setStringList([completion for completion in completions if completion != typed_text])
        popup = self._completer.popup()
        if self._completions.rowCount():
            self._completer.complete()
        elif popup is not None:
            popup.hide()

    def _insert_completion(self, completion: str) -> None:
        text, cursor = self.text(), self.cursorPosition()
        expects_value = completion.endswith((":", "<"))
        self.setText(text[: self._word_start] + completion + ("" if expects_value else " ") + text[cursor:].lstrip())
        self.setCursorPosition(self._word_start + len(completion) + (0 if expects_value else 1))
        if expects_value:
            QTimer.singleShot(0, self._offer_completions)
