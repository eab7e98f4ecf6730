"""Uncaught exceptions are logged and shown, and the window goes on."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QTimer, qWarning
from PyQt6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from vestim_core.spec.errors import wrong_input
from vestim_gui.uncaught_errors import HEADLINE, UncaughtErrors


@pytest.fixture
def errors(qtbot: QtBot, tmp_path: Path) -> Iterator[UncaughtErrors]:
    uncaught = UncaughtErrors(tmp_path / "logs" / "window.log")
    uncaught.install()
    yield uncaught
    uncaught.uninstall()


@pytest.mark.qt_no_exception_capture
def test_an_exception_in_a_slot_is_reported_once_and_logged_each_time(qtbot: QtBot, errors: UncaughtErrors) -> None:
    button, clicks = QPushButton(), []
    qtbot.addWidget(button)
    button.clicked.connect(lambda: clicks.append(1) or 1 / 0)
    with qtbot.waitSignal(errors.caught) as caught:
        button.click()
    assert caught.args[0] == HEADLINE
    assert "ZeroDivisionError" in caught.args[1] and "ZeroDivisionError" not in HEADLINE
    with qtbot.assertNotEmitted(errors.caught):
        button.click()  # a repetition is logged but not reported again
    assert len(clicks) == 2
    assert errors.log_file.read_text().count("ZeroDivisionError: ") == 2


@pytest.mark.qt_no_exception_capture
def test_a_vestim_error_is_reported_by_its_message(qtbot: QtBot, errors: UncaughtErrors) -> None:
    def fail() -> None:
        raise wrong_input("'a.csv' has no current column")

    with qtbot.waitSignal(errors.caught) as caught:
        QTimer.singleShot(0, fail)
    assert caught.args[0] == "'a.csv' has no current column"


@pytest.mark.qt_no_exception_capture
def test_a_thread_s_exception_is_reported_on_the_window_s_thread(qtbot: QtBot, errors: UncaughtErrors) -> None:
    threads = []
    errors.caught.connect(lambda *_: threads.append(threading.current_thread()))
    thread = threading.Thread(target=lambda: [][1])
    with qtbot.waitSignal(errors.caught) as caught:
        thread.start()
    thread.join()
    assert "IndexError" in caught.args[1]
    assert threads == [threading.main_thread()]


def test_messages_of_qt_and_loggers_are_logged(qtbot: QtBot, errors: UncaughtErrors) -> None:
    qWarning(b"a word of Qt's")
    logging.getLogger("vestim_gui.session").warning("a word of ours")
    text = errors.log_file.read_text()
    assert "WARNING qt: a word of Qt's" in text and "a word of ours" in text


def test_an_unwritable_log_does_not_keep_the_window_from_opening(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file in the way")
    errors = UncaughtErrors(tmp_path / "logs" / "window.log")
    errors.install()
    logging.getLogger("vestim_gui").warning("nowhere")
    errors.uninstall()
    assert sys.excepthook is not errors._handle
