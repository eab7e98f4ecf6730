"""A window with pages that record their calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PyQt6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink
from vestim_gui.context import Context
from vestim_gui.shell.main_window import MainWindow
from vestim_gui.shell.settings_page import SettingsPage


class RecordingPage(QWidget):
    """Stands in for the jobs page and the new-job page."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []
        self.field = QLineEdit()
        QVBoxLayout(self).addWidget(self.field)

    def show_job(self, job_id: str, tab: str = "") -> None:
        self.calls.append(("show", job_id, tab))

    def open(self, document: dict[str, Any] | None = None, draft_id: str = "") -> None:
        self.calls.append(("open", document, draft_id))

    def open_file(self, path: str) -> None:
        self.calls.append(("file", path))


@pytest.fixture
def live(ctx: Context, fake_link: FakeLink, qtbot: QtBot) -> Context:
    """The context with its daemon connected."""
    fake_link.start()
    qtbot.waitUntil(lambda: fake_link.state.is_live)
    return ctx


@pytest.fixture
def window(ctx: Context, qtbot: QtBot) -> Iterator[MainWindow]:
    main_window = open_window(ctx, qtbot)
    yield main_window
    close_window(main_window)


def open_window(ctx: Context, qtbot: QtBot) -> MainWindow:
    """A window that is shown."""
    pages = {"jobs": RecordingPage, "new_job": RecordingPage, "settings": lambda: SettingsPage(ctx)}
    window = MainWindow(ctx, pages)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    return window


def close_window(window: MainWindow) -> None:
    """Close the window for good, without a question."""
    window._is_closing = True
    window._ctx.toasts.set_layer(None)
    window.close()
    window.deleteLater()
