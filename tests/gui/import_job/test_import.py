"""Importing jobs of the former program: what is dropped or chosen, progress page by page, and every reason told."""

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
from tests.gui.shell.conftest import NotingPage, dismiss, made_window
from vestim_core.spec.errors import VestimError, refused
from vestim_gui.context import Context
from vestim_gui.first_run.empty import EmptyState
from vestim_gui.import_job.brought import Brought
from vestim_gui.import_job.dialog import ImportDialog
from vestim_gui.import_job.former import holds_former_jobs
from vestim_gui.shell import main_window
from vestim_gui.shell.drops import sorted_out
from vestim_gui.shell.main_window import MainWindow

FIRST, SECOND = "job_20251014-180644", "job_20250930-180644"
GONE = {"source": "/old/job_registry.json: x", "sentence": "the folder of job 'x' is not there any more"}
Until = Callable[[Callable[[], Any]], None]


def came(job_id: str, **fields: Any) -> dict[str, Any]:
    """A job as the service says that it came in."""
    return {"job_id": job_id, "name": job_id, "state": "done", "models": 2, "source": "/old", "notes": [], **fields}


def page(done: int, count: int, **lists: list[dict[str, Any]]) -> dict[str, Any]:
    """One answer; the last when all was looked at."""
    more = {"next": str(done) if done < count else ""}
    return {"imported": [], "known": [], "skipped": [], **lists, "done": done, "count": count, **more}


PAGES = {
    "": page(1, 3, imported=[came(FIRST, notes=["its noise was never recorded"])]),
    "1": page(2, 3, known=[{"job_id": SECOND, "source": "/old"}]),
    "2": page(3, 3, skipped=[GONE]),
}


@pytest.fixture
def until(qtbot: QtBot) -> Until:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=10_000)


@pytest.fixture
def window(ctx: Context, fake_link: FakeLink, qtbot: QtBot) -> Iterator[MainWindow]:
    """A window over a service that imports three jobs, one an answer."""
    fake_link.handlers["import_legacy"] = lambda paths, after: PAGES[after]
    made = made_window(ctx, qtbot)
    fake_link.start()
    qtbot.waitUntil(lambda: fake_link.state.current)
    yield made
    dismiss(made)


def dialog_of(window: MainWindow) -> ImportDialog:
    (found,) = window.findChildren(ImportDialog)
    return found


def asked(link: FakeLink) -> list[dict[str, Any]]:
    return [params for method, params in link.calls if method == "import_legacy"]


def former_folder(folder: Path) -> str:
    """A folder that holds a job of the former program."""
    (folder / FIRST).mkdir(parents=True)
    (folder / FIRST / "job_metadata.json").write_text("{}")
    return str(folder)


def test_jobs_of_the_former_program_are_told_from_data(tmp_path: Path) -> None:
    several = former_folder(tmp_path / "projects")
    one, data, registry = f"{several}/{FIRST}", tmp_path / "data", tmp_path / "job_registry.json"
    data.mkdir()
    (data / "drive.csv").touch()
    paths = [several, one, str(data), str(registry), str(tmp_path / "gone"), str(tmp_path / "job.json")]
    assert [holds_former_jobs(path) for path in paths] == [True, True, False, True, False, False]
    dropped = sorted_out(paths)
    assert dropped.former == [several, one, str(registry)]
    assert dropped.data == [str(data), str(tmp_path / "gone")] and dropped.job_files == [str(tmp_path / "job.json")]


def test_a_dropped_folder_comes_in_page_by_page(
    window: MainWindow, fake_link: FakeLink, tmp_path: Path, until: Until
) -> None:
    folder = former_folder(tmp_path / "projects")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(folder)])
    move = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(300, 300), *move))
    assert window._drop_note.text() == main_window.DROP_FORMER
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), *move))
    dialog, told = dialog_of(window), list[tuple[str, Any]]()
    dialog.run.told.connect(lambda words, fraction: told.append((words, fraction)))
    assert dialog.isVisible() and not dialog.isModal()
    until(lambda: dialog.report.isVisible())
    assert [ask["after"] for ask in asked(fake_link)] == ["", "1", "2"]
    assert all(ask["paths"] == [folder] for ask in asked(fake_link))
    assert told == [("Importing: 1 of 3 looked at...", 1 / 3), ("Importing: 2 of 3 looked at...", 2 / 3)]
    assert len(set(fake_link.command_ids)) == 3, "each page is a command of its own"
    jobs = window.page("jobs")
    assert isinstance(jobs, NotingPage) and jobs.told == [("show", FIRST, "")], "the job that came in is chosen"


def test_every_reason_is_told_as_text_that_can_be_copied(window: MainWindow, until: Until) -> None:
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    until(lambda: dialog.report.isVisible())
    assert dialog.headline.text() == "1 job imported, 1 was there already, 1 could not be imported."
    text = dialog.report.toPlainText()
    assert f"{FIRST}: done, 2 models to test" in text and "its noise was never recorded" in text
    assert f"There already, and left as they were:\n  {SECOND}" in text
    assert f"{GONE['source']}: {GONE['sentence']}." in text
    dialog.copy.click()
    clipboard = QApplication.clipboard()
    assert clipboard is not None and clipboard.text() == f"{dialog.headline.text()}\n\n{text}"


def test_names_from_outside_stay_plain_text(window: MainWindow, fake_link: FakeLink, until: Until) -> None:
    bad = {"source": "<b>x</b>", "sentence": "<img src=x> is no job"}
    fake_link.handlers["import_legacy"] = lambda paths, after: page(1, 1, skipped=[bad])
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    until(lambda: dialog.report.isVisible())
    assert "<b>x</b>: <img src=x> is no job." in dialog.report.toPlainText()
    assert dialog.headline.text() == "1 could not be imported."


def test_what_goes_wrong_with_all_is_the_headline(window: MainWindow, fake_link: FakeLink, until: Until) -> None:
    def fail(paths: list[str], after: str) -> Any:
        if after:
            raise refused("the disk is full: make room")
        return PAGES[""]

    fake_link.handlers["import_legacy"] = fail
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    until(lambda: dialog.headline.isVisible())
    assert dialog.headline.text() == "The disk is full: make room."
    assert FIRST in dialog.report.toPlainText(), "what came in before is still told"
    assert dialog.folder.isEnabled() and dialog.leave.text() == "Close"


def test_an_import_can_be_stopped(window: MainWindow, fake_link: FakeLink, until: Until) -> None:
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    assert dialog.leave.text() == "Stop" and not dialog.folder.isEnabled()
    dialog.leave.click()
    assert dialog.isVisible() and not dialog.leave.isEnabled()
    window.import_jobs(["/other"])
    until(lambda: dialog.report.isVisible())
    assert len(asked(fake_link)) == 1, "neither the rest nor a second import while one is under way"
    assert dialog.headline.text() == "1 job imported, stopped before 2 more."
    dialog.leave.click()
    assert not dialog.isVisible()


def test_without_a_service_the_dialog_says_what_it_waits_for(
    window: MainWindow, fake_link: FakeLink, until: Until
) -> None:
    fake_link.disconnect_service()
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    until(lambda: "reconnecting" in dialog.progress.words)
    fake_link.reconnect_service()
    until(lambda: dialog.report.isVisible())


@pytest.mark.parametrize("choice", ["folder", "registry"])
def test_a_folder_or_a_registry_is_chosen(
    window: MainWindow, fake_link: FakeLink, until: Until, monkeypatch: Any, tmp_path: Path, choice: str
) -> None:
    chosen = former_folder(tmp_path / "projects") if choice == "folder" else str(tmp_path / "job_registry.json")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *given: chosen)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *given: (chosen, ""))
    window._ctx.actions.action("job.import").trigger()
    dialog = dialog_of(window)
    assert dialog.isVisible() and asked(fake_link) == []
    getattr(dialog, choice).click()
    until(lambda: dialog.report.isVisible())
    assert asked(fake_link)[0]["paths"] == [chosen]
    assert window._ctx.settings.folder("import") == str(Path(chosen).parent)


def test_it_is_offered_where_nothing_is_yet_and_in_the_palette(window: MainWindow, ctx: Context, qtbot: QtBot) -> None:
    empty = EmptyState(ctx)
    qtbot.addWidget(empty)
    empty.bring.click()
    assert dialog_of(window).isVisible()
    window.palette_box.open()
    assert "Import a job..." in window.palette_box.shown()
    window.palette_box.close_palette()


def test_nothing_to_import_is_said() -> None:
    assert Brought().headline == "There was nothing to import." and Brought().report == ""
    with pytest.raises(KeyError):
        Brought().take({})


def test_a_refused_import_leaves_no_report(window: MainWindow, fake_link: FakeLink, until: Until) -> None:
    def refuse(paths: list[str], after: str) -> Any:
        raise VestimError.from_record({"code": "refused", "message": "there is no room"})

    fake_link.handlers["import_legacy"] = refuse
    window.import_jobs(["/old"])
    dialog = dialog_of(window)
    until(lambda: dialog.headline.isVisible())
    assert dialog.headline.text() == "There is no room." and not dialog.report.isVisible()
