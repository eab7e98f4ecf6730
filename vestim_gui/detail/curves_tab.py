"""Curves: the errors of any of a job's trainings over their epochs or over time, live."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from vestim_gui.context import Context
from vestim_gui.detail.choice_list import LIST_PX, ChoiceList
from vestim_gui.detail.facts import best_of_task, trainings
from vestim_gui.detail.panels import Axis, loss_panel
from vestim_gui.detail.plot_actions import job_plot
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.plots.content import Options
from vestim_gui.store.feed import JobFeed
from vestim_gui.store.job_history import TaskHistory
from vestim_gui.widgets.plain_label import button, plain_label

AT_FIRST = 6
"""So many of the best models are ticked when a job is opened."""
MOST = 40
"""More curves than this at once say nothing any more: the first ones are drawn."""
SESSION = "detail.curves"


class Curves(JobTab):
    """A list of models, switches, and the plot."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        nothing: dict[str, Any] = {}
        kept = ctx.session.get(SESSION, nothing)
        self.models = ChoiceList("Models to plot")
        self.train = _box("Train", bool(kept.get("train", True)))
        self.validation = _box("Validation", bool(kept.get("validation", True)))
        self.log = _box("Log axis", bool(kept.get("log", True)), "L")
        self.smooth = _box("Smoothing", bool(kept.get("smooth", False)), "S")
        self.axis = QComboBox()
        self.axis.setAccessibleName("Horizontal axis")
        self.axis.addItem("over epochs", "epoch")
        self.axis.addItem("over time", "time")
        self.axis.setCurrentIndex(max(self.axis.findData(kept.get("axis", "epoch")), 0))
        self.plot = job_plot(ctx, "Training curves")
        self.plot.options = Options(log=self.log.isChecked(), smooth=self.smooth.isChecked())
        self.empty = plain_label("The first epoch has not ended yet.", "muted", wrap=True)
        self.many = plain_label("", "warn", wrap=True)
        self._build()
        self.models.changed.connect(self._plot)
        for box in (self.train, self.validation):
            box.toggled.connect(self._switched)
        self.axis.currentIndexChanged.connect(self._switched)
        self.log.toggled.connect(lambda on: self.plot.set_options(log=on))
        self.smooth.toggled.connect(lambda on: self.plot.set_options(smooth=on))
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
        picks = QHBoxLayout()
        picks.addWidget(button("Best", "link", self._tick_best))
        picks.addWidget(button("None", "link", lambda: self.models.tick(())))
        picks.addStretch(1)
        side.addLayout(picks)
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
        layout.addWidget(self.many)
        layout.addWidget(self.empty)
        layout.addWidget(split, 1)

    def forget(self) -> None:
        """Another job is shown."""
        self.models.offer((), ())
        self.plot.show_panels([])

    def refresh(self, changed: set[str], feed: JobFeed) -> None:
        """Offer the models that have begun, and plot those that are ticked."""
        begun = self._begun(feed)
        self.models.offer([(task.task_id, feed.title_of(task.task_id)) for task in begun], self._best(begun))
        self.side.setVisible(len(begun) > 1)
        self.empty.setVisible(not begun)
        if changed - {"row", "messages", "findings", "phases"}:
            self._plot()

    def _begun(self, feed: JobFeed) -> list[TaskHistory]:
        return [task for task in trainings(feed.history) if task.epochs]

    def _best(self, begun: list[TaskHistory]) -> list[str]:
        bests = [best for task in begun if (best := best_of_task(task)) is not None]
        return [best.task.task_id for best in sorted(bests, key=lambda best: best.value)[:AT_FIRST]]

    def _tick_best(self) -> None:
        if self.feed is not None:
            self.models.tick(self._best(self._begun(self.feed)))

    def _plot(self) -> None:
        if self.feed is None:
            return
        ticked = self.models.ticked()
        tasks = [self.feed.history.tasks[key] for key in ticked[:MOST] if key in self.feed.history.tasks]
        self.many.setText(f"{len(ticked)} models are ticked: the first {MOST} are drawn." if len(ticked) > MOST else "")
        self.many.setVisible(len(ticked) > MOST)
        axis: Axis = "time" if self.axis.currentData() == "time" else "epoch"
        named = [(task, self.feed.title_of(task.task_id)) for task in tasks]
        panel = loss_panel(
            named,
            self.feed.history,
            axis=axis,
            train=self.train.isChecked(),
            validation=self.validation.isChecked(),
        )
        self.plot.show_panels([panel] if panel.curves else [])

    def _switched(self) -> None:
        self._keep()
        self._plot()

    def _options_changed(self, options: Options) -> None:
        self.log.setChecked(options.log)
        self.smooth.setChecked(options.smooth)
        self._keep()

    def _keep(self) -> None:
        kept = {
            "train": self.train.isChecked(),
            "validation": self.validation.isChecked(),
            "log": self.plot.options.log,
            "smooth": self.plot.options.smooth,
            "axis": self.axis.currentData(),
        }
        self.ctx.session.put(SESSION, kept)


def _box(text: str, checked: bool, key: str = "") -> QCheckBox:
    box = QCheckBox(text)
    box.setChecked(checked)
    if key:
        box.setToolTip(f"{text} ({key} in the plot)")
    return box
