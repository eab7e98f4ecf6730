"""Toasts: one plain sentence, with buttons and folded details; errors stay, others disappear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_gui.context import Context
from vestim_gui.shell.toasts import MAX_TOASTS, ToastCard, ToastLayer, error_text

LONG = "The training process was ended by the system at epoch 88 (signal 9, probably out of memory). Saved at epoch 88."


@pytest.fixture
def layer(qtbot: QtBot, ctx: Context) -> Iterator[ToastLayer]:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 600)
    QLineEdit(window).setFocus()
    with qtbot.waitExposed(window):
        window.show()
    toast_layer = ToastLayer(ctx.theme, window)
    ctx.toasts.set_layer(toast_layer)
    yield toast_layer
    ctx.toasts.set_layer(None)


def _button(card: ToastCard, text: str) -> QPushButton:
    return next(button for button in card.findChildren(QPushButton) if button.text() == text)


def test_earlier_toasts_are_shown_with_the_window(qtbot: QtBot, ctx: Context) -> None:
    ctx.toasts.show_toast("Too early")
    window = QWidget()
    qtbot.addWidget(window)
    layer = ToastLayer(ctx.theme, window)
    ctx.toasts.set_layer(layer)
    assert [card.toast.text for card in layer.cards()] == ["Too early"]
    ctx.toasts.set_layer(None)


def test_text_from_outside_is_plain_and_complete(ctx: Context, layer: ToastLayer) -> None:
    ctx.toasts.show_toast(f"<b>{LONG}</b>", "error")
    label = next(label for label in layer.cards()[0].findChildren(QLabel) if LONG in label.text())
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.height() >= label.heightForWidth(label.width())
    assert layer.geometry().bottom() < 600 and layer.geometry().right() < 800


def test_a_button_acts_and_closes(qtbot: QtBot, ctx: Context, layer: ToastLayer) -> None:
    done: list[str] = []
    ctx.toasts.show_toast("Archived 3 jobs.", "ok", [("Undo", lambda: done.append("undone"))])
    _button(layer.cards()[0], "Undo").click()
    assert done == ["undone"] and layer.cards() == []


def test_details_are_folded_and_can_be_copied(qtbot: QtBot, ctx: Context, layer: ToastLayer) -> None:
    ctx.toasts.show_toast("It failed.", "error", details="Traceback ...")
    card = layer.cards()[0]
    details = card.findChildren(QPlainTextEdit)[0]
    assert not details.isVisible()
    height = layer.height()
    _button(card, "Details").click()
    assert details.isVisible() and layer.height() > height
    _button(card, "Copy").click()
    clipboard = QApplication.clipboard()
    assert clipboard is not None and clipboard.text() == "It failed.\nTraceback ..."


def test_repeated_toasts_are_merged_and_at_most_four_are_shown(ctx: Context, layer: ToastLayer) -> None:
    for _ in range(3):
        ctx.toasts.show_toast("Saved.", "ok")
    assert len(layer.cards()) == 1
    for index in range(9):
        ctx.toasts.show_toast(f"Note {index}")
    assert [card.toast.text for card in layer.cards()] == [f"Note {index}" for index in range(9 - MAX_TOASTS, 9)]


def test_errors_stay_and_others_disappear(qtbot: QtBot, ctx: Context, layer: ToastLayer) -> None:
    ctx.toasts.show_toast("Saved.", "ok")
    ctx.toasts.show_toast("It failed.", "error")
    saved, failed = layer.cards()
    assert saved._timer.isActive() and not failed._timer.isActive()
    saved._timer.start(0)
    qtbot.waitUntil(lambda: layer.cards() == [failed])
    ctx.theme.set_choice("dark")


def test_an_error_is_shown_with_location_and_problems(ctx: Context, layer: ToastLayer) -> None:
    error = VestimError(
        ErrorCode.WRONG_INPUT,
        "the field is wrong",
        location="training.epochs",
        problems=({"location": "a", "message": "is b"},),
    )
    ctx.toasts.show_error(error)
    toast = layer.cards()[0].toast
    assert (toast.text, toast.kind, toast.details) == ("The field is wrong.", "error", "training.epochs\na: is b")
    assert error_text(VestimError(ErrorCode.FAILED, "Which one?")) == "Which one?"
