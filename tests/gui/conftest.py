"""What every test of the window may rely on: an application with its own palette, a context made of a scripted service,
and nothing left behind: threads, timers, windows, child processes."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PyQt6 import sip
from PyQt6.QtCore import QEvent, Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget

from tests.gui.fake_link import FakeLink
from vestim_gui.actions import Actions
from vestim_gui.context import Context, Navigator
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell.toasts import Toasts
from vestim_gui.store.catalogue import Catalogue
from vestim_gui.theme.theme import Theme

# A server without a window manager gives no window the keys; those tests that need a real server start their own.
os.environ["QT_QPA_PLATFORM"] = "offscreen"


@pytest.fixture(scope="session")
def theme(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Theme:
    """The one theme of the application; light unless a test changes it."""
    return Theme(qapp, tmp_path_factory.mktemp("pictures"), "light")


@pytest.fixture
def fake_link(qapp: QApplication) -> Iterator[FakeLink]:
    """A scripted service that is not started yet."""
    link = FakeLink()
    yield link
    link.close()


@pytest.fixture
def ctx(qapp: QApplication, theme: Theme, fake_link: FakeLink, tmp_path: Path) -> Iterator[Context]:
    """A context over `fake_link`, which the test starts by `ctx.link.start()`."""
    theme.set_choice("light")
    context = Context(
        link=fake_link,
        jobs=Catalogue(fake_link),
        theme=theme,
        settings=SettingsStore(tmp_path / "window.json"),
        session=Session(tmp_path / "window_session.json"),
        actions=Actions(theme),
        toasts=Toasts(),
        navigate=Navigator(),
    )
    fake_link.unhandled_error.connect(context.toasts.say_error)
    yield context
    context.settings.flush()
    context.session.flush()
    for part in (context.actions, context.toasts, context.navigate, context.jobs, context.settings, context.session):
        part.deleteLater()
    theme.set_choice("light")


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(qapp: QApplication) -> Iterator[None]:
    gc.freeze()  # what was there before is not looked at again, which makes looking quick
    threads, children, windows = set(threading.enumerate()), _children(), set(map(id, _windows()))
    yield
    qapp.processEvents()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    left = [f"thread {thread.name}" for thread in threading.enumerate() if thread not in threads]
    left += [f"window {window!r}" for window in _windows() if id(window) not in windows]
    left += [f"timer of {timer.parent()!r}" for timer in _timers()]
    left += [f"process {pid}" for pid in _children() - children]
    _let_go_of_keys()
    assert not left, f"left behind: {left}"


def _let_go_of_keys() -> None:
    """Qt takes Ctrl for held until the next event after a test that pressed it, and a plain choice would add."""
    if QApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyRelease(QWidget(), Qt.Key.Key_Control)


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}


def _windows() -> list[QWidget]:
    return [window for window in QApplication.topLevelWidgets() if window.isVisible()]


def _timers() -> list[QTimer]:
    """Running ones that were made since `gc.freeze`."""
    return [
        found
        for found in gc.get_objects()
        if isinstance(found, QTimer) and not sip.isdeleted(found) and found.isActive()
    ]
