"""WaitingView: what a job does before there is anything to plot: a message, its phases, and the input it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PyQt6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from vestim_core.spec.states import JobState, Phase, PhaseState
from vestim_gui.detail.event_text import state_text
from vestim_gui.detail.job_problem import missing_input
from vestim_gui.store.job_history import JobHistory
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.badge import glyph_of
from vestim_gui.widgets.plain_label import plain_label
from vestim_gui.widgets.progress_line import ProgressLine

PHASE_TITLES: dict[str, str] = {
    Phase.DATA_IMPORT: "Read the data files",
    Phase.DATA_PROCESSING: "Put them on an even time grid",
    Phase.DATA_AUGMENTATION: "Prepare the model's inputs",
    Phase.HYPERPARAMETERS: "Check the settings",
    Phase.TRAINING_SETUP: "Plan the tasks",
    Phase.TRAINING: "Train",
    Phase.TESTING: "Test",
}
STATE_KINDS = {PhaseState.NEEDS_INPUT: "warn", PhaseState.FAILED: "error", PhaseState.DONE: "ok"}


@dataclass(frozen=True)
class PhaseRow:
    """One phase: its title, its state, and its message."""

    title: str
    state: str
    message: str


def phase_rows(details: Mapping[str, Any] | None, history: JobHistory) -> list[PhaseRow]:
    """All phases in their order; the history is newer than the `show_job` reply."""
    reported_phases = {manager["phase"]: manager for manager in (details or {}).get("managers") or ()}
    rows = []
    for phase, title in PHASE_TITLES.items():
        newest = {**reported_phases.get(phase, {}), **history.phases.get(phase, {})}
        rows.append(PhaseRow(title, str(newest.get("state") or "waiting"), str(newest.get("message") or "")))
    return rows


def activity_sentence(row: Mapping[str, Any], history: JobHistory) -> str:
    """One sentence on what a job does or waits for."""
    state = row["state"]
    if missing_text := missing_input(history):
        return f"Waits for you: {missing_text}"
    if state == JobState.DRAFT:
        return "A draft: it has not been started."
    if state == JobState.QUEUED:
        position = int(row.get("position") or 0)
        return (
            f"In the queue, at position {position}."
            if position > 1
            else "In the queue: it starts as soon as there is room."
        )
    if row.get("activity"):
        title = PHASE_TITLES.get(str(row.get("phase")), "Work")
        return f"{title}: {row['activity']}"
    if state == JobState.RUNNING:
        return f"{PHASE_TITLES.get(str(row.get('phase')), 'Starting a process for the data')}..."
    return f"The job is {state_text(state)} and nothing was trained yet."


class WaitingView(QWidget):
    """A message, a progress line, and the phases."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = plain_label(kind="heading", wrap=True)
        self.progress = ProgressLine(parent=self)
        self.rows: list[tuple[QLabel, QLabel, QLabel]] = []
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(2, 1)
        for row in range(len(PHASE_TITLES)):
            labels = plain_label(), plain_label(), plain_label(kind="muted", wrap=True)
            self.rows.append(labels)
            for column, label in enumerate(labels):
                grid.addWidget(label, row, column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(16)
        layout.addWidget(self.message)
        layout.addWidget(self.progress)
        layout.addLayout(grid)
        layout.addStretch(1)

    def show_job(self, row: Mapping[str, Any], details: Mapping[str, Any] | None, history: JobHistory) -> None:
        """Show a job's current state."""
        self.message.setText(activity_sentence(row, history))
        set_kind(self.message, "warn" if missing_input(history) else "heading")
        self.progress.show_progress(float(row.get("fraction") or 0.0))
        for labels, phase in zip(self.rows, phase_rows(details, history), strict=True):
            labels[0].setText(f"{glyph_of(phase.state)} {state_text(phase.state)}")
            set_kind(labels[0], STATE_KINDS.get(PhaseState(phase.state), "muted"))
            labels[1].setText(phase.title)
            labels[2].setText(phase.message)
