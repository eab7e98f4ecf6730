"""Fixtures of all window tests: an application with its own palette, a context over a scripted daemon, a `qtbot` whose
waits hold on slow machines, and a check that nothing is left behind: threads, timers, windows, child processes."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PyQt6 import sip
from PyQt6.QtCore import QEvent, Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink
from tests.gui.wait_limits import TEST_S, WAIT_MS
from vestim_gui.actions import Actions
from vestim_gui.context import Context, Navigator
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell.toasts import Toasts
from vestim_gui.store.catalog import Catalog
from vestim_gui.theme.theme import Theme

# A server without a window manager gives no window the keys; those tests that need a real server start their own.
os.environ["QT_QPA_PLATFORM"] = "offscreen"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every window test run for as long as its waits may take."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_S))


class PatientQtBot(QtBot):
    """A `QtBot` whose waits end late enough for slow machines."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = WAIT_MS) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = WAIT_MS, **options: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitExposed(self, widget: Any, *, timeout: int = WAIT_MS) -> Any:
        return super().waitExposed(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """The bot of pytest-qt with generous limits."""
    return PatientQtBot(request)


@pytest.fixture(scope="session")
def theme(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Theme:
    """The only theme of the application; light unless a test changes it."""
    return Theme(qapp, tmp_path_factory.mktemp("pictures"), "light")


@pytest.fixture
def fake_link(qapp: QApplication) -> Iterator[FakeLink]:
    """A scripted daemon that has not been started yet."""
    link = FakeLink()
    yield link
    link.close()


@pytest.fixture
def ctx(qapp: QApplication, theme: Theme, fake_link: FakeLink, tmp_path: Path) -> Iterator[Context]:
    """A context over `fake_link`, which the test starts by `ctx.link.start()`."""
    theme.set_choice("light")
    context = Context(
        link=fake_link,
        jobs=Catalog(fake_link),
        theme=theme,
        settings=SettingsStore(tmp_path / "window.json"),
        session=Session(tmp_path / "window_session.json"),
        actions=Actions(theme),
        toasts=Toasts(),
        navigate=Navigator(),
    )
    fake_link.unhandled_error.connect(context.toasts.show_error)
    yield context
    context.settings.flush()
    context.session.flush()
    for part in (context.actions, context.toasts, context.navigate, context.jobs, context.settings, context.session):
        part.deleteLater()
    theme.set_choice("light")


@pytest.fixture(autouse=True)
def _check_for_leftovers(qapp: QApplication) -> Iterator[None]:
    gc.freeze()  # objects that exist already are not scanned again, which keeps the check fast
    threads, children, windows = set(threading.enumerate()), _children(), set(map(id, _windows()))
    yield
    qapp.processEvents()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    leftovers = [f"thread {thread.name}" for thread in threading.enumerate() if thread not in threads]
    leftovers += [f"window {window!r}" for window in _windows() if id(window) not in windows]
    leftovers += [f"timer of {timer.parent()!r}" for timer in _timers()]
    leftovers += [f"process {pid}" for pid in _children() - children]
    _release_keys()
    assert not leftovers, f"left behind: {leftovers}"


def _release_keys() -> None:
    """Qt assumes that Ctrl is held until the next event after a test that pressed it, and a plain click would add to a
    selection."""
    if QApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyRelease(QWidget(), Qt.Key.Key_Control)


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}


def _windows() -> list[QWidget]:
    return [window for window in QApplication.topLevelWidgets() if window.isVisible()]


def _timers() -> list[QTimer]:
    """Running timers created since `gc.freeze`."""
    return [
        candidate
        for candidate in gc.get_objects()
        if isinstance(candidate, QTimer) and not sip.isdeleted(candidate) and candidate.isActive()
    ]
