"""The list by keys alone, as they are pressed."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink
from tests.gui.jobs_page.test_page import asked, select
from vestim_gui.jobs_page.page import JobsPage
from vestim_gui.store.jobs_model import TASK_ID


@pytest.fixture
def focused(page: JobsPage, qtbot: QtBot) -> JobsPage:
    """The page in the active window, the focus in its list."""
    with qtbot.waitActive(page):
        page.activateWindow()
    page.view.setFocus()
    qtbot.waitUntil(page.view.hasFocus)
    return page


def test_space_pauses_and_delete_archives(focused: JobsPage, service: FakeLink, qtbot: QtBot) -> None:
    select(focused, "job_run")
    qtbot.keyClick(focused.view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: asked(service, "pause") == [{"job_id": "job_run"}])
    select(focused, "job_done")
    qtbot.keyClick(focused.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "job_done" not in focused.model.ids())


def test_alt_and_arrows_reorder_the_queue(focused: JobsPage, service: FakeLink, qtbot: QtBot) -> None:
    select(focused, "job_next")
    qtbot.keyClick(focused.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: asked(service, "move_in_queue") == [{"job_id": "job_next", "place": 1}])


def test_arrows_choose_and_open(focused: JobsPage, service: FakeLink, qtbot: QtBot) -> None:
    task = {"task_id": "train_001", "kind": "train", "title": "LSTM", "state": "running", "reason": "", "error": None}
    service.shown["job_run"] = {"tasks": [{**task, "progress": {}, "result": {}}], "task_count": 1}
    select(focused, "job_run")
    qtbot.keyClick(focused.view, Qt.Key.Key_Right)
    parent = focused.model.index_of("job_run")
    qtbot.waitUntil(lambda: focused.model.rowCount(parent) == 1)
    qtbot.keyClick(focused.view, Qt.Key.Key_Down)
    assert focused.view.currentIndex().data(TASK_ID) == "train_001" and focused.view.current_job == "job_run"
    qtbot.keyClick(focused.view, Qt.Key.Key_Left)
    qtbot.keyClick(focused.view, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: focused.model.opened == [])


def test_the_chevron_opens_a_job_and_its_name_selects_it(focused: JobsPage, qtbot: QtBot) -> None:
    row = focused.list.visualRect(focused.model.index_of("job_run"))
    viewport = focused.list.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(row.left() + 18, row.top() + 14))
    assert focused.model.opened == ["job_run"]
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(row.left() + 18, row.top() + 14))
    assert focused.model.opened == []
    done = focused.list.visualRect(focused.model.index_of("job_done"))
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=done.center())
    assert focused.view.current_job == "job_done"


def test_keys_go_into_a_name_while_it_is_edited(focused: JobsPage, service: FakeLink, qtbot: QtBot) -> None:
    select(focused, "job_done")
    focused.rename()
    editor = focused.list.findChild(QLineEdit)
    assert editor is not None
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    qtbot.keyClicks(editor, "a b")
    assert editor.text() == "a b" and not asked(service, "archive") and not asked(service, "pause")
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert not asked(service, "rename")
