"""The command palette: every command that can be used now, and every job, by a few letters of its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPoint, QRect, QSize, Qt
from PyQt6.QtGui import QIcon, QKeyEvent, QKeySequence, QMouseEvent, QPainter
from PyQt6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from vestim_gui.context import Context
from vestim_gui.shell.fuzzy_search import best
from vestim_gui.store.faces import STATES
from vestim_gui.theme.style import set_kind
from vestim_gui.theme.theme import Theme
from vestim_gui.widgets.plain_label import plain_label

MOST = 60
_WIDTH, _HEIGHT, _TOP = 560, 400, 64
_ROW = 34
_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_IGNORED = frozenset({"palette"})


@dataclass(frozen=True)
class Entry:
    """text: what is searched and shown. hint: at the right, keys or a state. act: what choosing it does."""

    text: str
    hint: str
    icon: QIcon
    act: Callable[[], object]


class Palette(QFrame):
    """Lies over the window until something is chosen, Escape is pressed, or the focus goes elsewhere."""

    def __init__(self, ctx: Context, over: QWidget) -> None:
        super().__init__(over)
        self._ctx = ctx
        self._over = over
        self._before: QWidget | None = None
        self._entries: list[Entry] = []
        set_kind(self, "toast")
        self.query = QLineEdit()
        self.query.setPlaceholderText("Search commands and jobs")
        self.query.setAccessibleName("Search commands and jobs")
        self.query.textChanged.connect(self._search)
        self._found = _Entries(self)
        self.results = QListView()
        set_kind(self.results, "flat")
        self.results.setModel(self._found)
        self.results.setItemDelegate(_EntryDelegate(ctx.theme, self))
        self.results.setUniformItemSizes(True)
        self.results.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.results.setAccessibleName("Commands and jobs")
        self.results.clicked.connect(self._take)
        self._nothing = plain_label("Nothing has these letters.", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        for widget in (self.query, self._nothing, self.results):
            layout.addWidget(widget)
        self.hide()

    def open(self) -> None:
        """Show it, empty, with what can be done now."""
        self._before = QApplication.focusWidget()
        self._entries = [*self._commands(), *self._jobs()]
        self.query.clear()
        self._search("")
        width = min(_WIDTH, self._over.width() - 32)
        self.setGeometry((self._over.width() - width) // 2, _TOP, width, min(_HEIGHT, self._over.height() - _TOP - 32))
        self.show()
        self.raise_()
        if (app := QApplication.instance()) is not None:
            app.installEventFilter(self)  # a click beside it closes it
        self.query.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_palette(self) -> None:
        """Hide it and give the focus back."""
        if self.isVisible():
            self.hide()
            if (app := QApplication.instance()) is not None:
                app.removeEventFilter(self)
            self._entries = []
            self._found.show_entries([])
            if self._before is not None and self._before.isVisible():
                self._before.setFocus(Qt.FocusReason.PopupFocusReason)

    def shown(self) -> list[str]:
        """Texts of what is found, best first."""
        return [entry.text for entry in self._found.entries]

    def _commands(self) -> list[Entry]:
        actions = self._ctx.actions
        usable = []
        for spec in actions.specs():
            action = actions.action(spec.id)
            if spec.id not in _IGNORED and actions.answered(spec.id) and action.isEnabled():
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                usable.append(Entry(action.text(), keys, action.icon(), action.trigger))
        return usable

    def _jobs(self) -> list[Entry]:
        icon = self._ctx.theme.icon("jobs", "muted")
        return [self._job(row, icon) for row in self._ctx.jobs.rows()]

    def _job(self, row: dict[str, Any], icon: QIcon) -> Entry:
        job_id = row["job_id"]
        glyph, word, _ = STATES.get(row["state"], ("", row["state"], ""))
        return Entry(
            row["name"] or job_id, f"{glyph} {word}", icon, lambda: self._ctx.navigate.open_job.emit(job_id, "")
        )

    def _search(self, query: str) -> None:
        self._found.show_entries(best(query, self._entries, lambda entry: entry.text, MOST))
        self._nothing.setVisible(not self._found.entries)
        self.results.setVisible(bool(self._found.entries))
        if self._found.entries:
            self.results.setCurrentIndex(self._found.index(0))

    def _take(self, index: QModelIndex) -> None:
        if index.isValid():
            entry = self._found.entries[index.row()]
            self.close_palette()
            entry.act()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Keep a click to itself, so that it is none beside it."""
        if event is not None:
            event.accept()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is None:
            return False
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(watched, QWidget):
            if watched is not self and not self.isAncestorOf(watched):
                self.close_palette()
            return False
        if watched is self.query and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key == Qt.Key.Key_Escape:
                self.close_palette()
            elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._take(self.results.currentIndex())
            elif key in _KEYS:
                QApplication.sendEvent(self.results, event)
            elif key not in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                return False
            return True
        if watched is self.query and event.type() == QEvent.Type.FocusOut and self.isVisible():
            self._before = None
            self.close_palette()
        return False


class _Entries(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []

    def show_entries(self, entries: list[Entry]) -> None:
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.entries)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return entry.text
            case Qt.ItemDataRole.DecorationRole:
                return entry.icon
            case Qt.ItemDataRole.UserRole:
                return entry.hint
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{entry.text} {entry.hint}"
        return None


class _EntryDelegate(QStyledItemDelegate):
    """Text at the left, keys or state at the right; plain text only."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(option.rect.width(), max(_ROW, option.fontMetrics.height() + 16))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        if painter is None:
            return
        self.initStyleOption(option, index)
        hint = str(index.data(Qt.ItemDataRole.UserRole) or "")
        icon = QIcon(option.icon)  # a copy: the option's own is emptied
        option.text, option.icon = "", QIcon()
        widget = option.widget
        style = widget.style() if widget is not None else QApplication.style()
        if style is not None:
            style.drawControl(style.ControlElement.CE_ItemViewItem, option, painter, widget)
        inside = option.rect.adjusted(10, 0, -10, 0)
        icon.paint(painter, QRect(QPoint(inside.left(), inside.center().y() - 8), QSize(16, 16)))
        inside.setLeft(inside.left() + 26)
        metrics, middle = option.fontMetrics, Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self._theme.colour("muted"))
        painter.drawText(inside, middle | Qt.AlignmentFlag.AlignRight, hint)
        inside.setRight(inside.right() - metrics.horizontalAdvance(hint) - 12)
        painter.setPen(self._theme.colour("text"))
        text = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside, middle | Qt.AlignmentFlag.AlignLeft, text)
