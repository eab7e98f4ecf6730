"""Closing the window: jobs go on, which is said once, with "Stop everything and quit" beside it."""

from __future__ import annotations

from enum import Enum, auto

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox, QWidget

from vestim_core.spec.states import JobState
from vestim_gui.numbers import several
from vestim_gui.store.catalogue import Catalogue
from vestim_gui.theme.style import set_kind

ACTIVE = (JobState.RUNNING, JobState.QUEUED)


class Choice(Enum):
    """What the user wants when the window closes."""

    LEAVE = auto()
    STOP_ALL = auto()
    STAY = auto()


def active_words(jobs: Catalogue) -> str:
    """`2 running · 1 queued`; empty when nothing is under way."""
    counts = [(jobs.count(state), state.value) for state in ACTIVE]
    return " · ".join(f"{number} {word}" for number, word in counts if number)


def ask_leaving(jobs: Catalogue, parent: QWidget) -> Choice:
    """Say that jobs go on, and ask."""
    number = jobs.count(*ACTIVE)
    box = QMessageBox(parent)
    box.setWindowTitle("Close Vestim")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"{several(number, 'job')} will go on without the window.")
    box.setInformativeText(
        f"Now: {active_words(jobs)}. The background service looks after them; open Vestim again to see every epoch "
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
    return Choice.LEAVE if clicked is leave else Choice.STOP_ALL if clicked is stop else Choice.STAY


def ask_stopping(jobs: Catalogue, parent: QWidget) -> bool:
    """Whether everything is to be stopped; not asked where nothing is under way."""
    if not active_words(jobs):
        return True
    box = QMessageBox(parent)
    box.setWindowTitle("Stop everything and quit")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"Stop {several(jobs.count(*ACTIVE), 'job')} and the background service?")
    box.setInformativeText(f"Now: {active_words(jobs)}. The best model that each has trained so far is kept.")
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
