"""The whole window in its own process, over a real daemon: killed, closed, started twice, and restored."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.gui.real.conftest import MakeLink
from tests.gui.wait_limits import WINDOW_S
from vestim_core.client import Client
from vestim_core.client.daemon_discovery import find_daemon, is_daemon_running
from vestim_core.system import Home
from vestim_gui.actions import Actions
from vestim_gui.context import Context, Navigator
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell import close_dialogs
from vestim_gui.shell.main_window import MainWindow
from vestim_gui.shell.toasts import Toasts
from vestim_gui.store.catalog import Catalog
from vestim_gui.theme.theme import Theme

REPORTING_WINDOW = """
import json, sys
from PyQt6.QtCore import QTimer
from vestim_gui import application
from vestim_gui.detail.detail_page import DetailPage
class Window(application.MainWindow):
    def __init__(self, ctx, pages):
        super().__init__(ctx, pages)
        self.reported = ""
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.report)
        self.timer.start(50)
    def report(self):
        page = self.findChild(DetailPage)
        feed = page.feed if page is not None else None
        tasks = feed.history.tasks.values() if feed is not None else ()
        epochs = next(([n for n in task.epochs] for task in tasks if task.kind == "train"), [])
        new_job = self._pages.get("new_job")
        state = {
            "phase": self._ctx.link.state.phase,
            "bar": self.connection_bar.message.text() if self.connection_bar.isVisible() else "",
            "page": self.page_name,
            "jobs": sorted(row["name"] for row in self._ctx.jobs.rows()),
            "job": page.job_id if page is not None else "",
            "tab": page.tab if page is not None and page.job_id else "",
            "epochs": epochs,
            "draft": new_job.document() if new_job is not None else None,
        }
        line = json.dumps(state, default=str)
        if line != self.reported:
            self.reported = line
            print(line, flush=True)
        tab = sys.argv[1] if len(sys.argv) > 1 else ""
        if tab and self._ctx.jobs.ids():
            sys.argv[1] = ""
            self._ctx.navigate.open_job.emit(self._ctx.jobs.ids()[0], tab)
application.MainWindow = Window
sys.exit(application.main(sys.argv[2:]))
"""
"""A window that prints its state whenever it changes. Arguments: a tab to open the first job at, then paths."""

StateCondition = Callable[[dict[str, Any]], bool]


class WindowProcess:
    """The process of one window."""

    def __init__(self, tab: str = "", *paths: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", REPORTING_WINDOW, tab, *paths],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        )

    def until(self, condition: StateCondition) -> dict[str, Any]:
        """The window's state when it first fulfills the condition."""
        assert self.process.stdout is not None
        deadline_s, state = time.monotonic() + WINDOW_S, {}
        while time.monotonic() < deadline_s:
            line = self.process.stdout.readline()
            assert line, f"the window has gone; it last stood so: {state}"
            state = json.loads(line)
            if condition(state):
                return state
        raise AssertionError(f"the window stands so: {state}")

    def end(self, signal_number: signal.Signals) -> int:
        """End the process with a signal and wait for it."""
        self.process.send_signal(signal_number)
        self.process.communicate(timeout=WINDOW_S)
        return self.process.returncode


@pytest.fixture
def windows() -> Iterator[Callable[..., WindowProcess]]:
    """Starts windows; those still running are ended."""
    started: list[WindowProcess] = []

    def start(tab: str = "", *paths: str) -> WindowProcess:
        started.append(WindowProcess(tab, *paths))
        return started[-1]

    yield start
    for window in started:
        if window.process.poll() is None:
            window.end(signal.SIGKILL)


@pytest.fixture
def daemon_ctx(make_link: MakeLink, theme: Theme, tmp_path: Path) -> Context:
    """A context over a real daemon."""
    link, _ = make_link()
    context = Context(
        link=link,
        jobs=Catalog(link),
        theme=theme,
        settings=SettingsStore(tmp_path / "window.json"),
        session=Session(tmp_path / "window_session.json"),
        actions=Actions(theme),
        toasts=Toasts(),
        navigate=Navigator(),
    )
    context.settings.change(closing_told=True)
    return context


def test_a_killed_window_is_restored(
    vestim_home: Path, windows: Callable[..., WindowProcess], job: Callable[[int], dict[str, Any]]
) -> None:
    first = windows("curves")
    first.until(lambda state: state["phase"] == "live")
    with Client() as client:
        client.call("submit", spec=job(3000))  # a job submitted by another program appears by itself
        state_before_kill = first.until(lambda state: len(state["epochs"]) >= 3 and state["tab"] == "curves")
        session = Home.find().root / "window_session.json"
        first.until(lambda _: session.is_file() and state_before_kill["job"] in session.read_text())
        first.end(signal.SIGKILL)
        second = windows()
        restored = second.until(lambda state: len(state["epochs"]) > len(state_before_kill["epochs"]))
        assert (restored["page"], restored["job"], restored["tab"]) == ("jobs", state_before_kill["job"], "curves")
        assert restored["epochs"] == list(range(1, len(restored["epochs"]) + 1))
        daemon = find_daemon(Home.find())
        assert daemon is not None
        psutil.Process(daemon.pid).kill()
        disconnected = second.until(lambda state: state["bar"] != "")
        assert "Training goes on; reconnecting" in disconnected["bar"] and disconnected["jobs"] == ["a fnn"]
        reconnected = second.until(
            lambda state: state["bar"] == "" and len(state["epochs"]) > len(disconnected["epochs"]) + 2
        )
        assert reconnected["epochs"] == list(range(1, len(reconnected["epochs"]) + 1))
        assert second.end(signal.SIGTERM) == 0
    with Client() as client:
        (row,) = client.call("list_jobs")["jobs"]
        assert row["state"] == "running", "closing a window ends no job"
        client.call("shutdown", stop_jobs=True)


def test_a_second_start_hands_its_files_to_the_first(
    vestim_home: Path, windows: Callable[..., WindowProcess], tmp_path: Path
) -> None:
    first = windows()
    first.until(lambda state: state["phase"] == "live")
    data, job_file = tmp_path / "ü ö.csv", tmp_path / "mine.toml"
    data.write_text("time_s,voltage_V\n0,3\n")
    job_file.write_text('name = "from a file"\n')
    second = windows("", str(data))
    assert second.process.wait(WINDOW_S) == 0
    taken = first.until(lambda state: state["page"] == "new_job" and (state["draft"] or {}).get("data"))
    assert taken["draft"]["data"]["train"] == [str(data)]
    third = windows("", str(job_file))
    assert third.process.wait(WINDOW_S) == 0
    first.until(lambda state: (state["draft"] or {}).get("name") == "from a file")
    assert first.end(signal.SIGTERM) == 0
    with Client() as client:
        client.call("shutdown", stop_jobs=True)


def test_an_unusable_home_is_reported_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    process = subprocess.run(
        [sys.executable, "-c", MESSAGE_BOX_SCRIPT],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "VESTIM_HOME": str(tmp_path / "file" / "home")},
        capture_output=True,
        text=True,
        timeout=WINDOW_S,
        check=False,
    )
    assert process.returncode == 1 and "Traceback" not in process.stderr
    assert "a file is in the way" in process.stdout


MESSAGE_BOX_SCRIPT = """
import sys
from PyQt6.QtWidgets import QMessageBox
from vestim_gui import application
QMessageBox.critical = lambda parent, title, text: print(text)
sys.exit(application.main([]))
"""


def test_stop_everything_and_quit_leaves_nothing_running(
    daemon_ctx: Context, qtbot: QtBot, until: Any, job: Callable[[int], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = MainWindow(daemon_ctx, {"jobs": QWidget})
    with qtbot.waitExposed(window):
        window.show()
    with Client() as client:
        job_id = client.call("submit", spec=job(3000))["job_id"]
    until(lambda: (daemon_ctx.jobs.row(job_id) or {}).get("state") == "running")
    monkeypatch.setattr(close_dialogs, "confirm_stop", lambda jobs, parent: True)
    with qtbot.waitSignal(window.closed):
        daemon_ctx.actions.action("quit.stop_all").trigger()
    window.deleteLater()
    home = Home.find()
    until(lambda: not is_daemon_running(home))
    with Client() as client:
        assert client.call("show_job", job_id=job_id)["state"] == "stopped"
        client.call("shutdown", stop_jobs=True)


def test_a_daemon_that_must_not_start_waits_for_the_user(
    vestim_home: Path, windows: Callable[..., WindowProcess]
) -> None:
    (vestim_home / "window.json").write_text('{"start_service": false}')
    window = windows()
    waiting = window.until(lambda state: state["phase"] == "reconnecting" and state["bar"] != "")
    assert "it is not started, as the settings have it" in waiting["bar"]
    assert not is_daemon_running(Home.find())
    with Client() as client:
        client.call("hello")  # another program starts it
        window.until(lambda state: state["phase"] == "live")
        client.call("shutdown", stop_jobs=True)
