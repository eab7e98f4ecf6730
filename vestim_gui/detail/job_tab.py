"""JobTab: base of all tabs of a job. A hidden tab does no work."""

from __future__ import annotations

from PyQt6.QtGui import QPalette, QShowEvent
from PyQt6.QtWidgets import QWidget

from vestim_gui.context import Context
from vestim_gui.store.feed import JobFeed

ALL_CHANGES = frozenset(
    {"job", "tasks", "epochs", "results", "findings", "messages", "phases", "details", "reset", "row", "job opened"}
)


class JobTab(QWidget):
    """One tab. Changes while it is hidden are collected and shown when it becomes visible.

    feed: the current job; None if there is none.
    """

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.feed: JobFeed | None = None
        self._pending_changes: set[str] = set()

    def set_feed(self, feed: JobFeed | None) -> None:
        """Show another job, or none."""
        self.feed = feed
        self._pending_changes = set(ALL_CHANGES)
        self.clear()
        self._refresh_if_visible()

    def apply_changes(self, changes: set[str]) -> None:
        """Apply changes of the job: names from `JobHistory.apply`, "details" and "row"."""
        self._pending_changes |= changes
        self._refresh_if_visible()

    def clear(self) -> None:
        """Remove everything shown of the previous job."""
        raise NotImplementedError

    def refresh(self, changes: set[str], feed: JobFeed) -> None:
        """Update what changed."""
        raise NotImplementedError

    def showEvent(self, event: QShowEvent | None) -> None:
        """Show the changes that were collected while the tab was hidden."""
        super().showEvent(event)
        self._refresh_if_visible()

    def _refresh_if_visible(self) -> None:
        if self.feed is not None and self._pending_changes and self.isVisible():
            changes, self._pending_changes = self._pending_changes, set()
            self.refresh(changes, self.feed)
