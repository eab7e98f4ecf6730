"""The command palette: finds every enabled command and every job by a few letters of its name."""

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
from vestim_gui.shell.fuzzy_search import best_matches
from vestim_gui.store.job_presenter import STATES
from vestim_gui.theme.style import set_kind
from vestim_gui.theme.theme import Theme
from vestim_gui.widgets.plain_label import plain_label

MAX_RESULTS = 60  # results listed; arbitrary, any value from 20 to 200 works
_WIDTH_PX, _HEIGHT_PX, _TOP_PX = 560, 400, 64  # most that it takes, and its distance from the window's top
_ROW_PX = 34  # least height of a row; arbitrary, any value from 28 to 40 works
_LIST_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_EXCLUDED_ACTIONS = frozenset({"palette"})


@dataclass(frozen=True)
class Entry:
    """One result. text: searched and shown. hint: right-aligned, keys or a state. run: executed when chosen."""

    text: str
    hint: str
    icon: QIcon
    run: Callable[[], object]


class CommandPalette(QFrame):
    """Overlays the window until an entry is chosen, Escape is pressed, or the focus moves elsewhere."""

    def __init__(self, ctx: Context, window: QWidget) -> None:
        super().__init__(window)
        self._ctx = ctx
        self._window = window
        self._previous_focus: QWidget | None = None
        self._entries: list[Entry] = []
        set_kind(self, "toast")
        self.query = QLineEdit()
        self.query.setPlaceholderText("Search commands and jobs")
        self.query.setAccessibleName("Search commands and jobs")
        self.query.textChanged.connect(self._search)
        self._matches = _EntryModel(self)
        self.results = QListView()
        set_kind(self.results, "flat")
        self.results.setModel(self._matches)
        self.results.setItemDelegate(_EntryDelegate(ctx.theme, self))
        self.results.setUniformItemSizes(True)
        self.results.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.results.setAccessibleName("Commands and jobs")
        self.results.clicked.connect(self._run_entry)
        self._no_match_label = plain_label("Nothing has these letters.", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        for widget in (self.query, self._no_match_label, self.results):
            layout.addWidget(widget)
        self.hide()

    def open(self) -> None:
        """Show it, empty, with everything that can be done now."""
        self._previous_focus = QApplication.focusWidget()
        self._entries = [*self._commands(), *self._jobs()]
        self.query.clear()
        self._search("")
        width = min(_WIDTH_PX, self._window.width() - 32)
        self.setGeometry(
            (self._window.width() - width) // 2, _TOP_PX, width, min(_HEIGHT_PX, self._window.height() - _TOP_PX - 32)
        )
        self.show()
        self.raise_()
        if (app := QApplication.instance()) is not None:
            app.installEventFilter(self)  # a click outside closes it
        self.query.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_palette(self) -> None:
        """Hide it and return the focus."""
        if self.isVisible():
            self.hide()
            if (app := QApplication.instance()) is not None:
                app.removeEventFilter(self)
            self._entries = []
            self._matches.show_entries([])
            if self._previous_focus is not None and self._previous_focus.isVisible():
                self._previous_focus.setFocus(Qt.FocusReason.PopupFocusReason)

    def visible_texts(self) -> list[str]:
        """Texts of the matches, best first."""
        return [entry.text for entry in self._matches.entries]

    def _commands(self) -> list[Entry]:
        actions = self._ctx.actions
        entries = []
        for spec in actions.specs():
            action = actions.action(spec.id)
            if spec.id not in _EXCLUDED_ACTIONS and actions.has_handler(spec.id) and action.isEnabled():
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                entries.append(Entry(action.text(), keys, action.icon(), action.trigger))
        return entries

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
        self._matches.show_entries(best_matches(query, self._entries, lambda entry: entry.text, MAX_RESULTS))
        self._no_match_label.setVisible(not self._matches.entries)
        self.results.setVisible(bool(self._matches.entries))
        if self._matches.entries:
            self.results.setCurrentIndex(self._matches.index(0))

    def _run_entry(self, index: QModelIndex) -> None:
        if index.isValid():
            entry = self._matches.entries[index.row()]
            self.close_palette()
            entry.run()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Accept a click, so that it does not count as one outside."""
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
                self._run_entry(self.results.currentIndex())
            elif key in _LIST_KEYS:
                QApplication.sendEvent(self.results, event)
            elif key not in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                return False
            return True
        if watched is self.query and event.type() == QEvent.Type.FocusOut and self.isVisible():
            self._previous_focus = None
            self.close_palette()
        return False


class _EntryModel(QAbstractListModel):
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
    """Text on the left, keys or state on the right; plain text only."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(option.rect.width(), max(_ROW_PX, option.fontMetrics.height() + 16))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        if painter is None:
            return
        self.initStyleOption(option, index)
        hint = str(index.data(Qt.ItemDataRole.UserRole) or "")
        icon = QIcon(option.icon)  # a copy, since the option's icon is cleared
        option.text, option.icon = "", QIcon()
        widget = option.widget
        style = widget.style() if widget is not None else QApplication.style()
        if style is not None:
            style.drawControl(style.ControlElement.CE_ItemViewItem, option, painter, widget)
        area = option.rect.adjusted(10, 0, -10, 0)
        icon.paint(painter, QRect(QPoint(area.left(), area.center().y() - 8), QSize(16, 16)))
        area.setLeft(area.left() + 26)
        metrics, centered = option.fontMetrics, Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self._theme.color("muted"))
        painter.drawText(area, centered | Qt.AlignmentFlag.AlignRight, hint)
        area.setRight(area.right() - metrics.horizontalAdvance(hint) - 12)
        painter.setPen(self._theme.color("text"))
        text = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, centered | Qt.AlignmentFlag.AlignLeft, text)
