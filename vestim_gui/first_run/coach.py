"""Coach marks: three short notes beside what they are about, once in a life, when the first job is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtWidgets import QAbstractItemView, QPushButton, QTabWidget, QWidget

from vestim_gui.context import Context
from vestim_gui.first_run.note_card import NoteCard

AFTER_MS = 800
"""The job's page has been laid out by then."""
LISTS = ("Jobs", "Table of jobs")
Find = Callable[[QWidget], QWidget | None]


@dataclass(frozen=True)
class Mark:
    """key: under which it is remembered. find: the widget that it stands beside, in a window."""

    key: str
    heading: str
    sentence: str
    find: Find


def _visible(window: QWidget, kind: type[QWidget], fits: Callable[[QWidget], bool] = lambda _: True) -> QWidget | None:
    return next((found for found in window.findChildren(kind) if found.isVisible() and fits(found)), None)


def _tab_bar(window: QWidget) -> QWidget | None:
    tabs = _visible(window, QTabWidget)
    return tabs.tabBar() if isinstance(tabs, QTabWidget) else None


MARKS = (
    Mark(
        "jobs",
        "Jobs train by themselves",
        "Each job runs in processes of its own: close the window whenever you like, and find every epoch here later.",
        lambda window: _visible(window, QAbstractItemView, lambda found: found.accessibleName() in LISTS),
    ),
    Mark(
        "tabs",
        "Is it good?",
        "Curves move while it trains, Predictions shows where a model errs. Alt+1 to Alt+6 change the tab.",
        _tab_bar,
    ),
    Mark(
        "new",
        "Your own data",
        "Ctrl+N begins a job with your files, Ctrl+K finds every command, F1 shows all keys.",
        lambda window: _visible(window, QPushButton, lambda found: found.accessibleName() == "New job"),
    ),
)


class Coach(QObject):
    """Shows the marks that were not seen yet, one after the other."""

    def __init__(self, ctx: Context, place: QWidget, marks: tuple[Mark, ...] = MARKS) -> None:
        super().__init__(place)
        self._ctx, self._widget, self._marks = ctx, place, marks
        self.card: NoteCard | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AFTER_MS)
        self._soon.timeout.connect(self.show_next)
        ctx.navigate.open_job.connect(lambda *_: self._begin())

    def unseen(self) -> list[Mark]:
        """What is still to be shown."""
        seen = self._ctx.settings.value.coach_seen
        return [mark for mark in self._marks if mark.key not in seen]

    def show_next(self) -> None:
        """Show the next mark whose widget can be seen, unless another note is there."""
        self.step_aside()
        window = self._widget.window()
        if window is None or not window.isVisible() or window.findChildren(NoteCard):
            return
        for mark in self.unseen():
            if (near := mark.find(window)) is not None:
                self._show(mark, near, window)
                return

    def skip(self) -> None:
        """None of them any more."""
        self._see(*(mark.key for mark in self._marks))
        self.step_aside()

    def _begin(self) -> None:
        if self.unseen() and self.card is None:
            self._soon.start()

    def _show(self, mark: Mark, near: QWidget, window: QWidget) -> None:
        def next_mark() -> None:
            self._see(mark.key)
            self.show_next()

        rest = len(self.unseen()) > 1
        actions = [("Next", next_mark), ("Skip all", self.skip)] if rest else [("Got it", next_mark)]
        self.card = NoteCard(window, mark.heading, mark.sentence, actions, near)
        self.card.left.connect(self.skip)
        self.card.appear()

    def _see(self, *keys: str) -> None:
        seen = self._ctx.settings.value.coach_seen
        self._ctx.settings.change(coach_seen=list(dict.fromkeys([*seen, *keys])))

    def step_aside(self) -> None:
        """Take the mark away; it is shown again with the next job that is opened."""
        if self.card is not None:
            self.card.close_card()
            self.card = None
