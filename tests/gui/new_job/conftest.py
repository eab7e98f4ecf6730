"""A page of a new job over a scripted daemon with the real rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink
from tests.gui.new_job.cell_files import write_cells
from tests.gui.new_job.scripted_daemon import ScriptedDaemon
from vestim_gui.context import Context
from vestim_gui.new_job.new_job_page import NewJobPage

WaitUntil = Callable[[Callable[[], Any]], None]


@pytest.fixture
def daemon(fake_link: FakeLink) -> ScriptedDaemon:
    """The scripted daemon."""
    return ScriptedDaemon(fake_link)


@pytest.fixture
def wait_until(qtbot: QtBot) -> WaitUntil:
    """Wait until a condition holds."""

    def wait(condition: Callable[[], Any]) -> None:
        qtbot.waitUntil(lambda: bool(condition()))

    return wait


@pytest.fixture
def page(ctx: Context, daemon: ScriptedDaemon, qtbot: QtBot) -> Iterator[NewJobPage]:
    """The visible page, with a running daemon."""
    owner = QWidget()  # handles actions of other pages
    ctx.actions.add_handler("job.open_file", lambda: None, owner)
    ctx.link.start()
    new_job_page = NewJobPage(ctx)
    qtbot.addWidget(new_job_page)
    new_job_page.resize(1270, 840)
    new_job_page.show()
    yield new_job_page
    new_job_page.close_page()


@pytest.fixture
def data_files(tmp_path: Path) -> dict[str, list[str]]:
    """A data section with a valid file for each role."""
    return write_cells(tmp_path / "cells")
