"""SummaryCard: what the job amounts to and what is still to do, beside the form. Start stands here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from vestim_gui.new_job.problems import Stop
from vestim_gui.numbers import NOTHING, count, duration, number, several
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.elided_label import ElidedLabel
from vestim_gui.widgets.plain_label import button, plain_label

MOST_STOPS = 6
_SIGNS = {"error": "!", "warn": "▲", "muted": "○"}


class SummaryCard(QFrame):
    """start: Start was pressed. jump: a problem was chosen. discard: the draft is not wanted any more."""

    start = pyqtSignal()
    jump = pyqtSignal(object)
    discard = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "card")
        self.models = plain_label("", "value")
        self.time, self.parameters, self.memory, self.data = (ElidedLabel(NOTHING) for _ in range(4))
        self.basis = plain_label("", "muted", wrap=True)
        self._compact, self._in_short = False, ""
        self.to_do = plain_label("To do", "heading")
        self.stop_buttons: list[QWidget] = []
        self._stops = QVBoxLayout()
        self._stops.setSpacing(0)
        self.start_button = button("Start", "primary", self.start.emit)
        self.start_button.setAccessibleName("Start the job")
        self.message = plain_label("", "error", wrap=True)
        self.saved = plain_label("", "muted", wrap=True)
        self.discard_button = button("Discard the draft", "link", self.discard.emit)
        self._lay_out()
        self.show_estimate(None)
        self.show_stops([])

    def show_estimate(self, found: dict[str, Any] | None, data: str = "") -> None:
        """Show the answer of `estimate`; None while there is none. data: the files in words."""
        found = found or {}
        trials, parameters = found.get("trials"), found.get("parameters")
        self.models.setText("Not complete yet" if trials is None else f"Makes {several(trials, 'model')}")
        self.time.setText(_at_most(found.get("seconds")))
        self.parameters.setText(_range(parameters))
        memory_MB = found.get("memory_MB")
        self.memory.setText(NOTHING if memory_MB is None else _size(memory_MB))
        self.data.setText(data or NOTHING)
        basis = str(found.get("basis") or "")
        self.basis.setText(f"{basis[:1].upper()}{basis[1:]}." if basis else "")
        self.basis.setVisible(bool(basis))

    def show_stops(self, stops: Sequence[Stop]) -> None:
        """List what is missing or wrong, then what is doubtful."""
        for old in self.stop_buttons:
            self._stops.removeWidget(old)
            old.setParent(None)
            old.deleteLater()
        self.stop_buttons = []
        for stop in stops[:MOST_STOPS]:
            self.stop_buttons.append(StopLink(stop, partial(self.jump.emit, stop)))
        if len(stops) > MOST_STOPS:
            self.stop_buttons.append(plain_label(f"and {len(stops) - MOST_STOPS} more", "muted"))
        for made in self.stop_buttons:
            self._stops.addWidget(made)
        blocking = [stop for stop in stops if not stop.warn]
        self.to_do.setText("To do before the start" if blocking else "Worth a look")
        self.to_do.setVisible(bool(stops))
        self._in_short = f"{len(blocking)} to do" if blocking else self.time.text()
        self.say("" if not blocking else self.message.text())

    def say(self, sentence: str) -> None:
        """Say under Start why the job was not started; "" for nothing."""
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence) and not self._compact)
        self._line.setText(sentence or self._in_short)
        set_kind(self._line, "error" if sentence else "muted")

    def set_pending(self, pending: bool) -> None:
        """Show that the job is being started."""
        self.start_button.setEnabled(not pending)
        self.start_button.setText("Starting..." if pending else "Start")

    def tell_saved(self, words: str, tone: str) -> None:
        """Say how the draft is kept."""
        self.saved.setText(words)
        self.saved.setVisible(bool(words))
        set_kind(self.saved, tone)

    def set_compact(self, compact: bool) -> None:
        """Be one line with Start at its end, or a card with all figures."""
        self._compact = compact
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._whole.setDirection(across if compact else down)
        for widget in (self._heading, self._figures, self._more):
            widget.setVisible(not compact)
        self._line.setVisible(compact)
        self.say(self.message.text())

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
        for place, (words, label) in enumerate(rows):
            grid.addWidget(plain_label(words, "muted"), place, 0)
            grid.addWidget(label, place, 1)
        grid.addWidget(self.basis, len(rows), 0, 1, 2)
        self._line = ElidedLabel(kind="muted")
        self._line.hide()
        self._more = QWidget()
        more = QVBoxLayout(self._more)
        more.setContentsMargins(0, 0, 0, 0)
        more.setSpacing(8)
        more.addWidget(self.saved)
        more.addWidget(self.discard_button, 0, Qt.AlignmentFlag.AlignLeft)
        more.addWidget(self.to_do)
        more.addLayout(self._stops)
        more.addStretch(1)
        self._whole = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._whole.setSpacing(8)
        for widget in (self._heading, self.models, self._figures):
            self._whole.addWidget(widget)
        self._whole.addWidget(self._line, 1)
        self._whole.addWidget(self.start_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(self._whole)
        layout.addWidget(self.message)
        layout.addWidget(self._more, 1)
        self.message.hide()
        self.saved.hide()


class StopLink(QFrame):
    """What a field is called, as a link to it, and what is wrong there."""

    def __init__(self, stop: Stop, clicked: Callable[[], object]) -> None:
        super().__init__()
        self.button = button(f"{_SIGNS[stop.tone]} {stop.words}", "link", clicked)
        self.button.setAccessibleName(f"{stop.words}: {stop.sentence}")
        self.label = ElidedLabel(stop.sentence, stop.tone)
        self.label.setContentsMargins(6, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.label)


def _at_most(seconds: Any) -> str:
    return f"at most {duration(float(seconds))}" if isinstance(seconds, int | float) else "no estimate yet"


def _range(parameters: Any) -> str:
    if not isinstance(parameters, dict):
        return NOTHING
    least, most = parameters["min"], parameters["max"]
    return count(most) if least == most else f"{count(least)} to {count(most)}"


def _size(memory_MB: float) -> str:
    return f"about {number(memory_MB / 1000)} GB" if memory_MB >= 1000 else f"about {number(memory_MB)} MB"
