"""Coach marks: three short notes beside the widgets they explain, shown once, when the first job is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtWidgets import QAbstractItemView, QPushButton, QTabWidget, QWidget

from vestim_gui.context import Context
from vestim_gui.first_run.note_card import NoteCard

DELAY_MS = 800
"""Delay after a job is opened, so that its page has been laid out."""
LIST_NAMES = ("Jobs", "Table of jobs")
FindWidget = Callable[[QWidget], QWidget | None]


@dataclass(frozen=True)
class CoachMark:
    """One note. key: remembers it as seen. find: returns the widget it is shown beside, within a window."""

    key: str
    heading: str
    text: str
    find: FindWidget


def _find_visible(
    window: QWidget, kind: type[QWidget], is_match: Callable[[QWidget], bool] = lambda _: True
) -> QWidget | None:
    return next((widget for widget in window.findChildren(kind) if widget.isVisible() and is_match(widget)), None)


def _tab_bar(window: QWidget) -> QWidget | None:
    tabs = _find_visible(window, QTabWidget)
    return tabs.tabBar() if isinstance(tabs, QTabWidget) else None


COACH_MARKS = (
    CoachMark(
        "jobs",
        "Jobs train by themselves",
        "Each job runs in processes of its own: close the window whenever you like, and find every epoch here later.",
        lambda window: _find_visible(window, QAbstractItemView, lambda widget: widget.accessibleName() in LIST_NAMES),
    ),
    CoachMark(
        "tabs",
        "Is it good?",
        "Curves move while it trains, Predictions shows where a model errs. Alt+1 to Alt+6 change the tab.",
        _tab_bar,
    ),
    CoachMark(
        "new",
        "Your own data",
        "Ctrl+N begins a job with your files, Ctrl+K finds every command, F1 shows all keys.",
        lambda window: _find_visible(window, QPushButton, lambda widget: widget.accessibleName() == "New job"),
    ),
)


class Coach(QObject):
    """Shows unseen marks one after the other; the settings remember which were seen."""

    def __init__(self, ctx: Context, parent: QWidget, marks: tuple[CoachMark, ...] = COACH_MARKS) -> None:
        super().__init__(parent)
        self._ctx, self._parent, self._marks = ctx, parent, marks
        self.card: NoteCard | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self.show_next)
        ctx.navigate.open_job.connect(lambda *_: self._schedule())

    def unseen(self) -> list[CoachMark]:
        """Marks still to be shown."""
        seen = self._ctx.settings.value.coach_seen
        return [coach_mark for coach_mark in self._marks if coach_mark.key not in seen]

    def show_next(self) -> None:
        """Show the next mark whose widget is visible, unless another note is open."""
        self.hide_card()
        window = self._parent.window()
        if window is None or not window.isVisible() or window.findChildren(NoteCard):
            return
        for coach_mark in self.unseen():
            if (target := coach_mark.find(window)) is not None:
                self._show(coach_mark, target, window)
                return

    def skip_all(self) -> None:
        """Mark all as seen."""
        self._mark_seen(*(coach_mark.key for coach_mark in self._marks))
        self.hide_card()

    def _schedule(self) -> None:
        if self.unseen() and self.card is None:
            self._timer.start()

    def _show(self, coach_mark: CoachMark, target: QWidget, window: QWidget) -> None:
        def next_mark() -> None:
            self._mark_seen(coach_mark.key)
            self.show_next()

        has_more = len(self.unseen()) > 1
        actions = [("Next", next_mark), ("Skip all", self.skip_all)] if has_more else [("Got it", next_mark)]
        self.card = NoteCard(window, coach_mark.heading, coach_mark.text, actions, target)
        self.card.dismissed.connect(self.skip_all)
        self.card.show_card()

    def _mark_seen(self, *keys: str) -> None:
        seen = self._ctx.settings.value.coach_seen
        self._ctx.settings.change(coach_seen=list(dict.fromkeys([*seen, *keys])))

    def hide_card(self) -> None:
        """Hide the current mark; it is shown again with the next job opened."""
        if self.card is not None:
            self.card.close_card()
            self.card = None
