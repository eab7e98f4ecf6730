"""The window with all its pages over a scripted service: every action is answered, everything is reached by Tab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, epoch_event, summary
from vestim_gui.application import made_pages
from vestim_gui.context import Context
from vestim_gui.detail.page import DetailPage
from vestim_gui.shell.main_window import MainWindow

JOB = "job_20260101-120000-aaaa"
USED = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView)
PAGES = ("jobs", "new_job", "settings")
STEPS = 400


@pytest.fixture
def whole(ctx: Context, fake_link: FakeLink, qtbot: QtBot) -> Iterator[MainWindow]:
    """All pages were opened once; a job with three epochs is chosen."""
    fake_link.add_job(summary(JOB, last_seq=3), [epoch_event(n, n) for n in (1, 2, 3)])
    window = MainWindow(ctx, made_pages(ctx))
    window.resize(1360, 840)
    with qtbot.waitExposed(window):
        window.show()
    fake_link.start()
    qtbot.waitUntil(lambda: len(ctx.jobs) == 1)
    window.open_page("new_job")
    window.open_page("settings")
    window.open_job(JOB)
    window.activateWindow()
    yield window
    window._leaving = True
    ctx.toasts.set_layer(None)
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_every_action_of_the_table_is_answered(whole: MainWindow, ctx: Context) -> None:
    assert [spec.id for spec in ctx.actions.specs() if not ctx.actions.answered(spec.id)] == []


@pytest.mark.parametrize("page", PAGES)
def test_everything_is_reached_by_tab(whole: MainWindow, page: str) -> None:
    whole.open_page(page)
    reached = _walked(whole)
    wanted = {widget for widget in whole.findChildren(QWidget) if _is_used(widget)}
    missed = [f"{type(widget).__name__} {_name(widget)!r}" for widget in wanted - reached]
    assert missed == []


@pytest.mark.parametrize("page", PAGES)
def test_the_focus_can_be_seen(whole: MainWindow, page: str) -> None:
    whole.open_page(page)
    unseen = []
    for widget in _walked(whole):
        if _is_used(widget):
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            focused = widget.grab().toImage()
            widget.clearFocus()
            if widget.grab().toImage() == focused:
                unseen.append(f"{type(widget).__name__} {_name(widget)!r}")
    assert unseen == []


@pytest.mark.parametrize("page", PAGES)
def test_what_has_no_words_has_a_name(whole: MainWindow, page: str) -> None:
    whole.open_page(page)
    nameless = [
        f"{type(widget).__name__} {widget.toolTip()!r}"
        for widget in whole.findChildren(QAbstractButton)
        if widget.isVisible() and not widget.accessibleName() and not any(map(str.isalpha, widget.text()))
    ]
    assert nameless == []


def test_no_part_is_a_window_for_a_moment(ctx: Context, fake_link: FakeLink, qtbot: QtBot, qapp: QApplication) -> None:
    watch = _Windows()
    qapp.installEventFilter(watch)
    window = MainWindow(ctx, made_pages(ctx))
    with qtbot.waitExposed(window):
        window.show()
    fake_link.add_job(summary(JOB))
    fake_link.start()
    qtbot.waitUntil(lambda: len(ctx.jobs) == 1)
    for page in PAGES:
        window.open_page(page)
    window.open_job(JOB)
    qapp.removeEventFilter(watch)
    assert watch.seen == ["MainWindow"]
    window._leaving = True
    ctx.toasts.set_layer(None)
    window.close()
    window.deleteLater()


class _Windows(QObject):
    """Notes what is shown as a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        shown = event is not None and event.type() == QEvent.Type.Show
        if shown and isinstance(watched, QWidget) and watched.isWindow():
            self.seen.append(type(watched).__name__)
        return False


def _walked(window: MainWindow) -> set[QWidget]:
    """What gets the focus as Tab is pressed, until it comes round."""
    walked: list[QWidget] = []
    for _ in range(STEPS):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert focus is not None
        if walked and focus is walked[0]:
            break
        walked.append(focus)
    return set(walked)


def _is_used(widget: QWidget) -> bool:
    """Whether a person uses it; parts of others (an arrow of a box, a field within one) are reached through those."""
    if not isinstance(widget, USED) or not widget.isVisible() or not widget.isEnabled():
        return False
    parent = widget.parentWidget()
    inner = isinstance(parent, (QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView, QScrollBar))
    return not inner and widget.width() > 1


def _name(widget: QWidget) -> str:
    return widget.accessibleName() or getattr(widget, "text", lambda: "")() or widget.objectName() or widget.toolTip()


def test_the_main_job_by_keys_alone(whole: MainWindow, ctx: Context, fake_link: FakeLink, qtbot: QtBot) -> None:
    fake_link.handlers |= {"pause": lambda job_id: {"job_id": job_id, "state": "running"}}
    fake_link.change_job(JOB, state="running", phase="training")
    qtbot.waitUntil(lambda: (ctx.jobs.row(JOB) or {})["state"] == "running")
    control, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier

    def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.keyClick(QApplication.focusWidget() or whole, key, modifier)

    press(Qt.Key.Key_1, control)
    press(Qt.Key.Key_F, control)
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QLineEdit))
    press(Qt.Key.Key_Return)  # from the filter into the list
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QAbstractItemView))
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: ("pause", {"job_id": JOB}) in fake_link.calls)
    detail = whole.findChildren(DetailPage)[0]
    for key, tab in ((Qt.Key.Key_2, "curves"), (Qt.Key.Key_6, "log"), (Qt.Key.Key_1, "overview")):
        press(key, alt)
        assert detail.tab == tab
    press(Qt.Key.Key_K, control)
    qtbot.keyClicks(QApplication.focusWidget(), "new job")
    press(Qt.Key.Key_Return)
    assert whole.page_name == "new_job"
    press(Qt.Key.Key_Comma, control)
    assert whole.page_name == "settings"
