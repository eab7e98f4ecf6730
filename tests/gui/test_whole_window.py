"""The window with all its pages over a scripted daemon: every action has a handler, everything is reached by Tab."""

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
from vestim_gui.application import page_factories
from vestim_gui.context import Context
from vestim_gui.detail.detail_page import DetailPage
from vestim_gui.shell.main_window import MainWindow

JOB = "job_20260101-120000-aaaa"
USABLE_TYPES = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView)
PAGES = ("jobs", "new_job", "settings")
MAX_TAB_STEPS = 400  # more presses of Tab than any page has widgets


@pytest.fixture
def window(ctx: Context, fake_link: FakeLink, qtbot: QtBot) -> Iterator[MainWindow]:
    """All pages were opened once; a job with three epochs is chosen."""
    fake_link.add_job(summary(JOB, last_seq=3), [epoch_event(n, n) for n in (1, 2, 3)])
    window = MainWindow(ctx, page_factories(ctx))
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
    window._is_closing = True
    ctx.toasts.set_layer(None)
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_every_action_has_a_handler(window: MainWindow, ctx: Context) -> None:
    assert [spec.id for spec in ctx.actions.specs() if not ctx.actions.has_handler(spec.id)] == []


@pytest.mark.parametrize("page", PAGES)
def test_everything_is_reached_by_tab(window: MainWindow, page: str) -> None:
    window.open_page(page)
    reached = _tab_chain(window)
    usable = {widget for widget in window.findChildren(QWidget) if _is_usable(widget)}
    missed = [f"{type(widget).__name__} {_name(widget)!r}" for widget in usable - reached]
    assert missed == []


@pytest.mark.parametrize("page", PAGES)
def test_the_focus_can_be_seen(window: MainWindow, page: str) -> None:
    window.open_page(page)
    unseen = []
    for widget in _tab_chain(window):
        if _is_usable(widget):
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            focused = widget.grab().toImage()
            widget.clearFocus()
            if widget.grab().toImage() == focused:
                unseen.append(f"{type(widget).__name__} {_name(widget)!r}")
    assert unseen == []


@pytest.mark.parametrize("page", PAGES)
def test_buttons_without_text_have_an_accessible_name(window: MainWindow, page: str) -> None:
    window.open_page(page)
    nameless = [
        f"{type(widget).__name__} {widget.toolTip()!r}"
        for widget in window.findChildren(QAbstractButton)
        if widget.isVisible() and not widget.accessibleName() and not any(map(str.isalpha, widget.text()))
    ]
    assert nameless == []


def test_no_part_appears_as_a_window_of_its_own(
    ctx: Context, fake_link: FakeLink, qtbot: QtBot, qapp: QApplication
) -> None:
    watch = _WindowRecorder()
    qapp.installEventFilter(watch)
    window = MainWindow(ctx, page_factories(ctx))
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
    window._is_closing = True
    ctx.toasts.set_layer(None)
    window.close()
    window.deleteLater()


class _WindowRecorder(QObject):
    """Records what is shown as a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        is_show_event = event is not None and event.type() == QEvent.Type.Show
        if is_show_event and isinstance(watched, QWidget) and watched.isWindow():
            self.seen.append(type(watched).__name__)
        return False


def _tab_chain(window: MainWindow) -> set[QWidget]:
    """Widgets that get the focus as Tab is pressed, until the first one again."""
    widgets: list[QWidget] = []
    for _ in range(MAX_TAB_STEPS):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert focus is not None
        if widgets and focus is widgets[0]:
            break
        widgets.append(focus)
    return set(widgets)


def _is_usable(widget: QWidget) -> bool:
    """True if a person uses it directly; parts of others (an arrow of a box, a field within one) are reached through
    those."""
    if not isinstance(widget, USABLE_TYPES) or not widget.isVisible() or not widget.isEnabled():
        return False
    parent = widget.parentWidget()
    inner = isinstance(parent, (QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView, QScrollBar))
    return not inner and widget.width() > 1


def _name(widget: QWidget) -> str:
    return widget.accessibleName() or getattr(widget, "text", lambda: "")() or widget.objectName() or widget.toolTip()


def test_the_main_tasks_by_keyboard_alone(window: MainWindow, ctx: Context, fake_link: FakeLink, qtbot: QtBot) -> None:
    fake_link.handlers |= {"pause": lambda job_id: {"job_id": job_id, "state": "running"}}
    fake_link.change_job(JOB, state="running", phase="training")
    qtbot.waitUntil(lambda: (ctx.jobs.row(JOB) or {})["state"] == "running")
    control, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier

    def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.keyClick(QApplication.focusWidget() or window, key, modifier)

    press(Qt.Key.Key_1, control)
    press(Qt.Key.Key_F, control)
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QLineEdit))
    press(Qt.Key.Key_Return)  # from the filter into the list
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QAbstractItemView))
    press(Qt.Key.Key_Home)
    qtbot.waitUntil(ctx.actions.action("job.pause").isEnabled)  # soon after the job is selected
    press(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: ("pause", {"job_id": JOB}) in fake_link.calls)
    detail = window.findChildren(DetailPage)[0]
    for key, tab in ((Qt.Key.Key_2, "curves"), (Qt.Key.Key_6, "log"), (Qt.Key.Key_1, "overview")):
        press(key, alt)
        assert detail.tab == tab
    press(Qt.Key.Key_K, control)
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QLineEdit))
    qtbot.keyClicks(QApplication.focusWidget(), "new job")
    press(Qt.Key.Key_Return)
    assert window.page_name == "new_job"
    press(Qt.Key.Key_Comma, control)
    assert window.page_name == "settings"
