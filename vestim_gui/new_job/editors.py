"""What one field is edited with: a line, a choice, a switch, several lines. Each takes and gives a document's value."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QModelIndex, QStringListModel, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PyQt6.QtWidgets import QCheckBox, QComboBox, QCompleter, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from vestim_gui.new_job.shape import FieldShape, Kind, kind_title
from vestim_gui.new_job.values import MISSING, json_text, mapping_text, text_of, value_of

LINES = 3


class Editor(QWidget):
    """changed: the user has typed or chosen something. `core` is the widget that has the focus and shows errors."""

    changed = pyqtSignal()
    core: QWidget
    _given: tuple[str, Any] = ("", MISSING)

    def value(self) -> Any:
        """What the document holds; MISSING where the field is left empty."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value of a document."""
        raise NotImplementedError

    def _read(self, text: str, shape: FieldShape) -> Any:
        """The value that a text stands for: the very one that was shown, while the text is what it was."""
        return self._given[1] if text == self._given[0] else value_of(text, shape)

    def _hold(self, core: QWidget) -> None:
        self.core = core
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(core)
        self.setFocusProxy(core)


class LineEditor(Editor):
    """Numbers, words and lists of them, as they are typed. columns: names that are offered while words are typed."""

    def __init__(self, shape: FieldShape, columns: QStringListModel | None = None) -> None:
        super().__init__()
        self._shape = shape
        self._line = QLineEdit()
        self._line.setPlaceholderText(text_of(shape.default))
        self._line.textEdited.connect(lambda _: self.changed.emit())
        if columns is not None and shape.as_text:
            completer = _ColumnCompleter(columns, self)
            completer.activated.connect(lambda _: self.changed.emit())
            self._line.setCompleter(completer)
        self._hold(self._line)

    def value(self) -> Any:
        value = self._read(self._line.text(), self._shape)
        if self._shape.kind is Kind.LIST and not self._shape.grid and isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    def set_value(self, value: Any) -> None:
        self._given = (text_of(value), value)
        if self._given[0] != self._line.text():
            self._line.setText(self._given[0])
            self._line.setCursorPosition(0)


class _ColumnCompleter(QCompleter):
    """Completes the last name of a list of names."""

    def __init__(self, columns: QStringListModel, parent: QWidget) -> None:
        super().__init__(columns, parent)
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setFilterMode(Qt.MatchFlag.MatchContains)

    def splitPath(self, path: str | None) -> list[str]:
        return [(path or "").rpartition(",")[2].strip()]

    def pathFromIndex(self, index: QModelIndex) -> str:
        line = self.widget()
        typed = line.text() if isinstance(line, QLineEdit) else ""
        head, comma, _ = typed.rpartition(",")
        return f"{head}{comma} {super().pathFromIndex(index)}" if comma else super().pathFromIndex(index)


class ChoiceEditor(Editor):
    """One of a few words; in a grid several may be typed, with commas between them."""

    def __init__(self, shape: FieldShape, titles: dict[str, str] | None = None) -> None:
        super().__init__()
        self._shape = shape
        self._box = _Choice()
        self._box.setEditable(shape.grid)
        self._box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for word in shape.choices:
            self._box.addItem(word if shape.grid else (titles or {}).get(word, word), word)
        if (line := self._box.lineEdit()) is not None:
            line.setStyleSheet("border: none; padding: 0; background: transparent;")
            line.setPlaceholderText(text_of(shape.default))
            line.setCompleter(None)
            line.textEdited.connect(lambda _: self.changed.emit())
            self._box.setCurrentIndex(-1)
        else:
            self._box.setCurrentIndex(self._place(text_of(shape.default)))
        self._box.activated.connect(lambda _: self.changed.emit())
        self._hold(self._box)

    def value(self) -> Any:
        if self._shape.grid:
            return self._read(self._box.currentText(), self._shape)
        word = self._box.currentData()
        return MISSING if word is None or word == text_of(self._shape.default) else word

    def set_value(self, value: Any) -> None:
        text = text_of(self._shape.default if value is MISSING and not self._shape.grid else value)
        if self._shape.grid:
            self._given = (text, value)
            place = self._place(text)
            self._box.setCurrentIndex(place)
            if place < 0:
                self._box.setEditText(text)
            return
        if text and self._place(text) < 0:  # a document may hold anything; what is wrong with it is said beside
            self._box.addItem(text, text)
        self._box.setCurrentIndex(self._place(text))

    def _place(self, word: str) -> int:
        return self._box.findData(word)


class _Choice(QComboBox):
    """Does not change under a wheel that scrolls the page."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if event is not None:
            event.ignore()


class SwitchEditor(Editor):
    """Yes or no."""

    def __init__(self, shape: FieldShape) -> None:
        super().__init__()
        self._shape = shape
        self._other: Any = None
        self._box = QCheckBox("")
        self._box.setChecked(shape.default is True)
        self._box.clicked.connect(self._clicked)
        self._hold(self._box)

    def value(self) -> Any:
        if self._other is not None:
            return self._other
        return MISSING if self._box.isChecked() is (self._shape.default is True) else self._box.isChecked()

    def set_value(self, value: Any) -> None:
        given = self._shape.default if value is MISSING else value
        self._other = None if isinstance(given, bool) else given
        self._box.setChecked(str(given).lower() == "true")

    def _clicked(self) -> None:
        self._other = None
        self.changed.emit()


class TextEditor(Editor):
    """Several lines: a mapping as `name = value`, anything else as JSON."""

    def __init__(self, shape: FieldShape) -> None:
        super().__init__()
        self._shape = shape
        self._box = _Lines()
        self._box.setPlaceholderText("name = value" if shape.kind is Kind.MAPPING else "")
        self._box.setFixedHeight(self._box.fontMetrics().lineSpacing() * LINES + 16)
        self._box.textChanged.connect(self.changed)
        self._hold(self._box)

    def value(self) -> Any:
        return self._read(self._box.toPlainText(), self._shape)

    def set_value(self, value: Any) -> None:
        empty = value is MISSING or value in ({}, [])
        text = "" if empty else mapping_text(value) if self._shape.kind is Kind.MAPPING else json_text(value)
        self._given = (text, value)
        if text != self._box.toPlainText():
            self._box.blockSignals(True)
            self._box.setPlainText(text)
            self._box.blockSignals(False)


class _Lines(QPlainTextEdit):
    """Tab goes on to the next field."""

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        super().focusInEvent(event)
        self.ensureCursorVisible()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if (
            event is not None
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
            and event.key()
            in (
                Qt.Key.Key_Return,
                Qt.Key.Key_Enter,
            )
        ):
            event.ignore()  # starts the job
            return
        super().keyPressEvent(event)


def editor_for(shape: FieldShape, columns: QStringListModel | None = None) -> Editor:
    """The editor of a field that is no section."""
    match shape.kind:
        case Kind.CHOICE:
            return ChoiceEditor(shape, {word: kind_title(word) for word in shape.choices})
        case Kind.SWITCH:
            return SwitchEditor(shape)
        case Kind.NUMBER | Kind.TEXT | Kind.LIST:
            return LineEditor(shape, columns)
    return TextEditor(shape)
