"""A page of a new job over a scripted service with the real rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink
from tests.gui.new_job.files import usual
from tests.gui.new_job.service import Service
from vestim_gui.context import Context
from vestim_gui.new_job.page import NewJobPage

Until = Callable[[Callable[[], Any]], None]


@pytest.fixture
def service(fake_link: FakeLink) -> Service:
    """What answers."""
    return Service(fake_link)


@pytest.fixture
def until(qtbot: QtBot) -> Until:
    """Wait until something is so."""

    def wait(condition: Callable[[], Any]) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    return wait


@pytest.fixture
def page(ctx: Context, service: Service, qtbot: QtBot) -> Iterator[NewJobPage]:
    """The page, shown, with the service live."""
    owner = QWidget()  # answers what other pages answer
    ctx.actions.on("job.open_file", lambda: None, owner)
    ctx.link.start()
    made = NewJobPage(ctx)
    qtbot.addWidget(made)
    made.resize(1270, 840)
    made.show()
    yield made
    made.close_page()


@pytest.fixture
def cells(tmp_path: Path) -> dict[str, list[str]]:
    """A data section with a sound file for each role."""
    return usual(tmp_path / "cells")
