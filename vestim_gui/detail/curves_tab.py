"""The Curves tab: errors of a job's trainings over their epochs or over time, live."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from vestim_gui.context import Context
from vestim_gui.detail.choice_list import LIST_PX, ChoiceList
from vestim_gui.detail.job_results import best_epoch, training_tasks
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.detail.panels import Axis, loss_panel
from vestim_gui.detail.plot_actions import job_plot
from vestim_gui.plots.content import Options
from vestim_gui.store.feed import JobFeed
from vestim_gui.store.job_history import TaskHistory
from vestim_gui.widgets.plain_label import button, plain_label

TICKED_AT_FIRST = 6
"""Number of best models that are ticked when a job is opened."""
MAX_CURVES = 40
"""Number of models above which curves cannot be told apart; only the first ones are drawn."""
SESSION_KEY = "detail.curves"


class CurvesTab(JobTab):
    """A list of models, options, and the plot."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        no_options: dict[str, Any] = {}
        options = ctx.session.get(SESSION_KEY, no_options)
        self.models = ChoiceList("Models to plot")
        self.train = _check_box("Train", bool(options.get("train", True)))
        self.validation = _check_box("Validation", bool(options.get("validation", True)))
        self.log = _check_box("Log axis", bool(options.get("log", True)), "L")
        self.smooth = _check_box("Smoothing", bool(options.get("smooth", False)), "S")
        self.axis = QComboBox()
        self.axis.setAccessibleName("Horizontal axis")
        self.axis.addItem("over epochs", "epoch")
        self.axis.addItem("over time", "time")
        self.axis.setCurrentIndex(max(self.axis.findData(options.get("axis", "epoch")), 0))
        self.plot = job_plot(ctx, "Training curves")
        self.plot.options = Options(log=self.log.isChecked(), smooth=self.smooth.isChecked())
        self.empty_note = plain_label("The first epoch has not ended yet.", "muted", wrap=True)
        self.too_many_note = plain_label("", "warn", wrap=True)
        self._build()
        self.models.ticks_changed.connect(self._plot)
        for box in (self.train, self.validation):
            box.toggled.connect(self._on_option_changed)
        self.axis.currentIndexChanged.connect(self._on_option_changed)
        self.log.toggled.connect(lambda is_on: self.plot.set_options(log=is_on))
        self.smooth.toggled.connect(lambda is_on: self.plot.set_options(smooth=is_on))
        self.plot.options_changed.connect(self._options_changed)

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(16)
        for widget in (self.train, self.validation, self.log, self.smooth, self.axis):
            bar.addWidget(widget)
        bar.addStretch(1)
        self.side = QWidget()
        side = QVBoxLayout(self.side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(8)
        side.addWidget(self.models, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(button("Best", "link", self._tick_best))
        buttons.addWidget(button("None", "link", lambda: self.models.set_ticked(())))
        buttons.addStretch(1)
        side.addLayout(buttons)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self.side)
        split.addWidget(self.plot)
        split.setStretchFactor(1, 1)
        split.setSizes([LIST_PX, 4 * LIST_PX])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(self.too_many_note)
        layout.addWidget(self.empty_note)
        layout.addWidget(split, 1)

    def clear(self) -> None:
        """Clear the tab for another job."""
        self.models.set_choices((), ())
        self.plot.show_panels([])

    def refresh(self, changes: set[str], feed: JobFeed) -> None:
        """List the models that have an epoch, and plot the ticked ones."""
        tasks = self._trained_tasks(feed)
        self.models.set_choices([(task.task_id, feed.title_of(task.task_id)) for task in tasks], self._best_ids(tasks))
        self.side.setVisible(len(tasks) > 1)
        self.empty_note.setVisible(not tasks)
        if changes - {"row", "messages", "findings", "phases"}:
            self._plot()

    def _trained_tasks(self, feed: JobFeed) -> list[TaskHistory]:
        return [task for task in training_tasks(feed.history) if task.epochs]

    def _best_ids(self, tasks: list[TaskHistory]) -> list[str]:
        candidates = [best for task in tasks if (best := best_epoch(task)) is not None]
        return [best.task.task_id for best in sorted(candidates, key=lambda best: best.value)[:TICKED_AT_FIRST]]

    def _tick_best(self) -> None:
        if self.feed is not None:
            self.models.set_ticked(self._best_ids(self._trained_tasks(self.feed)))

    def _plot(self) -> None:
        if self.feed is None:
            return
        ticked = self.models.ticked()
        tasks = [self.feed.history.tasks[key] for key in ticked[:MAX_CURVES] if key in self.feed.history.tasks]
        self.too_many_note.setText(
            f"{len(ticked)} models are ticked: the first {MAX_CURVES} are drawn." if len(ticked) > MAX_CURVES else ""
        )
        self.too_many_note.setVisible(len(ticked) > MAX_CURVES)
        axis: Axis = "time" if self.axis.currentData() == "time" else "epoch"
        titled_tasks = [(task, self.feed.title_of(task.task_id)) for task in tasks]
        panel = loss_panel(
            titled_tasks,
            self.feed.history,
            axis=axis,
            train=self.train.isChecked(),
            validation=self.validation.isChecked(),
        )
        self.plot.show_panels([panel] if panel.curves else [])

    def _on_option_changed(self) -> None:
        self._save_options()
        self._plot()

    def _options_changed(self, options: Options) -> None:
        self.log.setChecked(options.log)
        self.smooth.setChecked(options.smooth)
        self._save_options()

    def _save_options(self) -> None:
        options = {
            "train": self.train.isChecked(),
            "validation": self.validation.isChecked(),
            "log": self.plot.options.log,
            "smooth": self.plot.options.smooth,
            "axis": self.axis.currentData(),
        }
        self.ctx.session.put(SESSION_KEY, options)


def _check_box(text: str, checked: bool, key: str = "") -> QCheckBox:
    box = QCheckBox(text)
    box.setChecked(checked)
    if key:
        box.setToolTip(f"{text} ({key} in the plot)")
    return box
