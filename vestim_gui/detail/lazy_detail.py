"""LazyDetailPage: the page of a job, created when the first job is shown, since plots take long to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from vestim_gui.context import Context

if TYPE_CHECKING:
    from vestim_gui.detail.detail_page import DetailPage


class LazyDetailPage(QWidget):
    """Placeholder of `DetailPage`."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._page: DetailPage | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def show_job(self, job_id: str, tab: str = "") -> None:
        """Show a job, as `DetailPage.show_job` does."""
        if job_id or self._page is not None:
            self.page().show_job(job_id, tab)

    def page(self) -> DetailPage:
        """The page itself, created on first use."""
        if self._page is None:
            from vestim_gui.detail.detail_page import DetailPage

            self._page = DetailPage(self._ctx)
            self._layout.addWidget(self._page)
            self.setFocusProxy(self._page)
        return self._page
