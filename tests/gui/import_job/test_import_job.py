"""Import of PyBattML jobs: dropped or chosen paths, progress page by page, and the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink
from tests.gui.shell.conftest import RecordingPage, close_window, open_window
from vestim_core.spec.errors import VestimError, refused
from vestim_gui.context import Context
from vestim_gui.first_run.empty_state import EmptyState
from vestim_gui.import_job.import_dialog import ImportDialog
from vestim_gui.import_job.import_report import ImportReport
from vestim_gui.import_job.legacy_jobs import holds_legacy_jobs
from vestim_gui.shell import main_window
from vestim_gui.shell.dropped_paths import sort_paths
from vestim_gui.shell.main_window import MainWindow

FIRST, SECOND = "job_20251014-180644", "job_20250930-180644"
MISSING_FOLDER = {"source": "/old/job_registry.json: x", "message": "the folder of job 'x' is not there any more"}
WaitUntil = Callable[[Callable[[], Any]], None]


def imported_job(job_id: str, **fields: Any) -> dict[str, Any]:
    """An imported job as the daemon lists it."""
    return {"job_id": job_id, "name": job_id, "state": "done", "models": 2, "source": "/old", "notes": [], **fields}


def page(done: int, count: int, **jobs_by_result: list[dict[str, Any]]) -> dict[str, Any]:
    """One reply; the last one when all jobs were processed."""
    next_page = {"next": str(done) if done < count else ""}
    return {"imported": [], "known": [], "skipped": [], **jobs_by_result, "done": done, "count": count, **next_page}


PAGES = {
    "": page(1, 3, imported=[imported_job(FIRST, notes=["its noise was never recorded"])]),
    "1": page(2, 3, known=[{"job_id": SECOND, "source": "/old"}]),
    "2": page(3, 3, skipped=[MISSING_FOLDER]),
}


@pytest.fixture
def wait_until(qtbot: QtBot) -> WaitUntil:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()))


@pytest.fixture
def window(ctx: Context, fake_link: FakeLink, qtbot: QtBot) -> Iterator[MainWindow]:
    """A window over a daemon that imports three jobs, one per reply."""
    fake_link.handlers["import_legacy"] = lambda paths, after: PAGES[after]
    main_window_widget = open_window(ctx, qtbot)
    fake_link.start()
    qtbot.waitUntil(lambda: fake_link.state.is_live)
    yield main_window_widget
    close_window(main_window_widget)


def dialog_of(window: MainWindow) -> ImportDialog:
    (dialog,) = window.findChildren(ImportDialog)
    return dialog


def import_requests(link: FakeLink) -> list[dict[str, Any]]:
    return [params for method, params in link.calls if method == "import_legacy"]


def legacy_folder(folder: Path) -> str:
    """Create a folder that holds a PyBattML job."""
    (folder / FIRST).mkdir(parents=True)
    (folder / FIRST / "job_metadata.json").write_text("{}")
    return str(folder)


def test_legacy_jobs_are_distinguished_from_data(tmp_path: Path) -> None:
    jobs_folder = legacy_folder(tmp_path / "projects")
    job_folder, data, registry = f"{jobs_folder}/{FIRST}", tmp_path / "data", tmp_path / "job_registry.json"
    data.mkdir()
    (data / "drive.csv").touch()
    paths = [jobs_folder, job_folder, str(data), str(registry), str(tmp_path / "gone"), str(tmp_path / "job.json")]
    assert [holds_legacy_jobs(path) for path in paths] == [True, True, False, True, False, False]
    dropped = sort_paths(paths)
    assert dropped.legacy == [jobs_folder, job_folder, str(registry)]
    assert dropped.data == [str(data), str(tmp_path / "gone")] and dropped.job_files == [str(tmp_path / "job.json")]


def test_a_dropped_folder_is_imported_page_by_page(
    window: MainWindow, fake_link: FakeLink, tmp_path: Path, wait_until: WaitUntil
) -> None:
    folder = legacy_folder(tmp_path / "projects")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(folder)])
    move = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(300, 300), *move))
    assert window._drop_note.text() == main_window.DROP_LEGACY
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), *move))
    dialog, messages = dialog_of(window), list[tuple[str, Any]]()
    dialog.run.progress_changed.connect(lambda message, fraction: messages.append((message, fraction)))
    assert dialog.isVisible() and not dialog.isModal()
    wait_until(lambda: dialog.report.isVisible())
    assert [request["after"] for request in import_requests(fake_link)] == ["", "1", "2"]
    assert all(request["paths"] == [folder] for request in import_requests(fake_link))
    assert messages == [("Importing: 1 of 3 looked at...", 1 / 3), ("Importing: 2 of 3 looked at...", 2 / 3)]
    assert len(set(fake_link.command_ids)) == 3, "each page is a command of its own"
    jobs = window.page("jobs")
    assert isinstance(jobs, RecordingPage) and jobs.calls == [("show", FIRST, "")], "the imported job is selected"


def test_the_report_gives_every_reason_as_text_that_can_be_copied(window: MainWindow, wait_until: WaitUntil) -> None:
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    wait_until(lambda: dialog.report.isVisible())
    assert dialog.headline.text() == "1 job imported, 1 was there already, 1 could not be imported."
    text = dialog.report.toPlainText()
    assert f"{FIRST}: done, 2 models to test" in text and "its noise was never recorded" in text
    assert f"There already, and left as they were:\n  {SECOND}" in text
    assert f"{MISSING_FOLDER['source']}: {MISSING_FOLDER['message']}." in text
    dialog.copy_button.click()
    clipboard = QApplication.clipboard()
    assert clipboard is not None and clipboard.text() == f"{dialog.headline.text()}\n\n{text}"


def test_names_from_outside_stay_plain_text(window: MainWindow, fake_link: FakeLink, wait_until: WaitUntil) -> None:
    skipped_job = {"source": "<b>x</b>", "message": "<img src=x> is no job"}
    fake_link.handlers["import_legacy"] = lambda paths, after: page(1, 1, skipped=[skipped_job])
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    wait_until(lambda: dialog.report.isVisible())
    assert "<b>x</b>: <img src=x> is no job." in dialog.report.toPlainText()
    assert dialog.headline.text() == "1 could not be imported."


def test_an_error_of_the_whole_import_is_the_headline(
    window: MainWindow, fake_link: FakeLink, wait_until: WaitUntil
) -> None:
    def fail(paths: list[str], after: str) -> Any:
        if after:
            raise refused("the disk is full: make room")
        return PAGES[""]

    fake_link.handlers["import_legacy"] = fail
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    wait_until(lambda: dialog.headline.isVisible())
    assert dialog.headline.text() == "The disk is full: make room."
    assert FIRST in dialog.report.toPlainText(), "jobs imported before the error are still reported"
    assert dialog.folder_button.isEnabled() and dialog.close_button.text() == "Close"


def test_an_import_can_be_stopped(window: MainWindow, fake_link: FakeLink, wait_until: WaitUntil) -> None:
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    assert dialog.close_button.text() == "Stop" and not dialog.folder_button.isEnabled()
    dialog.close_button.click()
    assert dialog.isVisible() and not dialog.close_button.isEnabled()
    window.import_jobs(["/other"])
    wait_until(lambda: dialog.report.isVisible())
    assert len(import_requests(fake_link)) == 1, "neither the rest nor a second import while one is under way"
    assert dialog.headline.text() == "1 job imported, stopped before 2 more."
    dialog.close_button.click()
    assert not dialog.isVisible()


def test_without_a_daemon_the_dialog_shows_the_link_state(
    window: MainWindow, fake_link: FakeLink, wait_until: WaitUntil
) -> None:
    fake_link.disconnect_daemon()
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    wait_until(lambda: "reconnecting" in dialog.progress.text)
    fake_link.reconnect_daemon()
    wait_until(lambda: dialog.report.isVisible())


@pytest.mark.parametrize("choice", ["folder", "registry"])
def test_a_folder_or_a_registry_can_be_chosen(
    window: MainWindow, fake_link: FakeLink, wait_until: WaitUntil, monkeypatch: Any, tmp_path: Path, choice: str
) -> None:
    path = legacy_folder(tmp_path / "projects") if choice == "folder" else str(tmp_path / "job_registry.json")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (path, ""))
    window._ctx.actions.action("job.import").trigger()
    dialog = dialog_of(window)
    assert dialog.isVisible() and import_requests(fake_link) == []
    getattr(dialog, f"{choice}_button").click()
    wait_until(lambda: dialog.report.isVisible())
    assert import_requests(fake_link)[0]["paths"] == [path]
    assert window._ctx.settings.folder("import") == str(Path(path).parent)


def test_import_is_offered_in_the_empty_state_and_the_palette(window: MainWindow, ctx: Context, qtbot: QtBot) -> None:
    empty = EmptyState(ctx)
    qtbot.addWidget(empty)
    empty.import_button.click()
    assert dialog_of(window).isVisible()
    window.command_palette.open()
    assert "Import a job..." in window.command_palette.visible_texts()
    window.command_palette.close_palette()


def test_an_empty_report_says_so() -> None:
    assert ImportReport().headline == "There was nothing to import." and ImportReport().text == ""
    with pytest.raises(KeyError):
        ImportReport().add_page({})


def test_a_refused_import_leaves_no_report(window: MainWindow, fake_link: FakeLink, wait_until: WaitUntil) -> None:
    def refuse(paths: list[str], after: str) -> Any:
        raise VestimError.from_record({"code": "refused", "message": "there is no room"})

    fake_link.handlers["import_legacy"] = refuse
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    wait_until(lambda: dialog.headline.isVisible())
    assert dialog.headline.text() == "There is no room." and not dialog.report.isVisible()
