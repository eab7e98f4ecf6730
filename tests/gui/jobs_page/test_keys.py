"""The list operated by keyboard alone."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink
from tests.gui.jobs_page.test_page import requests_of, select
from vestim_gui.jobs_page.jobs_page import JobsPage
from vestim_gui.store.jobs_model import TASK_ID


@pytest.fixture
def focused_page(page: JobsPage, qtbot: QtBot) -> JobsPage:
    """The page in the active window, with the focus in its list."""
    with qtbot.waitActive(page):
        page.activateWindow()
    page.view.setFocus()
    qtbot.waitUntil(page.view.hasFocus)
    return page


def test_space_pauses_and_delete_archives(focused_page: JobsPage, daemon: FakeLink, qtbot: QtBot) -> None:
    select(focused_page, "job_run")
    qtbot.keyClick(focused_page.view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: requests_of(daemon, "pause") == [{"job_id": "job_run"}])
    select(focused_page, "job_done")
    qtbot.keyClick(focused_page.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "job_done" not in focused_page.model.ids())


def test_alt_and_arrows_reorder_the_queue(focused_page: JobsPage, daemon: FakeLink, qtbot: QtBot) -> None:
    select(focused_page, "job_next")
    qtbot.keyClick(focused_page.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: requests_of(daemon, "reorder") == [{"job_id": "job_next", "position": 1}])


def test_arrows_select_and_expand(focused_page: JobsPage, daemon: FakeLink, qtbot: QtBot) -> None:
    task = {"task_id": "train_001", "kind": "train", "title": "LSTM", "state": "running", "message": "", "error": None}
    daemon.details["job_run"] = {"tasks": [{**task, "progress": {}, "result": {}}], "task_count": 1}
    select(focused_page, "job_run")
    qtbot.keyClick(focused_page.view, Qt.Key.Key_Right)
    parent = focused_page.model.index_of("job_run")
    qtbot.waitUntil(lambda: focused_page.model.rowCount(parent) == 1)
    qtbot.keyClick(focused_page.view, Qt.Key.Key_Down)
    assert focused_page.view.currentIndex().data(TASK_ID) == "train_001" and focused_page.view.current_job == "job_run"
    qtbot.keyClick(focused_page.view, Qt.Key.Key_Left)
    qtbot.keyClick(focused_page.view, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: focused_page.model.expanded_ids == [])


def test_the_chevron_expands_a_job_and_its_name_selects_it(focused_page: JobsPage, qtbot: QtBot) -> None:
    row = focused_page.list.visualRect(focused_page.model.index_of("job_run"))
    viewport = focused_page.list.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(row.left() + 18, row.top() + 14))
    assert focused_page.model.expanded_ids == ["job_run"]
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(row.left() + 18, row.top() + 14))
    assert focused_page.model.expanded_ids == []
    done = focused_page.list.visualRect(focused_page.model.index_of("job_done"))
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=done.center())
    assert focused_page.view.current_job == "job_done"


def test_keys_go_into_a_name_while_it_is_edited(focused_page: JobsPage, daemon: FakeLink, qtbot: QtBot) -> None:
    select(focused_page, "job_done")
    focused_page.rename()
    editor = focused_page.list.findChild(QLineEdit)
    assert editor is not None
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    qtbot.keyClicks(editor, "a b")
    assert editor.text() == "a b" and not requests_of(daemon, "archive") and not requests_of(daemon, "pause")
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert not requests_of(daemon, "rename")
