"""Questions on closing: jobs go on without the window, which is explained once, with "Stop everything and quit" as
alternative."""

from __future__ import annotations

from enum import Enum, auto

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox, QWidget

from vestim_core.spec.states import JobState
from vestim_gui.display_numbers import format_quantity
from vestim_gui.store.catalog import Catalog
from vestim_gui.theme.style import set_kind

ACTIVE_STATES = (JobState.RUNNING, JobState.QUEUED)


class CloseChoice(Enum):
    """The user's answer when the window closes."""

    LEAVE = auto()
    STOP_ALL = auto()
    STAY = auto()


def active_jobs_text(jobs: Catalog) -> str:
    """`2 running · 1 queued`; empty if no job is active."""
    counts = [(jobs.count(state), state.value) for state in ACTIVE_STATES]
    return " · ".join(f"{count} {word}" for count, word in counts if count)


def ask_to_close(jobs: Catalog, parent: QWidget) -> CloseChoice:
    """Explain that jobs go on, and ask what to do."""
    count = jobs.count(*ACTIVE_STATES)
    box = QMessageBox(parent)
    box.setWindowTitle("Close Vestim")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"{format_quantity(count, 'job')} will go on without the window.")
    box.setInformativeText(
        f"Now: {active_jobs_text(jobs)}. The background service looks after them; open Vestim again to see every epoch "
        "that passed. This is said only once."
    )
    leave = box.addButton("Close, jobs go on", QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton("Stop everything and quit", QMessageBox.ButtonRole.DestructiveRole)
    stay = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
    if leave is not None and stop is not None:
        set_kind(leave, "primary")
        set_kind(stop, "danger")
    box.setDefaultButton(leave)
    box.setEscapeButton(stay)
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return CloseChoice.LEAVE if clicked is leave else CloseChoice.STOP_ALL if clicked is stop else CloseChoice.STAY


def confirm_stop(jobs: Catalog, parent: QWidget) -> bool:
    """True if everything is to be stopped. Returns True without asking if no job is active."""
    if not active_jobs_text(jobs):
        return True
    box = QMessageBox(parent)
    box.setWindowTitle("Stop everything and quit")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"Stop {format_quantity(jobs.count(*ACTIVE_STATES), 'job')} and the background service?")
    box.setInformativeText(f"Now: {active_jobs_text(jobs)}. The best model that each has trained so far is kept.")
    stop = box.addButton("Stop everything and quit", QMessageBox.ButtonRole.DestructiveRole)
    stay = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
    if stop is not None:
        set_kind(stop, "danger")
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return clicked is stop
