"""The first minutes and a new job against a real daemon: files are really read, drafts really saved, jobs really
run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.new_job.cell_files import write_cells, write_cycle
from tests.gui.real.conftest import Until
from tests.gui.real.test_link_and_daemon import result_of
from tests.gui.wait_limits import WAIT_S
from vestim_core.verify.sample_legacy_job import JOB_ID, write_legacy_job, write_legacy_registry
from vestim_gui.actions import Actions
from vestim_gui.context import Context, Navigator
from vestim_gui.first_run.empty_state import EmptyState
from vestim_gui.import_job.import_dialog import ImportDialog
from vestim_gui.link import Link, LinkPhase
from vestim_gui.new_job.new_job_page import NewJobPage
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell.toasts import Toasts
from vestim_gui.store.catalog import Catalog
from vestim_gui.theme.theme import Theme

TYPIST = """
    import sys, time
    from pathlib import Path
    from PyQt6.QtTest import QTest
    from PyQt6.QtWidgets import QApplication
    from vestim_gui.application import create_context
    from vestim_gui.new_job.new_job_page import NewJobPage
    from vestim_core.system import Home

    app = QApplication(["vestim"])
    ctx = create_context(app, Home.find())
    ctx.link.start()
    page = NewJobPage(ctx)
    page.show()
    QTest.keyClicks(page.sections.parts["name"].editor.core, "  half a na")
    QTest.keyClicks(page.sections.parts["training"].cards[0].form.parts["learning_rate"].editor.core, "0.0050, fast")
    while not (page.draft.is_saved and page.draft.job_id):
        app.processEvents()
    print(page.draft.job_id, flush=True)
    while True:
        app.processEvents()
        time.sleep(0.05)
"""


@pytest.fixture
def daemon_ctx(vestim_home: Any, qapp: QApplication, theme: Theme, tmp_path: Path, until: Until) -> Iterator[Context]:
    """A context with a link to its own daemon."""
    link = Link()
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
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    yield context
    link.close()
    context.session.flush()
    context.settings.flush()
    for part in (
        context.actions,
        context.toasts,
        context.navigate,
        context.jobs,
        context.settings,
        context.session,
        link,
    ):
        part.deleteLater()


@pytest.fixture
def page(daemon_ctx: Context, qtbot: QtBot) -> Iterator[NewJobPage]:
    owner = QWidget()
    daemon_ctx.actions.add_handler("job.open_file", lambda: None, owner)
    new_job_page = NewJobPage(daemon_ctx)
    qtbot.addWidget(new_job_page)
    new_job_page.show()
    yield new_job_page
    new_job_page.close_page()


def job_row(ctx: Context, job_id: str) -> dict[str, Any]:
    return ctx.jobs.row(job_id) or {}


def stop_job(ctx: Context, until: Until, job_id: str) -> None:
    result_of(ctx.link, until, "stop", job_id=job_id, test=False)
    until(lambda: job_row(ctx, job_id).get("state") in ("stopped", "done", "failed"))


def test_one_click_leads_to_a_training_demo(daemon_ctx: Context, until: Until, qtbot: QtBot) -> None:
    empty, opened, texts = EmptyState(daemon_ctx), [], []
    qtbot.addWidget(empty)
    empty.show()
    daemon_ctx.navigate.open_job.connect(lambda job_id, tab: opened.append(job_id))
    empty.demo.progress_changed.connect(lambda text, fraction: texts.append(text))
    empty.train_button.click()
    assert texts, "texts from the first moment"
    until(lambda: opened)
    job_id = opened[0]
    until(lambda: job_row(daemon_ctx, job_id).get("state") == "running" and job_row(daemon_ctx, job_id)["validation"])
    assert any("synthetic cell" in text for text in texts)
    empty.coach.skip_all()
    stop_job(daemon_ctx, until, job_id)


def test_a_draft_survives_a_killed_window_exactly_as_it_was_typed(
    page: NewJobPage, daemon_ctx: Context, until: Until, vestim_home: Any
) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    typist = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(TYPIST)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert typist.stdout is not None
    job_id = typist.stdout.readline().strip()
    typist.kill()
    typist.wait(WAIT_S)
    typist.stdout.close()
    until(lambda: job_row(daemon_ctx, job_id).get("state") == "draft")
    page.open(None, job_id)
    until(lambda: page.draft.job_id == job_id)
    fields: dict[str, Any] = {
        "name": page.sections.parts["name"],
        "rate": page.sections.parts["training"].cards[0].form.parts["learning_rate"],
    }
    assert fields["name"].editor.core.text() == "  half a na"
    assert fields["rate"].editor.core.text() == "0.0050, fast"
    until(lambda: "unable to parse string as a number (given: 'fast')" in fields["rate"].note.text())


def test_files_are_checked_repaired_and_trained_on(
    page: NewJobPage, daemon_ctx: Context, until: Until, tmp_path: Path
) -> None:
    data = page.sections.data
    cells = write_cells(tmp_path / "cells")
    reversed_file = str(write_cycle(tmp_path / "cells" / "reversed.csv", sign=-1, phase=0.4))
    opened: list[str] = []
    daemon_ctx.navigate.open_job.connect(lambda job_id, tab: opened.append(job_id))
    page.open({"data": {**cells, "train": [*cells["train"], reversed_file]}, "model": {"kind": "fnn", "sizes": [4]}})
    until(
        lambda: data.rows and all(file_row.state == "checked" for file_row in data.rows) and not data.inspection.is_busy
    )
    file_row = next(file_row for file_row in data.rows if file_row.name == "reversed.csv")
    assert (file_row.rows, file_row.duration_s, file_row.sample_time_s) == (400, 399.0, 1.0)
    assert file_row.temperature_degC is not None
    assert 24 < file_row.temperature_degC < 29
    (finding,) = [finding for finding in file_row.findings if finding["severity"] == "error"]
    data.findings.repairs_requested.emit([{"file": file_row.path, "repair": finding["repair"]}])
    until(lambda: page.draft.is_saved and page.summary.models.text() == "Makes 1 model")
    page.sections.parts["training"].cards[0].form.parts["max_epochs"].editor.set_value(2)
    page.sections.changed.emit()
    page.start()
    until(lambda: opened)
    until(lambda: job_row(daemon_ctx, opened[0]).get("state") in ("done", "failed", "stopped"))
    assert job_row(daemon_ctx, opened[0])["state"] == "done", job_row(daemon_ctx, opened[0])["error"]


def test_missing_files_are_reported_by_the_daemon(page: NewJobPage, until: Until, tmp_path: Path) -> None:
    page.open({"data": {"train": [str(tmp_path / "gone.csv")], "validation": [str(tmp_path / "too.csv")]}})
    until(lambda: "there is no file or folder" in page.sections.data.note.text().lower())
    until(lambda: any("does not exist" in message for message in page.sections.data.findings.messages()))


def test_legacy_jobs_are_imported_and_every_skip_has_a_reason(
    daemon_ctx: Context, qtbot: QtBot, tmp_path: Path, until: Until
) -> None:
    write_legacy_job(tmp_path, with_weights=False)
    dialog, opened = ImportDialog(daemon_ctx), list[str]()
    daemon_ctx.navigate.open_job.connect(lambda job_id, tab: opened.append(job_id))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.import_paths([str(write_legacy_registry(tmp_path))])
    until(lambda: dialog.report.isVisible())
    assert dialog.headline.text() == "1 job imported, 2 could not be imported."
    assert "names no job" in dialog.report.toPlainText() and "is not there any more" in dialog.report.toPlainText()
    until(lambda: daemon_ctx.jobs.row(JOB_ID) is not None)
    assert daemon_ctx.jobs.row(JOB_ID)["imported"] and opened == [JOB_ID]  # type: ignore[index]
    dialog.import_paths([str(tmp_path / JOB_ID)])
    until(lambda: dialog.headline.text() == "1 was there already.")
