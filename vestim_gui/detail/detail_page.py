"""DetailPage: one job, live: header, cards, and tabs of which only the visible one does any work."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from PyQt6.QtWidgets import QStackedLayout, QTabWidget, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_gui.background import BackgroundRunner
from vestim_gui.context import Context
from vestim_gui.detail.card_row import CardRow
from vestim_gui.detail.curves_tab import CurvesTab
from vestim_gui.detail.event_log import EventLog
from vestim_gui.detail.files_tab import FilesTab
from vestim_gui.detail.job_header import JobHeader
from vestim_gui.detail.job_problem import Remedy, RemedyOffer
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.detail.log_tab import LogTab
from vestim_gui.detail.model_size import ModelSize, model_sizes
from vestim_gui.detail.overview_tab import OverviewTab
from vestim_gui.detail.prediction_reader import PredictionReader
from vestim_gui.detail.predictions_tab import PredictionsTab
from vestim_gui.detail.settings_tab import SettingsTab
from vestim_gui.detail.summary_cards import summary_cards
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import plain_label

TAB_KEY = "detail.tab"
NO_JOB = "Choose a job to see how it does."


class DetailPage(QWidget):
    """The job that `show_job` was called with last; a note if there is none."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.feed: JobFeed | None = None
        self._event_log: EventLog | None = None
        self._sizes: dict[str, ModelSize] = {}
        self._sized_spec: dict[str, Any] = {}
        self._background = BackgroundRunner(self)
        self._reader = PredictionReader(ctx.link, self)
        self.header = JobHeader(ctx)
        self.card_row = CardRow()
        self.note = plain_label(NO_JOB, "muted", wrap=True)
        self.error_label = plain_label("", "error", wrap=True)
        self.overview = OverviewTab(ctx, self._reader)
        self.curves = CurvesTab(ctx)
        self.predictions = PredictionsTab(ctx, self._reader)
        self.settings = SettingsTab(ctx)
        self.files = FilesTab(ctx)
        self.log = LogTab(ctx)
        self.pages: dict[str, JobTab] = {
            "overview": self.overview,
            "curves": self.curves,
            "predictions": self.predictions,
            "settings": self.settings,
            "files": self.files,
            "log": self.log,
        }
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(False)
        for name, page in self.pages.items():
            self.tabs.addTab(page, name.capitalize())
        self._build()
        self.overview.remedy_chosen.connect(self._apply_remedy)
        self.tabs.currentChanged.connect(lambda _: ctx.session.put(TAB_KEY, self.tab))
        for name in self.pages:
            ctx.actions.add_handler(f"tab.{name}", partial(self.show_tab, name), self)
        ctx.actions.add_handler("job.folder", self.files.open_folder, self)
        ctx.jobs.changed.connect(self._on_rows_changed)
        ctx.jobs.reset.connect(self._on_rows_reset)
        ctx.jobs.removed.connect(self._on_rows_removed)

    def _build(self) -> None:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.header)
        layout.addWidget(self.error_label)
        layout.addWidget(self.card_row)
        layout.addWidget(self.tabs, 1)
        empty_page = QWidget()
        note_layout = QVBoxLayout(empty_page)
        note_layout.setContentsMargins(24, 24, 24, 24)
        note_layout.addWidget(self.note)
        note_layout.addStretch(1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty_page)
        self._stack.addWidget(page)
        self.error_label.hide()

    @property
    def tab(self) -> str:
        """Name of the visible tab."""
        return list(self.pages)[self.tabs.currentIndex()]

    @property
    def job_id(self) -> str:
        """The current job; empty if there is none."""
        return self.feed.job_id if self.feed is not None else ""

    def show_tab(self, tab: str) -> None:
        """Show a tab; an unknown name is ignored."""
        if tab in self.pages:
            self.tabs.setCurrentIndex(list(self.pages).index(tab))

    def show_job(self, job_id: str, tab: str = "") -> None:
        """Show a job, at the tab of this name or the last one used; an empty id shows none."""
        self.show_tab(tab or str(self.ctx.session.get(TAB_KEY, "overview")))
        if job_id == self.job_id:
            return
        self.close_job()
        if not job_id:
            return
        self.error_label.hide()
        feed = self.feed = JobFeed(self.ctx.link, job_id, self)
        # Created after the feed, so that the feed knows the titles of tasks first.
        event_log = self._event_log = EventLog(self.ctx.link, job_id, self)
        self.log.set_event_log(event_log)
        feed.changed.connect(self._on_changed)
        feed.failed.connect(self._show_error)
        self._stack.setCurrentIndex(1)
        self._show_row()
        for page in self.pages.values():
            page.set_feed(feed)

    def close_job(self) -> None:
        """Show no job; nothing is watched any more."""
        self._reader.cancel_waiting()
        if self.feed is not None and self._event_log is not None:
            self.log.set_event_log(None)
            self.feed.close()
            self._event_log.close()
        self.feed = self._event_log = None
        self._sizes, self._sized_spec = {}, {}
        for page in self.pages.values():
            page.set_feed(None)
        self.note.setText(NO_JOB)
        self._stack.setCurrentIndex(0)

    def _on_changed(self, changes: set[str]) -> None:
        feed = self.feed
        if feed is None or feed is not self.sender():
            return
        if "details" in changes:
            self.error_label.hide()
            self._compute_sizes(feed)
        self._show_row()
        for page in self.pages.values():
            page.apply_changes(changes)

    def _compute_sizes(self, feed: JobFeed) -> None:
        """Compute the sizes of the models, once per document and on another thread: a large grid takes a while."""
        spec = feed.spec
        if spec == self._sized_spec:
            return
        self._sized_spec = spec

        def set_sizes(sizes: dict[str, ModelSize]) -> None:
            if self.feed is feed and self._sized_spec == spec:
                self._sizes = sizes
                self._show_row()

        self._background.run(lambda: model_sizes(spec), set_sizes)

    def _show_row(self) -> None:
        row = self.ctx.jobs.row(self.job_id)
        if row is None or self.feed is None:
            return
        self.header.show_row(row, self.feed)
        self.card_row.show_cards(
            summary_cards(row, self.feed.history, self.feed.details, self._sizes, datetime.now(UTC))
        )

    def _on_rows_changed(self, job_ids: list[str]) -> None:
        if self.job_id in job_ids:
            self._show_row()
            for page in self.pages.values():
                page.apply_changes({"row"})

    def _on_rows_reset(self) -> None:
        self._on_rows_changed([self.job_id])

    def _on_rows_removed(self, job_ids: list[str]) -> None:
        if self.job_id in job_ids:
            self.close_job()
            self.note.setText("This job was deleted.")

    def _show_error(self, error: VestimError) -> None:
        if self.sender() is self.feed:
            self.error_label.setText(error.message)
            self.error_label.show()

    def _apply_remedy(self, offer: RemedyOffer) -> None:
        """Apply the remedy of a button below a problem."""
        match offer.remedy:
            case Remedy.RESUME:
                self.header.run_verb("resume")
            case Remedy.NEW_JOB:
                self.ctx.navigate.new_job.emit(offer.document, "")
            case Remedy.LOG:
                self.show_tab("log")
                self.log.show_task(offer.task_id)
            case Remedy.FOLDER:
                self.show_tab("files")
