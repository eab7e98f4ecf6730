"""The window around the pages: navigation, restored state, dropped files and closing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, summary
from tests.gui.shell.conftest import RecordingPage, close_window, open_window
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_gui.context import Context
from vestim_gui.shell import close_dialogs, main_window
from vestim_gui.shell.close_dialogs import CloseChoice
from vestim_gui.shell.dropped_paths import sort_paths
from vestim_gui.shell.main_window import MainWindow


def calls_of(window: MainWindow, page: str) -> list[tuple[Any, ...]]:
    recording_page = window.page(page)
    assert isinstance(recording_page, RecordingPage)
    return recording_page.calls


def test_pages_are_created_when_they_are_opened(window: MainWindow, ctx: Context) -> None:
    assert (window.page_name, window.stack.count()) == ("jobs", 1)
    ctx.navigate.open_page.emit("settings")
    assert (window.page_name, window.stack.count()) == ("settings", 2)
    ctx.navigate.open_page.emit("models")  # not there yet
    assert window.page_name == "settings"


def test_shortcuts_open_pages(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert window.page_name == "settings"
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.page_name == "jobs"
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert window.page_name == "new_job" and calls_of(window, "new_job") == [("open", None, "")]


def test_one_page_opens_another(window: MainWindow, ctx: Context) -> None:
    ctx.navigate.new_job.emit({"name": "x"}, "job_draft")
    ctx.navigate.open_job.emit("job_1", "curves")
    assert calls_of(window, "new_job") == [("open", {"name": "x"}, "job_draft")]
    assert calls_of(window, "jobs") == [("show", "job_1", "curves")]
    assert window.page_name == "jobs"


def test_the_next_window_restores_page_and_size(qtbot: QtBot, ctx: Context) -> None:
    first = open_window(ctx, qtbot)
    first.resize(760, 560)
    first.open_page("settings")
    qtbot.waitUntil(lambda: ctx.session.get("window.geometry", "") != "")
    qtbot.waitUntil(lambda: not first._save_timer.isActive())
    close_window(first)
    second = open_window(ctx, qtbot)
    assert (second.page_name, second.width(), second.height()) == ("settings", 760, 560)
    close_window(second)


@pytest.mark.parametrize("geometry", ["nonsense", "AAAA", 7])
def test_an_unusable_stored_geometry_is_skipped(qtbot: QtBot, ctx: Context, geometry: Any) -> None:
    ctx.session.put("window.geometry", geometry)
    ctx.session.put("window.page", "gone")
    window = open_window(ctx, qtbot)
    assert window.page_name == "jobs" and window.width() >= 720
    close_window(window)


def test_dropped_files_are_sorted(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a.csv", "folder", "job.TOML", "hyper.json", "b.mat", "a.csv")]
    dropped = sort_paths(paths)
    assert dropped.data == [paths[0], paths[1], paths[4]]
    assert dropped.job_files == paths[2:4]


def test_dropped_data_begin_a_new_job(window: MainWindow, tmp_path: Path) -> None:
    mime = QMimeData()
    paths = [str(tmp_path / "ü a.csv"), str(tmp_path / "b.mat")]
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    copy, left_button, no_modifier = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(QPoint(300, 300), copy, mime, left_button, no_modifier)
    QApplication.sendEvent(window, entering)
    assert entering.isAccepted() and window._drop_note.isVisible()
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), copy, mime, left_button, no_modifier))
    assert calls_of(window, "new_job") == [("open", {"data": {"train": paths}}, "")]
    assert not window._drop_note.isVisible()


def test_a_second_start_shows_the_window_and_opens_its_job_file(window: MainWindow, tmp_path: Path) -> None:
    window.showMinimized()
    window.come_to_front([str(tmp_path / "job.toml")])
    assert not window.isMinimized()
    assert calls_of(window, "new_job") == [("file", str(tmp_path / "job.toml"))]


# --- the daemon


def test_the_connection_bar_explains_the_problem_and_offers_a_restart(
    window: MainWindow, live: Context, fake_link: FakeLink, qtbot: QtBot
) -> None:
    bar = window.connection_bar
    qtbot.waitUntil(lambda: not bar.isVisible())
    assert "connected" in window.status_line.service.text()
    fake_link.disconnect_daemon(attempt=3)
    qtbot.waitUntil(bar.isVisible)
    assert bar.message.text().startswith("Service not answering. Training goes on; reconnecting (3)...")
    assert "Shown as of " in bar.message.text() and "as of" in window.status_line.service.text()
    bar.restart_button.click()
    assert fake_link.restart_count == 1 and not bar.restart_button.isEnabled()
    fake_link.reconnect_daemon()
    qtbot.waitUntil(lambda: not bar.isVisible())
    fake_link.stop_daemon()
    qtbot.waitUntil(bar.isVisible)
    assert bar.restart_button.text() == "Start the service" and bar.restart_button.isEnabled()


def test_starting_is_shown_only_when_it_takes_long(window: MainWindow, qtbot: QtBot) -> None:
    assert not window.connection_bar.isVisible()
    qtbot.waitUntil(window.connection_bar.isVisible)
    assert "Starting the background service" in window.connection_bar.message.text()
    assert not window.connection_bar.restart_button.isVisible()


def test_the_status_bar_shows_work_and_machine(
    window: MainWindow, live: Context, fake_link: FakeLink, qtbot: QtBot
) -> None:
    machine = {"cpu_percent": 71.2, "cores": 2, "memory_used_MB": 3100, "memory_total_MB": 23000, "gpus": []}
    fake_link.handlers["daemon_status"] = lambda: {"machine": machine}
    for index, state in enumerate(["running", "running", "queued", "done"]):
        fake_link.add_job(summary(f"job_{index}", state=state))
    window.status_line._request_status()
    qtbot.waitUntil(lambda: window.status_line.machine.text() == "CPU 71 %   RAM 3.1 / 23 GB   GPU none")
    qtbot.waitUntil(lambda: window.status_line.work.text() == "2 running · 1 queued")
    machine["gpus"] = [{"name": "H100", "percent": 40.0}, {"name": "A", "percent": None}]  # type: ignore[assignment]
    window.status_line._request_status()
    qtbot.waitUntil(lambda: "GPU 40 %   GPU A" in window.status_line.machine.text())


def test_settings_apply_at_once(window: MainWindow, ctx: Context, qapp: QApplication) -> None:
    ctx.settings.change(theme="dark", reduced_motion=True)
    assert ctx.theme.tokens.dark and qapp.cursorFlashTime() == 0
    ctx.actions.action("theme.next").trigger()
    assert ctx.settings.value.theme == "system"
    ctx.settings.change(theme="light", reduced_motion=False)
    assert qapp.cursorFlashTime() != 0


# --- closing


@pytest.fixture
def busy(live: Context, fake_link: FakeLink, qtbot: QtBot) -> Context:
    """One job runs."""
    fake_link.add_job(summary("job_1", state="running"))
    qtbot.waitUntil(lambda: live.jobs.row("job_1") is not None)
    return live


def test_the_user_is_told_once_that_jobs_go_on(
    window: MainWindow, busy: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []

    def ask(jobs: object, parent: object) -> CloseChoice:
        texts.append(close_dialogs.active_jobs_text(busy.jobs))
        return CloseChoice.STAY if len(texts) == 1 else CloseChoice.LEAVE

    monkeypatch.setattr(main_window.close_dialogs, "ask_to_close", ask)
    window.close()
    assert window.isVisible() and not busy.settings.value.closing_told
    with qtbot.waitSignal(window.closed):
        window.close()
    assert texts == ["1 running", "1 running"] and busy.settings.value.closing_told
    second = open_window(busy, qtbot)
    with qtbot.waitSignal(second.closed):
        busy.actions.action("quit").trigger()
    assert len(texts) == 2
    second.deleteLater()


def test_a_window_that_stays_in_the_tray_is_hidden_and_comes_back(
    window: MainWindow, busy: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window.tray, "stays_in_tray", lambda: True)
    with qtbot.assertNotEmitted(window.closed):
        window.close()
    assert not window.isVisible()
    window.come_to_front([])
    assert window.isVisible()


def test_closing_asks_nothing_while_no_job_runs(window: MainWindow, live: Context, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.closed):
        window.close()


def test_the_question_names_the_jobs_and_its_buttons_are_verbs(
    window: MainWindow, busy: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []

    def answer(box: QMessageBox) -> int:
        texts.extend([box.text(), box.informativeText(), *(button.text() for button in box.buttons())])
        box.show()
        next(button for button in box.buttons() if button.text() == "Stop everything and quit").click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    assert close_dialogs.ask_to_close(busy.jobs, window) is CloseChoice.STOP_ALL
    assert texts[0] == "1 job will go on without the window."
    assert "1 running" in texts[1]
    assert set(texts[2:]) == {"Close, jobs go on", "Stop everything and quit", "Cancel"}
    assert close_dialogs.confirm_stop(busy.jobs, window)


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
    monkeypatch.setattr(main_window.close_dialogs, "confirm_stop", lambda jobs, parent: True)
    with qtbot.waitSignal(window.closed):
        busy.actions.action("quit.stop_all").trigger()
    assert ("shutdown", {"stop_jobs": True}) in fake_link.calls


def test_a_refused_shutdown_is_shown(
    window: MainWindow, busy: Context, fake_link: FakeLink, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(stop_jobs: bool) -> None:
        raise VestimError(ErrorCode.REFUSED, "not now")

    fake_link.handlers["shutdown"] = refuse
    monkeypatch.setattr(main_window.close_dialogs, "confirm_stop", lambda jobs, parent: True)
    busy.actions.action("quit.stop_all").trigger()
    qtbot.waitUntil(lambda: "Not now." in [card.toast.text for card in window.toasts.cards()])
    assert window.isVisible() and busy.actions.action("quit.stop_all").isEnabled()
