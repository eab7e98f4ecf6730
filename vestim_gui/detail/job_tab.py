"""JobTab: what all tabs of a job have in common. A tab that is not looked at does no work."""

from __future__ import annotations

from PyQt6.QtGui import QPalette, QShowEvent
from PyQt6.QtWidgets import QWidget

from vestim_gui.context import Context
from vestim_gui.store.feed import JobFeed

EVERYTHING = frozenset(
    {"job", "tasks", "epochs", "results", "findings", "messages", "phases", "shown", "reset", "row", "job opened"}
)


class JobTab(QWidget):
    """One tab. What changes while it is hidden is gathered and shown when it is looked at again.

    feed: the job that is shown; None before there is one.
    """

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.feed: JobFeed | None = None
        self._changed: set[str] = set()

    def open_job(self, feed: JobFeed | None) -> None:
        """Show another job, or none."""
        self.feed = feed
        self._changed = set(EVERYTHING)
        self.forget()
        self._show_changed()

    def take(self, changed: set[str]) -> None:
        """Something of the job changed: words of `JobHistory.apply`, "shown" and "row"."""
        self._changed |= changed
        self._show_changed()

    def forget(self) -> None:
        """Drop what is shown of the job before."""
        raise NotImplementedError

    def refresh(self, changed: set[str], feed: JobFeed) -> None:
        """Show what changed."""
        raise NotImplementedError

    def showEvent(self, event: QShowEvent | None) -> None:
        """Show what came while it was hidden."""
        super().showEvent(event)
        self._show_changed()

    def _show_changed(self) -> None:
        if self.feed is not None and self._changed and self.isVisible():
            changed, self._changed = self._changed, set()
            self.refresh(changed, self.feed)
