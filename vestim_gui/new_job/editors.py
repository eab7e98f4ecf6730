"""Editors of single fields: line, choice, switch, multiple lines. Each takes and returns a document's value."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QModelIndex, QStringListModel, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PyQt6.QtWidgets import QCheckBox, QComboBox, QCompleter, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from vestim_gui.new_job.field_values import MISSING, format_value, json_text, mapping_text, parse_field_text
from vestim_gui.new_job.form_schema import FieldKind, FieldSchema, kind_title

TEXT_LINES = 3  # visible lines; longer texts scroll


class Editor(QWidget):
    """Base of all editors. changed: edited by the user. core: the widget that takes the focus and shows errors."""

    changed = pyqtSignal()
    core: QWidget
    _displayed: tuple[str, Any] = ("", MISSING)  # text and value as last set

    def value(self) -> Any:
        """The document's value; MISSING if the field is empty."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a document's value."""
        raise NotImplementedError

    def _parse(self, text: str, schema: FieldSchema) -> Any:
        """The value of a text; the original value while the text is unchanged."""
        return self._displayed[1] if text == self._displayed[0] else parse_field_text(text, schema)

    def _add_widget(self, core: QWidget) -> None:
        self.core = core
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(core)
        self.setFocusProxy(core)


class LineEditor(Editor):
    """Numbers, words and lists of them as one line of text. columns: names offered for completion."""

    def __init__(self, schema: FieldSchema, columns: QStringListModel | None = None) -> None:
        super().__init__()
        self._schema = schema
        self._line = QLineEdit()
        self._line.setPlaceholderText(format_value(schema.default))
        self._line.textEdited.connect(lambda _: self.changed.emit())
        if columns is not None and schema.is_text:
            completer = _ColumnCompleter(columns, self)
            completer.activated.connect(lambda _: self.changed.emit())
            self._line.setCompleter(completer)
        self._add_widget(self._line)

    def value(self) -> Any:
        value = self._parse(self._line.text(), self._schema)
        if self._schema.kind is FieldKind.LIST and not self._schema.in_grid and isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    def set_value(self, value: Any) -> None:
        self._displayed = (format_value(value), value)
        if self._displayed[0] != self._line.text():
            self._line.setText(self._displayed[0])
            self._line.setCursorPosition(0)


class _ColumnCompleter(QCompleter):
    """Completes the last name in a comma-separated list."""

    def __init__(self, columns: QStringListModel, parent: QWidget) -> None:
        super().__init__(columns, parent)
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setFilterMode(Qt.MatchFlag.MatchContains)

    def splitPath(self, path: str | None) -> list[str]:
        return [(path or "").rpartition(",")[2].strip()]

    def pathFromIndex(self, index: QModelIndex) -> str:
        line = self.widget()
        text = line.text() if isinstance(line, QLineEdit) else ""
        head, comma, _ = text.rpartition(",")
        return f"{head}{comma} {super().pathFromIndex(index)}" if comma else super().pathFromIndex(index)


class ChoiceEditor(Editor):
    """One of several choices; within a grid, several may be typed with commas between them."""

    def __init__(self, schema: FieldSchema, titles: dict[str, str] | None = None) -> None:
        super().__init__()
        self._schema = schema
        self._box = _ChoiceBox()
        self._box.setEditable(schema.in_grid)
        self._box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for choice in schema.choices:
            self._box.addItem(choice if schema.in_grid else (titles or {}).get(choice, choice), choice)
        if (line := self._box.lineEdit()) is not None:
            line.setStyleSheet("border: none; padding: 0; background: transparent;")
            line.setPlaceholderText(format_value(schema.default))
            line.setCompleter(None)
            line.textEdited.connect(lambda _: self.changed.emit())
            self._box.setCurrentIndex(-1)
        else:
            self._box.setCurrentIndex(self._index_of(format_value(schema.default)))
        self._box.activated.connect(lambda _: self.changed.emit())
        self._add_widget(self._box)

    def value(self) -> Any:
        if self._schema.in_grid:
            return self._parse(self._box.currentText(), self._schema)
        choice = self._box.currentData()
        return MISSING if choice is None or choice == format_value(self._schema.default) else choice

    def set_value(self, value: Any) -> None:
        text = format_value(self._schema.default if value is MISSING and not self._schema.in_grid else value)
        if self._schema.in_grid:
            self._displayed = (text, value)
            index = self._index_of(text)
            self._box.setCurrentIndex(index)
            if index < 0:
                self._box.setEditText(text)
            return
        if text and self._index_of(text) < 0:  # a document may hold any value; its problem is shown beside the field
            self._box.addItem(text, text)
        self._box.setCurrentIndex(self._index_of(text))

    def _index_of(self, choice: str) -> int:
        return self._box.findData(choice)


class _ChoiceBox(QComboBox):
    """A combo box that ignores the wheel, which scrolls the page."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if event is not None:
            event.ignore()


class SwitchEditor(Editor):
    """A check box for true and false."""

    def __init__(self, schema: FieldSchema) -> None:
        super().__init__()
        self._schema = schema
        self._invalid_value: Any = None
        self._box = QCheckBox("")
        self._box.setChecked(schema.default is True)
        self._box.clicked.connect(self._toggle)
        self._add_widget(self._box)

    def value(self) -> Any:
        if self._invalid_value is not None:
            return self._invalid_value
        return MISSING if self._box.isChecked() is (self._schema.default is True) else self._box.isChecked()

    def set_value(self, value: Any) -> None:
        shown_value = self._schema.default if value is MISSING else value
        self._invalid_value = None if isinstance(shown_value, bool) else shown_value
        self._box.setChecked(str(shown_value).lower() == "true")

    def _toggle(self) -> None:
        self._invalid_value = None
        self.changed.emit()


class TextEditor(Editor):
    """Multiple lines: a mapping as `name = value`, anything else as JSON."""

    def __init__(self, schema: FieldSchema) -> None:
        super().__init__()
        self._schema = schema
        self._box = _MultilineEdit()
        self._box.setPlaceholderText("name = value" if schema.kind is FieldKind.MAPPING else "")
        self._box.setFixedHeight(self._box.fontMetrics().lineSpacing() * TEXT_LINES + 16)
        self._box.textChanged.connect(self.changed)
        self._add_widget(self._box)

    def value(self) -> Any:
        return self._parse(self._box.toPlainText(), self._schema)

    def set_value(self, value: Any) -> None:
        is_empty = value is MISSING or value in ({}, [])
        text = "" if is_empty else mapping_text(value) if self._schema.kind is FieldKind.MAPPING else json_text(value)
        self._displayed = (text, value)
        if text != self._box.toPlainText():
            self._box.blockSignals(True)
            self._box.setPlainText(text)
            self._box.blockSignals(False)


class _MultilineEdit(QPlainTextEdit):
    """A text field in which Tab moves to the next field."""

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
            event.ignore()  # Ctrl+Return starts the job
            return
        super().keyPressEvent(event)


def editor_for(schema: FieldSchema, columns: QStringListModel | None = None) -> Editor:
    """The editor of a field that is not a section."""
    match schema.kind:
        case FieldKind.CHOICE:
            return ChoiceEditor(schema, {choice: kind_title(choice) for choice in schema.choices})
        case FieldKind.SWITCH:
            return SwitchEditor(schema)
        case FieldKind.NUMBER | FieldKind.TEXT | FieldKind.LIST:
            return LineEditor(schema, columns)
    return TextEditor(schema)
