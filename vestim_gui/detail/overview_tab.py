"""Overview: is the model good, and how long does it take."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import JOB_ENDS, TaskState
from vestim_gui.context import Context
from vestim_gui.detail.facts import best_of, tested, trainings
from vestim_gui.detail.panels import file_bars, loss_panel, prediction_panels
from vestim_gui.detail.plot_actions import job_plot
from vestim_gui.detail.prediction import Prediction
from vestim_gui.detail.prediction_files import PredictionFile, prediction_files
from vestim_gui.detail.prediction_reader import PredictionReader
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.detail.task_table import TaskTable, task_rows
from vestim_gui.detail.job_problem import trouble_of
from vestim_gui.detail.problem_box import TroubleBox
from vestim_gui.detail.waiting_view import WaitingView
from vestim_gui.plots.content import Options
from vestim_gui.store.feed import JobFeed
from vestim_gui.store.job_history import JobHistory, TaskHistory
from vestim_gui.widgets.plain_label import plain_label

WIDTHS_PX = [480, 400]
"""Of the table of models and of the prediction beside it, at first."""
UPPER, LOWER = 9, 10
"""Shares of the height: curves and bars, and the prediction below them."""
FEW = 2
"""More models than this get a table."""


class Overview(JobTab):
    """The plots of the best model, or words while there is none.

    remedy_chosen: the `Offer` of a trouble that the user took.
    """

    remedy_chosen = pyqtSignal(object)

    def __init__(self, ctx: Context, reader: PredictionReader, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._reader = reader
        self._chosen = ""
        self._predicted: PredictionFile | None = None
        self.trouble = TroubleBox()
        self.trouble.chosen.connect(self.remedy_chosen)
        self.waiting = WaitingView()
        self.loss = job_plot(ctx, "Training and validation error")
        self.loss.options = Options(log=True)
        self.bars = job_plot(ctx, "Errors by file")
        self.prediction = job_plot(ctx, "Measured and predicted")
        self.no_bars = plain_label("Errors by file come with the test.", "muted", wrap=True)
        self.no_prediction = plain_label("", "muted", wrap=True)
        self.tasks = TaskTable()
        self.tasks.chosen.connect(self._choose)
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.trouble)
        layout.addLayout(self._stack, 1)
        self._stack.addWidget(self.waiting)
        self._stack.addWidget(self._plots())

    def _plots(self) -> QWidget:
        page = QWidget()
        right, below = _stacked(self.bars, self.no_bars), _stacked(self.prediction, self.no_prediction)
        self._below = QSplitter(Qt.Orientation.Horizontal)
        self._below.setChildrenCollapsible(False)
        self._below.addWidget(self.tasks)
        self._below.addWidget(below)
        self._below.setSizes(WIDTHS_PX)
        grid = self._grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        grid.addWidget(self.loss, 0, 0)
        grid.addWidget(right, 0, 1)
        grid.addWidget(self._below, 1, 0, 1, 2)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(0, UPPER)
        return page

    def forget(self) -> None:
        """Another job is shown."""
        self._chosen, self._predicted = "", None
        self.tasks.tasks.set_rows([])
        self.prediction.show_panels([])
        self.bars.show_panels([])
        self.loss.show_panels([])
        self.trouble.show_trouble(None)

    def refresh(self, changed: set[str], feed: JobFeed) -> None:
        """Show what changed."""
        row, history = self.ctx.jobs.row(feed.job_id), feed.history
        if row is None:
            return
        self.trouble.show_trouble(trouble_of(row, feed.shown, history))
        if not any(task.epochs for task in history.tasks.values()) and not tested(history):
            self._stack.setCurrentIndex(0)
            self.waiting.show_job(row, feed.shown, history)
            return
        if self._stack.currentIndex() == 0:  # what came while there were words is still to be plotted
            self._stack.setCurrentIndex(1)
            changed = changed | {"results"}
        rows = task_rows(feed.shown, history)
        self.tasks.setVisible(len(rows) > FEW)
        if len(rows) > FEW:
            self.tasks.tasks.set_rows(rows)
        self._show_loss(feed)
        if changed & {"results", "shown", "job opened", "reset"}:
            self._show_bars(feed)
            self._show_prediction(feed)
        self._grid.setRowStretch(1, LOWER if self._predicted is not None or len(rows) > FEW else 0)
        if self._predicted is None:
            ended = row["state"] in JOB_ENDS
            self.no_prediction.setText("Nothing was tested." if ended else "Predictions come with the test.")
            self.no_bars.setText("Nothing was tested." if ended else "Errors by file come with the test.")

    def _show_loss(self, feed: JobFeed) -> None:
        task = in_focus(feed.history, self._chosen)
        if task is not None:
            several = len(trainings(feed.history)) > 1
            title = feed.title_of(task.task_id)
            words = f"RMSE of {title}" if several else "RMSE"
            self.loss.show_panels([loss_panel([(task, title)], feed.history, words=words)])

    def _show_bars(self, feed: JobFeed) -> None:
        panel = file_bars(feed.history, {task.task_id: feed.title_of(task.task_id) for task in trainings(feed.history)})
        self.bars.show_panels([panel] if panel else [])
        _show_first(self.bars, self.no_bars, panel is not None)

    def _show_prediction(self, feed: JobFeed) -> None:
        """Read the held-out file as the chosen model predicts it, if it is another than what is shown."""
        files = prediction_files(feed.history, feed.shown, feed.title_of)
        wanted = next((file for file in files if file.train_id == self._chosen), None) or next(
            (file for file in files if not file.is_circuit), None
        )
        if wanted is not None and wanted == self._predicted:
            return
        _show_first(self.prediction, self.no_prediction, wanted is not None)
        if wanted is None:
            return
        self._predicted = wanted

        def show(prediction: Prediction) -> None:
            if self._predicted == wanted and self.feed is feed:
                shown = [(wanted.model, prediction, 0)]
                self.prediction.show_panels(prediction_panels(wanted.file, wanted.target, shown))

        def say(error: VestimError) -> None:
            if self._predicted == wanted and self.feed is feed:
                self.no_prediction.setText(error.sentence)
                _show_first(self.prediction, self.no_prediction, False)

        self._reader.read(feed.job_id, wanted.path, wanted.attempt, show, say)

    def _choose(self, task_id: str) -> None:
        """Plot another model."""
        self._chosen = task_id
        self.take({"results"})


def in_focus(history: JobHistory, chosen: str = "") -> TaskHistory | None:
    """The training whose curve is shown: the chosen one, else the one that runs, else the best, else the last."""
    begun = [task for task in trainings(history) if task.epochs]
    picked = [task for task in begun if task.task_id == chosen]
    running = [task for task in begun if task.state == TaskState.RUNNING]
    best = best_of(history)
    return next(iter([*picked, *running[:1], *([best.task] if best else []), *begun[-1:]]), None)


def _stacked(shown: QWidget, instead: QWidget) -> QWidget:
    """A place for a plot, and for words instead of it."""
    place = QWidget()
    layout = QVBoxLayout(place)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(shown)
    layout.addWidget(instead, 0, Qt.AlignmentFlag.AlignVCenter)
    instead.setContentsMargins(24, 24, 24, 24)
    _show_first(shown, instead, False)
    return place


def _show_first(first: QWidget, second: QWidget, shown: bool) -> None:
    first.setVisible(shown)
    second.setVisible(not shown)
