"""SummaryCard: estimate and open problems of the job, beside the form, with the Start button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from vestim_gui.display_numbers import NO_VALUE, format_count, format_duration, format_number, format_quantity
from vestim_gui.new_job.form_problems import FormProblem
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.elided_label import ElidedLabel
from vestim_gui.widgets.plain_label import button, plain_label

MAX_PROBLEMS = 6  # the others are counted, so that Start stays in view
_SIGNS = {"error": "!", "warn": "▲", "muted": "○"}


class SummaryCard(QFrame):
    """Estimate, problems, state of the draft, and Start.

    start_requested: Start was pressed. problem_chosen: a problem was clicked. discard_requested: the draft is to be
    deleted.
    """

    start_requested = pyqtSignal()
    problem_chosen = pyqtSignal(object)
    discard_requested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "card")
        self.models = plain_label("", "value")
        self.time, self.parameters, self.memory, self.data = (ElidedLabel(NO_VALUE) for _ in range(4))
        self.basis = plain_label("", "muted", wrap=True)
        self._is_compact, self._compact_text = False, ""
        self.to_do_heading = plain_label("To do", "heading")
        self.problem_widgets: list[QWidget] = []
        self._problem_layout = QVBoxLayout()
        self._problem_layout.setSpacing(0)
        self.start_button = button("Start", "primary", self.start_requested.emit)
        self.start_button.setAccessibleName("Start the job")
        self.message = plain_label("", "error", wrap=True)
        self.save_status = plain_label("", "muted", wrap=True)
        self.discard_button = button("Discard the draft", "link", self.discard_requested.emit)
        self._lay_out()
        self.show_estimate(None)
        self.show_problems([])

    def show_estimate(self, reply: dict[str, Any] | None, data: str = "") -> None:
        """Show the reply of `estimate_job`; None while there is none. data: text on the files."""
        reply = reply or {}
        trials, parameters = reply.get("trials"), reply.get("parameters")
        self.models.setText("Not complete yet" if trials is None else f"Makes {format_quantity(trials, 'model')}")
        self.time.setText(_time_text(reply.get("seconds")))
        self.parameters.setText(_parameter_text(parameters))
        memory_MB = reply.get("memory_MB")
        self.memory.setText(NO_VALUE if memory_MB is None else _memory_text(memory_MB))
        self.data.setText(data or NO_VALUE)
        basis = str(reply.get("basis") or "")
        self.basis.setText(f"{basis[:1].upper()}{basis[1:]}." if basis else "")
        self.basis.setVisible(bool(basis))

    def show_problems(self, form_problems: Sequence[FormProblem]) -> None:
        """List what is missing or wrong, then warnings."""
        for widget in self.problem_widgets:
            self._problem_layout.removeWidget(widget)
            widget.setParent(None)
            widget.deleteLater()
        self.problem_widgets = []
        for form_problem in form_problems[:MAX_PROBLEMS]:
            self.problem_widgets.append(ProblemLink(form_problem, partial(self.problem_chosen.emit, form_problem)))
        if len(form_problems) > MAX_PROBLEMS:
            self.problem_widgets.append(plain_label(f"and {len(form_problems) - MAX_PROBLEMS} more", "muted"))
        for widget in self.problem_widgets:
            self._problem_layout.addWidget(widget)
        blocking = [form_problem for form_problem in form_problems if not form_problem.is_warning]
        self.to_do_heading.setText("To do before the start" if blocking else "Worth a look")
        self.to_do_heading.setVisible(bool(form_problems))
        self._compact_text = f"{len(blocking)} to do" if blocking else self.time.text()
        self.show_message("" if not blocking else self.message.text())

    def show_message(self, message: str) -> None:
        """Show below Start why the job was not started; "" clears it."""
        self.message.setText(message)
        self.message.setVisible(bool(message) and not self._is_compact)
        self._line.setText(message or self._compact_text)
        set_kind(self._line, "error" if message else "muted")

    def set_pending(self, pending: bool) -> None:
        """Show that the job is being started."""
        self.start_button.setEnabled(not pending)
        self.start_button.setText("Starting..." if pending else "Start")

    def show_save_status(self, message: str, tone: str) -> None:
        """Show how the draft is saved."""
        self.save_status.setText(message)
        self.save_status.setVisible(bool(message))
        set_kind(self.save_status, tone)

    def set_compact(self, compact: bool) -> None:
        """Switch between one line with Start and a card with all figures."""
        self._is_compact = compact
        horizontal, vertical = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._overview.setDirection(horizontal if compact else vertical)
        for widget in (self._heading, self._figures, self._more):
            widget.setVisible(not compact)
        self._line.setVisible(compact)
        self.show_message(self.message.text())

    def _lay_out(self) -> None:
        self._heading = plain_label("Summary", "heading")
        self._figures = QWidget()
        grid = QGridLayout(self._figures)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        rows: list[tuple[str, QLabel]] = [
            ("Estimated time", self.time),
            ("Parameters", self.parameters),
            ("Memory", self.memory),
            ("Data", self.data),
        ]
        for row_index, (caption, label) in enumerate(rows):
            grid.addWidget(plain_label(caption, "muted"), row_index, 0)
            grid.addWidget(label, row_index, 1)
        grid.addWidget(self.basis, len(rows), 0, 1, 2)
        self._line = ElidedLabel(kind="muted")
        self._line.hide()
        self._more = QWidget()
        more = QVBoxLayout(self._more)
        more.setContentsMargins(0, 0, 0, 0)
        more.setSpacing(8)
        more.addWidget(self.save_status)
        more.addWidget(self.discard_button, 0, Qt.AlignmentFlag.AlignLeft)
        more.addWidget(self.to_do_heading)
        more.addLayout(self._problem_layout)
        more.addStretch(1)
        self._overview = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._overview.setSpacing(8)
        for widget in (self._heading, self.models, self._figures):
            self._overview.addWidget(widget)
        self._overview.addWidget(self._line, 1)
        self._overview.addWidget(self.start_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(self._overview)
        layout.addWidget(self.message)
        layout.addWidget(self._more, 1)
        self.message.hide()
        self.save_status.hide()


class ProblemLink(QFrame):
    """Name of a field as a link to it, with the problem there."""

    def __init__(self, form_problem: FormProblem, on_click: Callable[[], object]) -> None:
        super().__init__()
        self.button = button(f"{_SIGNS[form_problem.tone]} {form_problem.label}", "link", on_click)
        self.button.setAccessibleName(f"{form_problem.label}: {form_problem.message}")
        self.label = ElidedLabel(form_problem.message, form_problem.tone)
        self.label.setContentsMargins(6, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.label)


def _time_text(seconds: Any) -> str:
    return f"at most {format_duration(float(seconds))}" if isinstance(seconds, int | float) else "no estimate yet"


def _parameter_text(parameters: Any) -> str:
    if not isinstance(parameters, dict):
        return NO_VALUE
    minimum, maximum = parameters["min"], parameters["max"]
    return format_count(maximum) if minimum == maximum else f"{format_count(minimum)} to {format_count(maximum)}"


def _memory_text(memory_MB: float) -> str:
    return (
        f"about {format_number(memory_MB / 1000)} GB" if memory_MB >= 1000 else f"about {format_number(memory_MB)} MB"
    )
