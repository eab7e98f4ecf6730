"""The Overview tab: how good the model is, and how long it takes."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import TERMINAL_JOB_STATES, TaskState
from vestim_gui.context import Context
from vestim_gui.detail.job_problem import find_job_problem
from vestim_gui.detail.job_results import best_epoch_of_job, ranked_test_results, training_tasks
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.detail.panels import file_bar_panel, loss_panel, prediction_panels
from vestim_gui.detail.plot_actions import job_plot
from vestim_gui.detail.prediction import Prediction
from vestim_gui.detail.prediction_files import PredictionFile, prediction_files
from vestim_gui.detail.prediction_reader import PredictionReader
from vestim_gui.detail.problem_box import ProblemBox
from vestim_gui.detail.task_table import TaskTable, task_rows
from vestim_gui.detail.waiting_view import WaitingView
from vestim_gui.plots.content import Options
from vestim_gui.store.feed import JobFeed
from vestim_gui.store.job_history import JobHistory, TaskHistory
from vestim_gui.widgets.plain_label import plain_label

SPLIT_WIDTHS_PX = [480, 400]
"""Initial widths of the table of models and of the prediction beside it."""
UPPER_STRETCH, LOWER_STRETCH = 9, 10
"""Shares of the height: curves and bars, and the prediction below them."""
MAX_WITHOUT_TABLE = 2
"""More models than this get a table."""


class OverviewTab(JobTab):
    """The plots of the best model, or the phases of the job while there is no model.

    remedy_chosen: the `RemedyOffer` that the user chose for a problem.
    """

    remedy_chosen = pyqtSignal(object)

    def __init__(self, ctx: Context, reader: PredictionReader, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._reader = reader
        self._chosen_id = ""
        self._shown_file: PredictionFile | None = None
        self.problem_box = ProblemBox()
        self.problem_box.remedy_chosen.connect(self.remedy_chosen)
        self.waiting = WaitingView()
        self.loss = job_plot(ctx, "Training and validation error")
        self.loss.options = Options(log=True)
        self.bars = job_plot(ctx, "Errors by file")
        self.prediction = job_plot(ctx, "Measured and predicted")
        self.bars_note = plain_label("Errors by file come with the test.", "muted", wrap=True)
        self.prediction_note = plain_label("", "muted", wrap=True)
        self.tasks = TaskTable()
        self.tasks.task_chosen.connect(self._choose_task)
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.problem_box)
        layout.addLayout(self._stack, 1)
        self._stack.addWidget(self.waiting)
        self._stack.addWidget(self._plots())

    def _plots(self) -> QWidget:
        page = QWidget()
        right_part, lower_part = (
            _with_note(self.bars, self.bars_note),
            _with_note(self.prediction, self.prediction_note),
        )
        self._lower_splitter = QSplitter(Qt.Orientation.Horizontal)
        self._lower_splitter.setChildrenCollapsible(False)
        self._lower_splitter.addWidget(self.tasks)
        self._lower_splitter.addWidget(lower_part)
        self._lower_splitter.setSizes(SPLIT_WIDTHS_PX)
        grid = self._grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        grid.addWidget(self.loss, 0, 0)
        grid.addWidget(right_part, 0, 1)
        grid.addWidget(self._lower_splitter, 1, 0, 1, 2)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(0, UPPER_STRETCH)
        return page

    def clear(self) -> None:
        """Clear the tab for another job."""
        self._chosen_id, self._shown_file = "", None
        self.tasks.tasks.set_rows([])
        self.prediction.show_panels([])
        self.bars.show_panels([])
        self.loss.show_panels([])
        self.problem_box.show_problem(None)

    def refresh(self, changes: set[str], feed: JobFeed) -> None:
        """Update what changed."""
        row, history = self.ctx.jobs.row(feed.job_id), feed.history
        if row is None:
            return
        self.problem_box.show_problem(find_job_problem(row, feed.details, history))
        if not any(task.epochs for task in history.tasks.values()) and not ranked_test_results(history):
            self._stack.setCurrentIndex(0)
            self.waiting.show_job(row, feed.details, history)
            return
        if self._stack.currentIndex() == 0:  # results that arrived before are not plotted yet
            self._stack.setCurrentIndex(1)
            changes = changes | {"results"}
        rows = task_rows(feed.details, history)
        self.tasks.setVisible(len(rows) > MAX_WITHOUT_TABLE)
        if len(rows) > MAX_WITHOUT_TABLE:
            self.tasks.tasks.set_rows(rows)
        self._show_loss(feed)
        if changes & {"results", "details", "job opened", "reset"}:
            self._show_bars(feed)
            self._show_prediction(feed)
        self._grid.setRowStretch(
            1, LOWER_STRETCH if self._shown_file is not None or len(rows) > MAX_WITHOUT_TABLE else 0
        )
        if self._shown_file is None:
            has_ended = row["state"] in TERMINAL_JOB_STATES
            self.prediction_note.setText("Nothing was tested." if has_ended else "Predictions come with the test.")
            self.bars_note.setText("Nothing was tested." if has_ended else "Errors by file come with the test.")

    def _show_loss(self, feed: JobFeed) -> None:
        task = task_in_focus(feed.history, self._chosen_id)
        if task is not None:
            has_several = len(training_tasks(feed.history)) > 1
            title = feed.title_of(task.task_id)
            plot_title = f"RMSE of {title}" if has_several else "RMSE"
            self.loss.show_panels([loss_panel([(task, title)], feed.history, title=plot_title)])

    def _show_bars(self, feed: JobFeed) -> None:
        panel = file_bar_panel(
            feed.history, {task.task_id: feed.title_of(task.task_id) for task in training_tasks(feed.history)}
        )
        self.bars.show_panels([panel] if panel else [])
        _show_widget_or_note(self.bars, self.bars_note, panel is not None)

    def _show_prediction(self, feed: JobFeed) -> None:
        """Read the held-out file as predicted by the chosen model, unless it is shown already."""
        files = prediction_files(feed.history, feed.details, feed.title_of)
        prediction_file = next((file for file in files if file.train_id == self._chosen_id), None) or next(
            (file for file in files if not file.is_circuit), None
        )
        if prediction_file is not None and prediction_file == self._shown_file:
            return
        _show_widget_or_note(self.prediction, self.prediction_note, prediction_file is not None)
        if prediction_file is None:
            return
        self._shown_file = prediction_file

        def show_prediction(prediction: Prediction) -> None:
            if self._shown_file == prediction_file and self.feed is feed:
                predictions = [(prediction_file.model, prediction, 0)]
                self.prediction.show_panels(
                    prediction_panels(prediction_file.file, prediction_file.target, predictions)
                )

        def show_error(error: VestimError) -> None:
            if self._shown_file == prediction_file and self.feed is feed:
                self.prediction_note.setText(error.message)
                _show_widget_or_note(self.prediction, self.prediction_note, False)

        self._reader.read(feed.job_id, prediction_file.path, prediction_file.attempt, show_prediction, show_error)

    def _choose_task(self, task_id: str) -> None:
        """Plot another model."""
        self._chosen_id = task_id
        self.apply_changes({"results"})


def task_in_focus(history: JobHistory, chosen_id: str = "") -> TaskHistory | None:
    """The training whose curve is shown: the chosen one, else a running one, else the best, else the last."""
    tasks = [task for task in training_tasks(history) if task.epochs]
    chosen_tasks = [task for task in tasks if task.task_id == chosen_id]
    running_tasks = [task for task in tasks if task.state == TaskState.RUNNING]
    best = best_epoch_of_job(history)
    return next(iter([*chosen_tasks, *running_tasks[:1], *([best.task] if best else []), *tasks[-1:]]), None)


def _with_note(plot: QWidget, note: QWidget) -> QWidget:
    """A plot, and a note that is shown instead of it."""
    container = QWidget()
    layout = QVBoxLayout(container)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(plot)
    layout.addWidget(note, 0, Qt.AlignmentFlag.AlignVCenter)
    note.setContentsMargins(24, 24, 24, 24)
    _show_widget_or_note(plot, note, False)
    return container


def _show_widget_or_note(widget: QWidget, note: QWidget, is_widget: bool) -> None:
    widget.setVisible(is_widget)
    note.setVisible(not is_widget)
