"""What is going on before there is anything to plot: words, the phases of the job, what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PyQt6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from vestim_core.spec.states import JobState, Phase, PhaseState
from vestim_gui.detail.job_problem import needs_input
from vestim_gui.detail.event_text import state_words
from vestim_gui.store.job_history import JobHistory
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.badge import glyph_of
from vestim_gui.widgets.plain_label import plain_label
from vestim_gui.widgets.progress_line import ProgressLine

PHASES: dict[str, str] = {
    Phase.DATA_IMPORT: "Read the data files",
    Phase.DATA_PROCESSING: "Put them on an even time grid",
    Phase.DATA_AUGMENTATION: "Prepare the model's inputs",
    Phase.HYPERPARAMETERS: "Check the settings",
    Phase.TRAINING_SETUP: "Plan the tasks",
    Phase.TRAINING: "Train",
    Phase.TESTING: "Test",
}
KINDS = {PhaseState.NEEDS_INPUT: "warn", PhaseState.FAILED: "error", PhaseState.DONE: "ok"}


@dataclass(frozen=True)
class PhaseRow:
    """One phase: what it does, its state, and what it says."""

    words: str
    state: str
    message: str


def phase_rows(shown: Mapping[str, Any] | None, history: JobHistory) -> list[PhaseRow]:
    """All phases in their order; the history is newer than what `show_job` said."""
    known = {manager["phase"]: manager for manager in (shown or {}).get("managers") or ()}
    rows = []
    for phase, words in PHASES.items():
        newest = {**known.get(phase, {}), **history.phases.get(phase, {})}
        rows.append(PhaseRow(words, str(newest.get("state") or "waiting"), str(newest.get("message") or "")))
    return rows


def going_on(row: Mapping[str, Any], history: JobHistory) -> str:
    """One sentence: what a job does or waits for."""
    state = row["state"]
    if missing := needs_input(history):
        return f"Waits for you: {missing}"
    if state == JobState.DRAFT:
        return "A draft: it has not been started."
    if state == JobState.QUEUED:
        place = int(row.get("position") or 0)
        return f"In the queue, at place {place}." if place > 1 else "In the queue: it starts as soon as there is room."
    if row.get("message"):
        words = PHASES.get(str(row.get("phase")), "Work")
        return f"{words}: {row['message']}"
    if state == JobState.RUNNING:
        return f"{PHASES.get(str(row.get('phase')), 'Starting a process for the data')}..."
    return f"The job is {state_words(state)} and nothing was trained yet."


class WaitingView(QWidget):
    """The sentence, a line of progress, and the phases."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = plain_label(kind="heading", wrap=True)
        self.progress = ProgressLine(parent=self)
        self.rows: list[tuple[QLabel, QLabel, QLabel]] = []
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(2, 1)
        for number in range(len(PHASES)):
            labels = plain_label(), plain_label(), plain_label(kind="muted", wrap=True)
            self.rows.append(labels)
            for column, label in enumerate(labels):
                grid.addWidget(label, number, column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(16)
        layout.addWidget(self.sentence)
        layout.addWidget(self.progress)
        layout.addLayout(grid)
        layout.addStretch(1)

    def show_job(self, row: Mapping[str, Any], shown: Mapping[str, Any] | None, history: JobHistory) -> None:
        """Show where a job stands."""
        self.sentence.setText(going_on(row, history))
        set_kind(self.sentence, "warn" if needs_input(history) else "heading")
        self.progress.show_progress(float(row.get("fraction") or 0.0))
        for labels, phase in zip(self.rows, phase_rows(shown, history), strict=True):
            labels[0].setText(f"{glyph_of(phase.state)} {state_words(phase.state)}")
            set_kind(labels[0], KINDS.get(PhaseState(phase.state), "muted"))
            labels[1].setText(phase.words)
            labels[2].setText(phase.message)
