"""Predictions: what was measured and what models predicted, file by file, with the error below."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.detail.choice_list import LIST_PX, ChoiceList
from vestim_gui.detail.panels import prediction_panels
from vestim_gui.detail.plot_actions import job_plot
from vestim_gui.detail.prediction import Prediction
from vestim_gui.detail.prediction_files import PredictionFile, prediction_files
from vestim_gui.detail.prediction_reader import PredictionReader
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.detail.trust_sentences import trust_sentences
from vestim_gui.numbers import count, metric
from vestim_gui.plots.content import Ink, View
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import plain_label

MOST = 6
"""So many models are overlaid at once: the theme has so many colours."""
HEADS = {"rmse": "RMSE", "mae": "MAE", "max": "largest error", "r2": "R²"}


class Predictions(JobTab):
    """A file, models, the plot, and the numbers of that file."""

    def __init__(self, ctx: Context, reader: PredictionReader, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._reader = reader
        self._files: list[PredictionFile] = []
        self._read: dict[PredictionFile, Prediction] = {}
        self._errors: dict[PredictionFile, str] = {}
        self._wanted: list[PredictionFile] = []
        self.file = QComboBox()
        self.file.setAccessibleName("File")
        self.file.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.models = ChoiceList("Models to compare")
        self.plot = job_plot(ctx, "Measured and predicted")
        self.note = plain_label("", "muted", wrap=True)
        self.trust = plain_label("", "muted", wrap=True)
        self.numbers = QWidget()
        self._grid = QGridLayout(self.numbers)
        self._build()
        self.file.currentIndexChanged.connect(self._other_file)
        self.models.changed.connect(self._show)

    def _build(self) -> None:
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(2)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        words = plain_label("File", "muted")
        words.setBuddy(self.file)
        bar.addWidget(words)
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
        layout.addWidget(self.numbers)
        layout.addWidget(self.note)
        layout.addWidget(self.trust)
        layout.addWidget(split, 1)
        self._content = (self.file, words, self.numbers, split)

    def forget(self) -> None:
        """Another job is shown."""
        self._files, self._wanted = [], []
        self._read.clear()
        self._errors.clear()
        self.file.clear()
        self.models.offer((), ())
        self.plot.view = View()
        self.plot.show_panels([])

    def refresh(self, changed: set[str], feed: JobFeed) -> None:
        """Offer the files and models that were tested."""
        if not changed & {"results", "shown", "tasks", "job opened", "reset"}:
            return
        sentences = trust_sentences(feed.history)
        self.trust.setText("\n".join(sentences))
        self.trust.setVisible(bool(sentences))
        files = prediction_files(feed.history, feed.shown, feed.title_of)
        for widget in self._content:
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
            chosen = self.file.currentData()
            self.file.blockSignals(True)
            self.file.clear()
            for name, words in names.items():
                self.file.addItem(words, name)
            self.file.setCurrentIndex(max(self.file.findData(chosen), 0))
            self.file.blockSignals(False)
        models = {file.train_id: file.model for file in files}
        best = next((file.train_id for file in files if not file.is_circuit), files[0].train_id)
        self.models.offer(list(models.items()), [best])
        self._show()

    def choose_file(self, name: str) -> None:
        """Show another file."""
        self.file.setCurrentIndex(max(self.file.findData(name), 0))

    def _other_file(self) -> None:
        self.plot.view = View()
        self._show()

    def _show(self) -> None:
        """Read what is chosen, then plot what has been read."""
        if self.feed is None:
            return
        name, ticked = self.file.currentData(), self.models.ticked()
        self._wanted = [file for file in self._files if file.file == name and file.train_id in ticked][:MOST]
        self._read = {file: read for file, read in self._read.items() if file in self._wanted}
        self._errors.clear()
        self._show_numbers()
        for file in self._wanted:
            if file not in self._read:
                self._ask(file, self.feed)
        self._plot()

    def _ask(self, file: PredictionFile, feed: JobFeed) -> None:
        def read(prediction: Prediction) -> None:
            if file in self._wanted and self.feed is feed:
                self._read[file] = prediction
                self._plot()

        def failed(error: VestimError) -> None:
            if file in self._wanted and self.feed is feed:
                self._errors[file] = error.sentence
                self._plot()

        self._reader.read(feed.job_id, file.path, file.attempt, read, failed)

    def _plot(self) -> None:
        missing = [file for file in self._wanted if file not in self._read and file not in self._errors]
        words = [*dict.fromkeys(self._errors.values())]
        words += [
            f"{file.model} predicts no number in {count(read.rows_without_number)} of {count(read.rows)} rows of this "
            "file: test it again, or train it anew."
            for file, read in self._read.items()
            if read.rows_without_number
        ]
        if missing:
            words.append(f"Reading {', '.join(file.model for file in missing)}...")
        if not self._wanted:
            words.append("Tick a model to see what it predicts.")
        self.note.setText(" ".join(words))
        self.note.setVisible(bool(words))
        shown = [(file, self._read[file]) for file in self._wanted if file in self._read]
        inks: list[Ink] = ["muted" if file.is_circuit else self._ink(file) for file, _ in shown]
        named = [(file.model, prediction, ink) for (file, prediction), ink in zip(shown, inks, strict=True)]
        if shown:
            self.plot.show_panels(prediction_panels(shown[0][0].file, shown[0][0].target, named))
        elif not missing:
            self.plot.show_panels([])

    def _ink(self, file: PredictionFile) -> int:
        return self.models.ticked().index(file.train_id)

    def _show_numbers(self) -> None:
        """One line a model: its errors in this file."""
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.setParent(None)
                old.deleteLater()
        if not self._wanted:
            return
        heads = [HEADS.get(name.partition("_")[0], name) for name, _ in self._wanted[0].metrics]
        for column, head in enumerate(["Model", *heads]):
            self._grid.addWidget(plain_label(head, "muted"), 0, column)
        for row, file in enumerate(self._wanted, 1):
            cells = [file.model, *(metric(name, value) for name, value in file.metrics)]
            for column, text in enumerate(cells):
                label = plain_label(text)
                if column:
                    label.setAlignment(Qt.AlignmentFlag.AlignRight)
                self._grid.addWidget(label, row, column)
        self._grid.setColumnStretch(len(heads) + 1, 1)
