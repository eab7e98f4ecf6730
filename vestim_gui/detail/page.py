"""DetailPage: one job, live: head, cards, and tabs of which only the one that is looked at works."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from PyQt6.QtWidgets import QStackedLayout, QTabWidget, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_gui.beside import Beside
from vestim_gui.context import Context
from vestim_gui.detail.card_row import CardRow
from vestim_gui.detail.curves_tab import Curves
from vestim_gui.detail.facts import cards
from vestim_gui.detail.files_tab import Files
from vestim_gui.detail.job_header import Header
from vestim_gui.detail.log_tab import Log
from vestim_gui.detail.event_log import JobLog
from vestim_gui.detail.model_size import ModelSize, sizes_of
from vestim_gui.detail.overview_tab import Overview
from vestim_gui.detail.prediction_reader import PredictionReader
from vestim_gui.detail.predictions_tab import Predictions
from vestim_gui.detail.settings_tab import SettingsTab
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.detail.job_problem import Offer, Remedy
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import plain_label

TAB = "detail.tab"
NO_JOB = "Choose a job to see how it does."


class DetailPage(QWidget):
    """The job that `show_job` named last; words where there is none."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.feed: JobFeed | None = None
        self._log: JobLog | None = None
        self._sizes: dict[str, ModelSize] = {}
        self._sized: dict[str, Any] = {}
        self._beside = Beside(self)
        self._reader = PredictionReader(ctx.link, self)
        self.header = Header(ctx)
        self.cards = CardRow()
        self.note = plain_label(NO_JOB, "muted", wrap=True)
        self.gone = plain_label("", "error", wrap=True)
        self.overview = Overview(ctx, self._reader)
        self.curves = Curves(ctx)
        self.predictions = Predictions(ctx, self._reader)
        self.settings = SettingsTab(ctx)
        self.files = Files(ctx)
        self.log = Log(ctx)
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
        self.overview.remedy_chosen.connect(self._carry_out)
        self.tabs.currentChanged.connect(lambda _: ctx.session.put(TAB, self.tab))
        for name in self.pages:
            ctx.actions.on(f"tab.{name}", partial(self.show_tab, name), self)
        ctx.actions.on("job.folder", self.files.open_folder, self)
        ctx.jobs.changed.connect(self._rows_changed)
        ctx.jobs.reset.connect(self._rows_reset)
        ctx.jobs.removed.connect(self._rows_removed)

    def _build(self) -> None:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.header)
        layout.addWidget(self.gone)
        layout.addWidget(self.cards)
        layout.addWidget(self.tabs, 1)
        nothing = QWidget()
        words = QVBoxLayout(nothing)
        words.setContentsMargins(24, 24, 24, 24)
        words.addWidget(self.note)
        words.addStretch(1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(nothing)
        self._stack.addWidget(page)
        self.gone.hide()

    @property
    def tab(self) -> str:
        """Name of the tab that is looked at."""
        return list(self.pages)[self.tabs.currentIndex()]

    @property
    def job_id(self) -> str:
        """The job that is shown; empty for none."""
        return self.feed.job_id if self.feed is not None else ""

    def show_tab(self, tab: str) -> None:
        """Look at a tab; a name that there is none of changes nothing."""
        if tab in self.pages:
            self.tabs.setCurrentIndex(list(self.pages).index(tab))

    def show_job(self, job_id: str, tab: str = "") -> None:
        """Show a job, at the tab of this name or the one that was looked at last; an empty id shows none."""
        self.show_tab(tab or str(self.ctx.session.get(TAB, "overview")))
        if job_id == self.job_id:
            return
        self.close_job()
        if not job_id:
            return
        self.gone.hide()
        feed = self.feed = JobFeed(self.ctx.link, job_id, self)
        log = self._log = JobLog(self.ctx.link, job_id, self)  # after the feed, which knows the names of tasks first
        self.log.set_log(log)
        feed.changed.connect(self._take)
        feed.gone.connect(self._say_gone)
        self._stack.setCurrentIndex(1)
        self._show_row()
        for page in self.pages.values():
            page.open_job(feed)

    def close_job(self) -> None:
        """Show no job; nothing is watched any more."""
        self._reader.forget_asked()
        if self.feed is not None and self._log is not None:
            self.log.set_log(None)
            self.feed.close()
            self._log.close()
        self.feed = self._log = None
        self._sizes, self._sized = {}, {}
        for page in self.pages.values():
            page.open_job(None)
        self.note.setText(NO_JOB)
        self._stack.setCurrentIndex(0)

    def _take(self, changed: set[str]) -> None:
        feed = self.feed
        if feed is None or feed is not self.sender():
            return
        if "shown" in changed:
            self.gone.hide()
            self._ask_sizes(feed)
        self._show_row()
        for page in self.pages.values():
            page.take(changed)

    def _ask_sizes(self, feed: JobFeed) -> None:
        """Work out how large the models are, once for each document: a large grid takes a while."""
        spec = feed.spec
        if spec == self._sized:
            return
        self._sized = spec

        def take(sizes: dict[str, ModelSize]) -> None:
            if self.feed is feed and self._sized == spec:
                self._sizes = sizes
                self._show_row()

        self._beside.run(lambda: sizes_of(spec), take)

    def _show_row(self) -> None:
        row = self.ctx.jobs.row(self.job_id)
        if row is None or self.feed is None:
            return
        self.header.show_row(row, self.feed)
        self.cards.show_cards(cards(row, self.feed.history, self.feed.shown, self._sizes, datetime.now(UTC)))

    def _rows_changed(self, job_ids: list[str]) -> None:
        if self.job_id in job_ids:
            self._show_row()
            for page in self.pages.values():
                page.take({"row"})

    def _rows_reset(self) -> None:
        self._rows_changed([self.job_id])

    def _rows_removed(self, job_ids: list[str]) -> None:
        if self.job_id in job_ids:
            self.close_job()
            self.note.setText("This job was deleted.")

    def _say_gone(self, error: VestimError) -> None:
        if self.sender() is self.feed:
            self.gone.setText(error.sentence)
            self.gone.show()

    def _carry_out(self, offer: Offer) -> None:
        """Do what a button under a trouble's sentence says."""
        match offer.remedy:
            case Remedy.RESUME:
                self.header.act("resume")
            case Remedy.NEW_JOB:
                self.ctx.navigate.new_job.emit(offer.document, "")
            case Remedy.LOG:
                self.show_tab("log")
                self.log.show_task(offer.task_id)
            case Remedy.FOLDER:
                self.show_tab("files")
