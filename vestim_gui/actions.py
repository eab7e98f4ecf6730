"""The only table of actions: menus, buttons, the command palette and the list of shortcuts are made from it.

An action is visible only where it has a handler. Several objects may handle the same action (each plot saves itself):
the one with the focus does, else the visible one that registered last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from PyQt6 import sip
from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QApplication, QWidget

from vestim_gui.theme.theme import Theme


class ShortcutScope(StrEnum):
    """Where the shortcut of an action works, as named in the list of shortcuts."""

    WINDOW = "Everywhere"
    JOB = "With a job chosen"
    LIST = "In the list of jobs"
    TABS = "With a job open"
    PLOT = "In a plot"
    NEW_JOB = "In a new job"


_WINDOW_SCOPES = (ShortcutScope.WINDOW, ShortcutScope.JOB, ShortcutScope.TABS)
"""Scopes that cover the whole window; the others only cover widgets registered by `Actions.attach`."""


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. shortcut: key sequences separated by blanks. icon: name of an asset. needs: condition for its use, as
    shown to users."""

    id: str
    text: str
    shortcut: str = ""
    icon: str = ""
    scope: ShortcutScope = ShortcutScope.WINDOW
    needs: str = ""

    @property
    def keys(self) -> list[QKeySequence]:
        return [QKeySequence(keys) for keys in self.shortcut.split()]


_JOB, _LIST, _TABS, _PLOT, _NEW = (
    ShortcutScope.JOB,
    ShortcutScope.LIST,
    ShortcutScope.TABS,
    ShortcutScope.PLOT,
    ShortcutScope.NEW_JOB,
)

TABLE: tuple[ActionSpec, ...] = (
    ActionSpec("job.new", "New job", "Ctrl+N", "plus"),
    ActionSpec("data.open", "Open data...", "Ctrl+O", "folder"),
    ActionSpec("job.open_file", "Open a job file...", "Ctrl+Shift+O", "file"),
    ActionSpec("job.import", "Import a job...", "Ctrl+Shift+I", "folder"),
    ActionSpec("demo.train", "Train the demo model", "", "play"),
    ActionSpec("page.jobs", "Jobs", "Ctrl+1", "jobs"),
    ActionSpec("page.settings", "Settings", "Ctrl+,", "settings"),
    ActionSpec("jobs.filter", "Filter jobs", "Ctrl+F /", "filter"),
    ActionSpec("jobs.as_list", "Show jobs as a list", "Ctrl+Shift+1", "list"),
    ActionSpec("jobs.as_table", "Show jobs as a table", "Ctrl+Shift+2", "table"),
    ActionSpec("jobs.columns", "Choose columns...", "", "columns", needs="the table of jobs"),
    ActionSpec("jobs.archived", "Show archived jobs", "", "archive"),
    ActionSpec("jobs.refresh", "Refresh", "F5", "refresh"),
    ActionSpec("jobs.stop_all", "Stop all jobs...", "", "stop", needs="a running or queued job"),
    ActionSpec("jobs.clear", "Archive all ended jobs", "", "archive", needs="a job that has ended"),
    ActionSpec("jobs.undo", "Undo", "Ctrl+Z", "undo", needs="something changed just now"),
    ActionSpec("job.open", "Open", "Return", "open", _LIST, "a chosen job"),
    ActionSpec("job.start", "Start", "", "play", _JOB, "a complete draft"),
    ActionSpec("job.edit", "Edit draft", "", "rename", _JOB, "a draft"),
    ActionSpec("job.pause", "Pause or resume", "Space", "pause", _LIST, "a running or paused job"),
    ActionSpec("job.stop", "Stop and keep best", "Ctrl+.", "stop", _JOB, "a job that has not ended"),
    ActionSpec("job.duplicate", "Duplicate...", "Ctrl+D", "copy", _JOB, "a chosen job"),
    ActionSpec("job.rename", "Rename...", "F2", "rename", _JOB, "a chosen job"),
    ActionSpec("job.tags", "Tags...", "Ctrl+T", "tag", _JOB, "a chosen job"),
    ActionSpec("job.note", "Note...", "", "note", _JOB, "a chosen job"),
    ActionSpec("job.first", "Move to the front of the queue", "Ctrl+Shift+Up", "up", _LIST, "a queued job"),
    ActionSpec("job.up", "Move up in the queue", "Alt+Up", "up", _LIST, "a queued job"),
    ActionSpec("job.down", "Move down in the queue", "Alt+Down", "down", _LIST, "a queued job"),
    ActionSpec("job.archive", "Archive", "Del", "archive", _LIST, "a job that has ended, or a draft"),
    ActionSpec("job.restore", "Restore", "", "undo", _JOB, "an archived job"),
    ActionSpec("job.delete", "Delete for ever...", "Shift+Del", "delete", _LIST, "an archived job"),
    ActionSpec("job.copy_id", "Copy id", "Ctrl+Shift+C", "copy", _JOB, "a chosen job"),
    ActionSpec("tab.overview", "Overview", "Alt+1", "", _TABS, "an open job"),
    ActionSpec("tab.curves", "Curves", "Alt+2", "", _TABS, "an open job"),
    ActionSpec("tab.predictions", "Predictions", "Alt+3", "", _TABS, "an open job"),
    ActionSpec("tab.settings", "Settings of the job", "Alt+4", "", _TABS, "an open job"),
    ActionSpec("tab.files", "Files", "Alt+5", "", _TABS, "an open job"),
    ActionSpec("tab.log", "Log", "Alt+6", "", _TABS, "an open job"),
    ActionSpec("job.folder", "Open the job's folder", "", "folder", _TABS, "an open job"),
    ActionSpec("plot.log", "Logarithmic axis", "L", "log", _PLOT),
    ActionSpec("plot.smooth", "Smoothing", "S", "smooth", _PLOT),
    ActionSpec("plot.grid", "Grid", "G", "grid", _PLOT),
    ActionSpec("plot.zoom_in", "Zoom in", "+ =", "zoom_in", _PLOT),
    ActionSpec("plot.zoom_out", "Zoom out", "-", "zoom_out", _PLOT),
    ActionSpec("plot.left", "Move left", "Left", "", _PLOT),
    ActionSpec("plot.right", "Move right", "Right", "", _PLOT),
    ActionSpec("plot.up", "Move up", "Up", "", _PLOT),
    ActionSpec("plot.down", "Move down", "Down", "", _PLOT),
    ActionSpec("plot.home", "Show everything", "Home", "home", _PLOT),
    ActionSpec("plot.save", "Save the plot...", "Ctrl+S", "save", _PLOT),
    ActionSpec("plot.copy", "Copy the plot", "Ctrl+C", "copy", _PLOT),
    ActionSpec("plot.pop_out", "Plot in a window of its own", "F11", "pop_out", _PLOT),
    ActionSpec("new.start", "Start the job", "Ctrl+Return", "play", _NEW),
    ActionSpec("new.save_file", "Save as a job file...", "Ctrl+Shift+S", "save", _NEW),
    ActionSpec("palette", "Search commands and jobs...", "Ctrl+K", "search"),
    ActionSpec("help.shortcuts", "Keyboard shortcuts", "F1", "keyboard"),
    ActionSpec("help.about", "About Vestim", "", "info"),
    ActionSpec("theme.next", "Change the theme", "Ctrl+Shift+L", "theme"),
    ActionSpec("service.restart", "Restart the service", "", "refresh", needs="a service that does not answer"),
    ActionSpec("quit", "Quit, jobs go on", "Ctrl+Q", "quit"),
    ActionSpec("quit.stop_all", "Stop everything and quit...", "", "stop"),
)


class Actions(QObject):
    """The actions of one window. `action(id)` can be enabled, checked and shown by its owner. Lives on the window's
    thread."""

    def __init__(self, theme: Theme, parent: QObject | None = None, table: Iterable[ActionSpec] = TABLE) -> None:
        super().__init__(parent)
        self._theme = theme
        self._specs = {spec.id: spec for spec in table}
        self._actions = {spec.id: self._create_action(spec) for spec in self._specs.values()}
        self._handlers: dict[str, list[tuple[QObject, Callable[[], object]]]] = {name: [] for name in self._specs}
        theme.changed.connect(self._apply_colors)
        self._apply_colors()

    def specs(self) -> list[ActionSpec]:
        """All actions, in the order of the table."""
        return list(self._specs.values())

    def action(self, action_id: str) -> QAction:
        """The `QAction` of this id."""
        return self._actions[action_id]

    def add_handler(self, action_id: str, handler: Callable[[], object], owner: QObject) -> QAction:
        """Call `handler` when the action is triggered, as long as `owner` lives."""
        self._handlers[action_id].append((owner, handler))
        action = self._actions[action_id]
        action.setVisible(True)
        owner.destroyed.connect(lambda: self._remove_handlers(action_id))
        return action

    def has_handler(self, action_id: str) -> bool:
        """True if the action has a living handler."""
        return any(not sip.isdeleted(owner) for owner, _ in self._handlers[action_id])

    def enable(self, is_enabled: bool, *action_ids: str) -> None:
        """Enable or disable some actions."""
        for action_id in action_ids:
            self._actions[action_id].setEnabled(is_enabled)

    def attach(self, scope: ShortcutScope, widget: QWidget) -> None:
        """Make the shortcuts of a scope work in this widget and its children; for the window, all that cover it."""
        scopes = _WINDOW_SCOPES if scope is ShortcutScope.WINDOW else (scope,)
        widget.addActions([self._actions[spec.id] for spec in self._specs.values() if spec.scope in scopes])

    def tooltip(self, action_id: str) -> str:
        """Text and keys for a tool tip: `New job (Ctrl+N)`."""
        keys = self._actions[action_id].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        text = self._specs[action_id].text
        return f"{text} ({keys})" if keys else text

    def _create_action(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.text, self)
        action.setObjectName(spec.id)
        action.setShortcuts(spec.keys)
        covers_window = spec.scope in _WINDOW_SCOPES
        context = Qt.ShortcutContext
        action.setShortcutContext(context.WindowShortcut if covers_window else context.WidgetWithChildrenShortcut)
        action.setVisible(False)
        action.triggered.connect(lambda _checked=False: self._trigger(spec.id))
        return action

    def _trigger(self, action_id: str) -> None:
        if (handler := self._handler_for(action_id)) is not None:
            handler()

    def _handler_for(self, action_id: str) -> Callable[[], object] | None:
        candidates = [pair for pair in self._handlers[action_id] if not sip.isdeleted(pair[0])]
        focus = QApplication.focusWidget()
        for owner, handler in reversed(candidates):
            if isinstance(owner, QWidget) and focus is not None and (owner is focus or owner.isAncestorOf(focus)):
                return handler
        for owner, handler in reversed(candidates):
            if not isinstance(owner, QWidget) or owner.isVisible():
                return handler
        return candidates[-1][1] if candidates else None

    def _remove_handlers(self, action_id: str) -> None:
        if sip.isdeleted(self):
            return
        self._handlers[action_id] = [pair for pair in self._handlers[action_id] if not sip.isdeleted(pair[0])]
        action = self._actions[action_id]
        if not sip.isdeleted(action):
            action.setVisible(bool(self._handlers[action_id]))

    def _apply_colors(self) -> None:
        for spec in self._specs.values():
            if spec.icon:
                self._actions[spec.id].setIcon(self._theme.icon(spec.icon, "muted"))
