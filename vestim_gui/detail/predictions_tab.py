"""The Predictions tab: measured and predicted values of one file, by several models, with the errors below."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.detail.choice_list import LIST_PX, ChoiceList
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.detail.panels import prediction_panels
from vestim_gui.detail.plot_actions import job_plot
from vestim_gui.detail.prediction import Prediction
from vestim_gui.detail.prediction_files import PredictionFile, prediction_files
from vestim_gui.detail.prediction_reader import PredictionReader
from vestim_gui.detail.trust_sentences import trust_sentences
from vestim_gui.display_numbers import format_count, format_metric
from vestim_gui.plots.content import Ink, View
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import plain_label

MAX_MODELS = 6
"""Models overlaid at once: as many as the theme has colors."""
METRIC_TITLES = {"rmse": "RMSE", "mae": "MAE", "max": "largest error", "r2": "R²"}


class PredictionsTab(JobTab):
    """A file, models, the plot, and the errors in that file."""

    def __init__(self, ctx: Context, reader: PredictionReader, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._reader = reader
        self._files: list[PredictionFile] = []
        self._prediction_by_file: dict[PredictionFile, Prediction] = {}
        self._error_by_file: dict[PredictionFile, str] = {}
        self._selected_files: list[PredictionFile] = []
        self.file = QComboBox()
        self.file.setAccessibleName("File")
        self.file.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.models = ChoiceList("Models to compare")
        self.plot = job_plot(ctx, "Measured and predicted")
        self.note = plain_label("", "muted", wrap=True)
        self.trust_note = plain_label("", "muted", wrap=True)
        self.metrics_table = QWidget()
        self._grid = QGridLayout(self.metrics_table)
        self._build()
        self.file.currentIndexChanged.connect(self._on_file_changed)
        self.models.ticks_changed.connect(self._show_selection)

    def _build(self) -> None:
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(2)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        file_label = plain_label("File", "muted")
        file_label.setBuddy(self.file)
        bar.addWidget(file_label)
        bar.addWidget(self.file)
        bar.addStretch(1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self.models)
        split.addWidget(self.plot)
        split.setStretchFactor(1, 1)
        split.setSizes([LIST_PX, 4 * LIST_PX])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(self.metrics_table)
        layout.addWidget(self.note)
        layout.addWidget(self.trust_note)
        layout.addWidget(split, 1)
        self._result_widgets = (self.file, file_label, self.metrics_table, split)

    def clear(self) -> None:
        """Clear the tab for another job."""
        self._files, self._selected_files = [], []
        self._prediction_by_file.clear()
        self._error_by_file.clear()
        self.file.clear()
        self.models.set_choices((), ())
        self.plot.view = View()
        self.plot.show_panels([])

    def refresh(self, changes: set[str], feed: JobFeed) -> None:
        """List the files and models that were tested."""
        if not changes & {"results", "details", "tasks", "job opened", "reset"}:
            return
        sentences = trust_sentences(feed.history)
        self.trust_note.setText("\n".join(sentences))
        self.trust_note.setVisible(bool(sentences))
        files = prediction_files(feed.history, feed.details, feed.title_of)
        for widget in self._result_widgets:
            widget.setVisible(bool(files))
        if not files:
            self.note.setText("Nothing was tested yet: predictions come with the test of a trained model.")
            self.note.show()
            return
        if files == self._files:
            return
        self._files = files
        names = {file.file: f"{file.file} ({file.role})" for file in files}
        if [self.file.itemData(row) for row in range(self.file.count())] != list(names):
            selected_name = self.file.currentData()
            self.file.blockSignals(True)
            self.file.clear()
            for name, title in names.items():
                self.file.addItem(title, name)
            self.file.setCurrentIndex(max(self.file.findData(selected_name), 0))
            self.file.blockSignals(False)
        models = {file.train_id: file.model for file in files}
        best = next((file.train_id for file in files if not file.is_circuit), files[0].train_id)
        self.models.set_choices(list(models.items()), [best])
        self._show_selection()

    def choose_file(self, name: str) -> None:
        """Show another file."""
        self.file.setCurrentIndex(max(self.file.findData(name), 0))

    def _on_file_changed(self) -> None:
        self.plot.view = View()
        self._show_selection()

    def _show_selection(self) -> None:
        """Read the selected predictions, then plot those that have been read."""
        if self.feed is None:
            return
        name, ticked = self.file.currentData(), self.models.ticked()
        self._selected_files = [file for file in self._files if file.file == name and file.train_id in ticked][
            :MAX_MODELS
        ]
        self._prediction_by_file = {
            file: prediction for file, prediction in self._prediction_by_file.items() if file in self._selected_files
        }
        self._error_by_file.clear()
        self._show_metrics()
        for file in self._selected_files:
            if file not in self._prediction_by_file:
                self._request(file, self.feed)
        self._plot()

    def _request(self, file: PredictionFile, feed: JobFeed) -> None:
        def show_prediction(prediction: Prediction) -> None:
            if file in self._selected_files and self.feed is feed:
                self._prediction_by_file[file] = prediction
                self._plot()

        def show_error(error: VestimError) -> None:
            if file in self._selected_files and self.feed is feed:
                self._error_by_file[file] = error.message
                self._plot()

        self._reader.read(feed.job_id, file.path, file.attempt, show_prediction, show_error)

    def _plot(self) -> None:
        unread_files = [
            file
            for file in self._selected_files
            if file not in self._prediction_by_file and file not in self._error_by_file
        ]
        notes = [*dict.fromkeys(self._error_by_file.values())]
        notes += [
            f"{file.model} predicts no number in {format_count(prediction.missing_count)} of "
            f"{format_count(prediction.row_count)} rows of this file: test it again, or train it anew."
            for file, prediction in self._prediction_by_file.items()
            if prediction.missing_count
        ]
        if unread_files:
            notes.append(f"Reading {', '.join(file.model for file in unread_files)}...")
        if not self._selected_files:
            notes.append("Tick a model to see what it predicts.")
        self.note.setText(" ".join(notes))
        self.note.setVisible(bool(notes))
        read_files = [
            (file, self._prediction_by_file[file]) for file in self._selected_files if file in self._prediction_by_file
        ]
        inks: list[Ink] = ["muted" if file.is_circuit else self._ink_of(file) for file, _ in read_files]
        predictions = [(file.model, prediction, ink) for (file, prediction), ink in zip(read_files, inks, strict=True)]
        if read_files:
            self.plot.show_panels(prediction_panels(read_files[0][0].file, read_files[0][0].target, predictions))
        elif not unread_files:
            self.plot.show_panels([])

    def _ink_of(self, file: PredictionFile) -> int:
        return self.models.ticked().index(file.train_id)

    def _show_metrics(self) -> None:
        """One line per model: its errors in this file."""
        while (item := self._grid.takeAt(0)) is not None:
            if (old_widget := item.widget()) is not None:
                old_widget.setParent(None)
                old_widget.deleteLater()
        if not self._selected_files:
            return
        titles = [METRIC_TITLES.get(name.partition("_")[0], name) for name, _ in self._selected_files[0].metrics]
        for column, title in enumerate(["Model", *titles]):
            self._grid.addWidget(plain_label(title, "muted"), 0, column)
        for row, file in enumerate(self._selected_files, 1):
            cells = [file.model, *(format_metric(name, value) for name, value in file.metrics)]
            for column, text in enumerate(cells):
                label = plain_label(text)
                if column:
                    label.setAlignment(Qt.AlignmentFlag.AlignRight)
                self._grid.addWidget(label, row, column)
        self._grid.setColumnStretch(len(titles) + 1, 1)
