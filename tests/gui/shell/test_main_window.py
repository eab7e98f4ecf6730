"""The window around the pages: where one goes, what is restored, what is dropped, and how it is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, summary
from tests.gui.shell.conftest import NotingPage, dismiss, made_window
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_gui.context import Context
from vestim_gui.shell import close_dialogs, main_window
from vestim_gui.shell.close_dialogs import Choice
from vestim_gui.shell.drops import sorted_out
from vestim_gui.shell.main_window import MainWindow


def _told(window: MainWindow, page: str) -> list[tuple[Any, ...]]:
    found = window.page(page)
    assert isinstance(found, NotingPage)
    return found.told


def test_pages_are_made_when_they_are_opened(window: MainWindow, ctx: Context) -> None:
    assert (window.page_name, window.stack.count()) == ("jobs", 1)
    ctx.navigate.open_page.emit("settings")
    assert (window.page_name, window.stack.count()) == ("settings", 2)
    ctx.navigate.open_page.emit("models")  # not there yet
    assert window.page_name == "settings"


def test_keys_go_to_pages(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert window.page_name == "settings"
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.page_name == "jobs"
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert window.page_name == "new_job" and _told(window, "new_job") == [("open", None, "")]


def test_one_page_opens_another(window: MainWindow, ctx: Context) -> None:
    ctx.navigate.new_job.emit({"name": "x"}, "job_draft")
    ctx.navigate.open_job.emit("job_1", "curves")
    assert _told(window, "new_job") == [("open", {"name": "x"}, "job_draft")]
    assert _told(window, "jobs") == [("show", "job_1", "curves")]
    assert window.page_name == "jobs"


def test_the_next_window_stands_where_this_one_stood(qtbot: QtBot, ctx: Context) -> None:
    first = made_window(ctx, qtbot)
    first.resize(760, 560)
    first.open_page("settings")
    qtbot.waitUntil(lambda: ctx.session.get("window.geometry", "") != "")
    qtbot.waitUntil(lambda: not first._remembering.isActive())
    dismiss(first)
    second = made_window(ctx, qtbot)
    assert (second.page_name, second.width(), second.height()) == ("settings", 760, 560)
    dismiss(second)


@pytest.mark.parametrize("geometry", ["nonsense", "AAAA", 7])
def test_what_cannot_be_restored_is_skipped(qtbot: QtBot, ctx: Context, geometry: Any) -> None:
    ctx.session.put("window.geometry", geometry)
    ctx.session.put("window.page", "gone")
    window = made_window(ctx, qtbot)
    assert window.page_name == "jobs" and window.width() >= 720
    dismiss(window)


def test_files_are_told_apart(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a.csv", "folder", "job.TOML", "hyper.json", "b.mat", "a.csv")]
    dropped = sorted_out(paths)
    assert dropped.data == [paths[0], paths[1], paths[4]]
    assert dropped.job_files == paths[2:4]


def test_dropped_data_begin_a_new_job(window: MainWindow, tmp_path: Path) -> None:
    mime = QMimeData()
    paths = [str(tmp_path / "ü a.csv"), str(tmp_path / "b.mat")]
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(QPoint(300, 300), copy, mime, left, none)
    QApplication.sendEvent(window, entering)
    assert entering.isAccepted() and window._drop_note.isVisible()
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), copy, mime, left, none))
    assert _told(window, "new_job") == [("open", {"data": {"train": paths}}, "")]
    assert not window._drop_note.isVisible()


def test_a_second_start_shows_the_window_and_opens_its_job_file(window: MainWindow, tmp_path: Path) -> None:
    window.showMinimized()
    window.come_to_front([str(tmp_path / "job.toml")])
    assert not window.isMinimized()
    assert _told(window, "new_job") == [("file", str(tmp_path / "job.toml"))]


# --- the service


def test_the_bar_says_what_is_wrong_since_when_and_what_can_be_done(
    window: MainWindow, live: Context, fake_link: FakeLink, qtbot: QtBot
) -> None:
    bar = window.service_bar
    qtbot.waitUntil(lambda: not bar.isVisible())
    assert "connected" in window.status_line.service.text()
    fake_link.disconnect_service(attempt=3)
    qtbot.waitUntil(bar.isVisible)
    assert bar.words.text().startswith("Service not answering. Training goes on; reconnecting (3)...")
    assert "Shown as of " in bar.words.text() and "as of" in window.status_line.service.text()
    bar.restart.click()
    assert fake_link.restarts == 1 and not bar.restart.isEnabled()
    fake_link.reconnect_service()
    qtbot.waitUntil(lambda: not bar.isVisible())
    fake_link.stop_service()
    qtbot.waitUntil(bar.isVisible)
    assert bar.restart.text() == "Start the service" and bar.restart.isEnabled()


def test_starting_is_said_only_when_it_takes_long(window: MainWindow, qtbot: QtBot) -> None:
    assert not window.service_bar.isVisible()
    qtbot.waitUntil(window.service_bar.isVisible)
    assert "Starting the background service" in window.service_bar.words.text()
    assert not window.service_bar.restart.isVisible()


def test_the_status_bar_tells_work_and_machine(
    window: MainWindow, live: Context, fake_link: FakeLink, qtbot: QtBot
) -> None:
    machine = {"cpu_percent": 71.2, "cores": 2, "memory_used_MB": 3100, "memory_total_MB": 23000, "gpus": []}
    fake_link.handlers["daemon_status"] = lambda: {"machine": machine}
    for number, state in enumerate(["running", "running", "queued", "done"]):
        fake_link.add_job(summary(f"job_{number}", state=state))
    window.status_line._look()
    qtbot.waitUntil(lambda: window.status_line.machine.text() == "CPU 71 %   RAM 3.1 / 23 GB   GPU none")
    qtbot.waitUntil(lambda: window.status_line.work.text() == "2 running · 1 queued")
    machine["gpus"] = [{"name": "H100", "percent": 40.0}, {"name": "A", "percent": None}]  # type: ignore[assignment]
    window.status_line._look()
    qtbot.waitUntil(lambda: "GPU 40 %   GPU A" in window.status_line.machine.text())


def test_settings_apply_at_once(window: MainWindow, ctx: Context, qapp: QApplication) -> None:
    ctx.settings.change(theme="dark", reduced_motion=True)
    assert ctx.theme.tokens.dark and qapp.cursorFlashTime() == 0
    ctx.actions.action("theme.next").trigger()
    assert ctx.settings.value.theme == "system"
    ctx.settings.change(theme="light", reduced_motion=False)
    assert qapp.cursorFlashTime() != 0


# --- leaving


@pytest.fixture
def busy(live: Context, fake_link: FakeLink, qtbot: QtBot) -> Context:
    """One job runs."""
    fake_link.add_job(summary("job_1", state="running"))
    qtbot.waitUntil(lambda: live.jobs.row("job_1") is not None)
    return live


def test_that_jobs_go_on_is_said_once(
    window: MainWindow, busy: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(jobs: object, parent: object) -> Choice:
        asked.append(close_dialogs.active_words(busy.jobs))
        return Choice.STAY if len(asked) == 1 else Choice.LEAVE

    monkeypatch.setattr(main_window.close_dialogs, "ask_leaving", ask)
    window.close()
    assert window.isVisible() and not busy.settings.value.closing_told
    with qtbot.waitSignal(window.closed):
        window.close()
    assert asked == ["1 running", "1 running"] and busy.settings.value.closing_told
    second = made_window(busy, qtbot)
    with qtbot.waitSignal(second.closed):
        busy.actions.action("quit").trigger()
    assert len(asked) == 2
    second.deleteLater()


def test_a_window_that_stays_in_the_tray_is_hidden_and_comes_back(
    window: MainWindow, busy: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window.tray, "stays", lambda: True)
    with qtbot.assertNotEmitted(window.closed):
        window.close()
    assert not window.isVisible()
    window.come_to_front([])
    assert window.isVisible()


def test_nothing_is_asked_where_nothing_runs(window: MainWindow, live: Context, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.closed):
        window.close()


def test_the_question_names_the_jobs_and_its_buttons_are_verbs(
    window: MainWindow, busy: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def answer(box: QMessageBox) -> int:
        seen.extend([box.text(), box.informativeText(), *(button.text() for button in box.buttons())])
        box.show()
        next(button for button in box.buttons() if button.text() == "Stop everything and quit").click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    assert close_dialogs.ask_leaving(busy.jobs, window) is Choice.STOP_ALL
    assert seen[0] == "1 job will go on without the window."
    assert "1 running" in seen[1]
    assert set(seen[2:]) == {"Close, jobs go on", "Stop everything and quit", "Cancel"}
    assert close_dialogs.ask_stopping(busy.jobs, window)


@pytest.mark.parametrize("stopped_first", [False, True])
def test_everything_is_stopped_and_the_window_goes(
    window: MainWindow,
    busy: Context,
    fake_link: FakeLink,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    stopped_first: bool,
) -> None:
    def shutdown(stop_jobs: bool) -> dict[str, Any]:
        assert stop_jobs
        if stopped_first:
            raise VestimError(ErrorCode.STOPPED, "the daemon was stopped")
        return {"running": 1}

    fake_link.handlers["shutdown"] = shutdown
    monkeypatch.setattr(main_window.close_dialogs, "ask_stopping", lambda jobs, parent: True)
    with qtbot.waitSignal(window.closed):
        busy.actions.action("quit.stop_all").trigger()
    assert ("shutdown", {"stop_jobs": True}) in fake_link.calls


def test_what_cannot_be_stopped_is_said(
    window: MainWindow, busy: Context, fake_link: FakeLink, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(stop_jobs: bool) -> None:
        raise VestimError(ErrorCode.REFUSED, "not now")

    fake_link.handlers["shutdown"] = refuse
    monkeypatch.setattr(main_window.close_dialogs, "ask_stopping", lambda jobs, parent: True)
    busy.actions.action("quit.stop_all").trigger()
    qtbot.waitUntil(lambda: "Not now." in [card.toast.text for card in window.toasts.cards()])
    assert window.isVisible() and busy.actions.action("quit.stop_all").isEnabled()
