"""The jobs page as a user operates it: keys, clicks, actions, and the resulting requests."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, summary
from tests.gui.jobs_page.conftest import RecordingDetail
from vestim_core.spec.errors import refused
from vestim_gui.context import Context
from vestim_gui.jobs_page.job_dialogs import DeleteDialog, StopDialog, TagsDialog
from vestim_gui.jobs_page.jobs_page import JobsPage
from vestim_gui.store.jobs_model import PRESENTER


def select(page: JobsPage, *job_ids: str) -> None:
    page.view.select_jobs(job_ids, job_ids[0])
    while page._enable_timer.isActive():  # actions are enabled in the next turn of the event loop
        QApplication.processEvents()


def requests_of(daemon: FakeLink, method: str) -> list[dict[str, Any]]:
    return [params for name, params in daemon.calls if name == method]


def presenter(page: JobsPage, job_id: str) -> Any:
    return page.model.index_of(job_id).data(PRESENTER)


def recording_detail(page: JobsPage) -> RecordingDetail:
    page_detail = page._detail
    assert isinstance(page_detail, RecordingDetail)
    return page_detail


def trigger(ctx: Context, action: str) -> None:
    ctx.actions.action(action).trigger()


def open_dialog(page: JobsPage, kind: type[QDialog], qtbot: QtBot) -> Any:
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in page.findChildren(kind)))
    return next(dialog for dialog in page.findChildren(kind) if dialog.isVisible())


def test_the_first_job_is_shown_and_selection_is_remembered(page: JobsPage, ctx: Context, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: recording_detail(page).shown_jobs == [("job_run", "")])
    select(page, "job_done")
    assert (
        recording_detail(page).shown_jobs[-1] == ("job_done", "") and ctx.session.get("jobs.selected", "") == "job_done"
    )


def test_the_page_is_restored(page: JobsPage, ctx: Context, qtbot: QtBot) -> None:
    page.filter.setText("status:failed status:done")
    page.filter.apply()
    select(page, "job_bad")
    trigger(ctx, "jobs.as_table")
    assert page.table.hasFocus()
    page.table.show_column("note", True)
    page.table.setColumnWidth(0, 333)
    page.table._cycle_sorting(0)
    again = JobsPage(ctx, RecordingDetail(), QWidget())  # type: ignore[arg-type]
    qtbot.addWidget(again)
    again.filter.apply()
    again._update_empty_state()
    assert again.view is again.table and again.filter.text() == "status:failed status:done"
    assert again.table.columnWidth(0) == 333 and "note" in again.table.layout_values()["columns"]
    assert again.model.sort_order == ("name", False) and again.model.ids() == ["job_done", "job_bad"]
    assert again.view.current_job == "job_bad"
    again.close_page()


def test_the_header_does_not_overlap_in_a_narrow_window(page: JobsPage, qtbot: QtBot) -> None:
    page.resize(560, 400)
    page.show()
    qtbot.waitExposed(page)
    for width in (560, 900, 1400):
        page.resize(width, 400)
        QApplication.processEvents()
        parts = [page.filter, page.list_button, page.table_button, page.new_button]
        ends = [part.geometry().right() for part in parts]
        assert all(end < part.geometry().left() for end, part in zip(ends, parts[1:], strict=False))
        assert ends[-1] <= page.width()
    assert page.filter.width() == 360


def test_a_filter_applies_as_typed_and_mistakes_are_shown(page: JobsPage, ctx: Context, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.filter, "tag:demo")
    qtbot.waitUntil(lambda: page.model.ids() == ["job_done"])
    assert page.count.text() == "1 of 5 jobs"
    page.filter.setText("tag:demo color:red")
    page.filter.apply(is_final=True)
    assert page.note.text().startswith("There is no 'color'") and page.model.ids() == ["job_done"]
    qtbot.keyClick(page.filter, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(page.model.ids()) == 5)
    assert page.note.text() == ""
    page.filter.setText("nothing like that")
    page.filter.apply()
    assert page._views.currentWidget() is page._no_match_panel
    trigger(ctx, "jobs.filter")
    assert page.filter.selectedText() == "nothing like that"


def test_enter_in_the_filter_goes_to_the_list(page: JobsPage, qtbot: QtBot) -> None:
    page.activateWindow()
    page.filter.setFocus()
    page.filter.setText("demo")
    qtbot.keyClick(page.filter, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.view.hasFocus())


def test_pause_shows_at_once_and_resume_continues(page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot) -> None:
    select(page, "job_run")
    trigger(ctx, "job.pause")
    assert presenter(page, "job_run").word == "Pausing…", "before the service has answered"
    qtbot.waitUntil(lambda: daemon.jobs["job_run"]["intent"] == "pause")
    qtbot.waitUntil(lambda: ctx.jobs.row("job_run")["intent"] == "pause")  # type: ignore[index]
    daemon.change_job("job_run", state="paused")
    qtbot.waitUntil(lambda: ctx.jobs.row("job_run")["state"] == "paused")  # type: ignore[index]
    trigger(ctx, "job.pause")
    qtbot.waitUntil(lambda: requests_of(daemon, "resume") == [{"job_id": "job_run"}])


def test_a_refusal_is_shown_and_changes_nothing(page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot) -> None:
    def refuse(job_id: str) -> None:
        raise refused("job job_run is being stopped: wait until it has, then resume it")

    toasts: list[Any] = []
    ctx.toasts.toast_added.connect(toasts.append)
    daemon.handlers["pause"] = refuse
    select(page, "job_run")
    trigger(ctx, "job.pause")
    qtbot.waitUntil(lambda: bool(toasts))
    assert toasts[0].text == "Job job_run is being stopped: wait until it has, then resume it."
    qtbot.waitUntil(lambda: presenter(page, "job_run").word == "Training")


def test_archiving_can_be_undone(page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot) -> None:
    toasts: list[Any] = []
    ctx.toasts.toast_added.connect(toasts.append)
    select(page, "job_done", "job_bad", "job_run")
    trigger(ctx, "job.archive")
    qtbot.waitUntil(lambda: set(page.model.ids()) == {"job_run", "job_next", "job_draft"})
    assert toasts[-1].text == "2 jobs are archived." and page.archived.text() == "Show archived (2)"
    trigger(ctx, "jobs.undo")
    qtbot.waitUntil(lambda: len(page.model.ids()) == 5)
    select(page, "job_done")
    trigger(ctx, "job.archive")
    qtbot.waitUntil(lambda: "job_done" not in page.model.ids())
    toasts[-1].actions[0][1]()
    qtbot.waitUntil(lambda: "job_done" in page.model.ids())
    assert not ctx.actions.action("jobs.undo").isEnabled()


def test_archived_jobs_are_shown_on_request_and_deleted_by_name_only(
    page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot
) -> None:
    daemon.change_job("job_done", archived=True)
    qtbot.waitUntil(lambda: "job_done" not in page.model.ids())
    select(page, "job_bad")
    trigger(ctx, "job.delete")
    assert not page.findChildren(DeleteDialog), "only what is archived can be deleted"
    trigger(ctx, "jobs.archived")
    qtbot.waitUntil(lambda: "job_done" in page.model.ids())
    select(page, "job_done")
    trigger(ctx, "job.delete")
    dialog = open_dialog(page, DeleteDialog, qtbot)
    assert not dialog.delete_button.isEnabled()
    qtbot.keyClicks(dialog.name, "Demo")
    assert dialog.delete_button.isEnabled()
    dialog.accept()
    qtbot.waitUntil(lambda: "job_done" not in page.model.ids())
    assert requests_of(daemon, "delete") == [{"job_id": "job_done"}]


def test_tags_of_several_jobs_and_the_note_of_one(page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot) -> None:
    select(page, "job_done", "job_bad")
    trigger(ctx, "job.tags")
    dialog = open_dialog(page, TagsDialog, qtbot)
    assert dialog.tags.text() == "" and not dialog.note.isVisible()
    dialog.tags.setText("winter, lg")
    dialog.accept()
    qtbot.waitUntil(lambda: daemon.jobs["job_bad"]["tags"] == ["winter", "lg"])
    assert daemon.jobs["job_done"]["tags"] == ["demo", "winter", "lg"]
    trigger(ctx, "jobs.undo")
    qtbot.waitUntil(lambda: daemon.jobs["job_done"]["tags"] == ["demo"])
    select(page, "job_done")
    trigger(ctx, "job.note")
    dialog = open_dialog(page, TagsDialog, qtbot)
    dialog.note.setPlainText("<b>cold</b> cells")
    dialog.accept()
    qtbot.waitUntil(lambda: daemon.jobs["job_done"]["note"] == "<b>cold</b> cells")


def test_a_name_is_edited_in_its_row(page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot) -> None:
    select(page, "job_done")
    trigger(ctx, "job.rename")
    editor = page.list.findChild(QLineEdit)
    assert editor is not None and editor.text() == "Demo"
    editor.setText("LG HG2")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.model.index_of("job_done").data() == "LG HG2")
    assert requests_of(daemon, "rename") == [{"job_id": "job_done", "name": "LG HG2"}]
    trigger(ctx, "jobs.undo")
    qtbot.waitUntil(lambda: page.model.index_of("job_done").data() == "Demo")


def test_a_name_being_typed_survives_updates_of_its_job(
    page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot
) -> None:
    select(page, "job_done")
    trigger(ctx, "job.rename")
    editor = page.list.findChild(QLineEdit)
    assert editor is not None
    editor.clear()
    qtbot.keyClicks(editor, "LG")
    daemon.add_job({**(ctx.jobs.row("job_done") or {}), "activity": "epoch 2 begins", "last_seq": 900})
    qtbot.waitUntil(lambda: (ctx.jobs.row("job_done") or {})["last_seq"] == 900)
    QApplication.processEvents()
    qtbot.keyClicks(editor, " HG2")
    assert editor.text() == "LG HG2"
    qtbot.keyClick(editor, Qt.Key.Key_Escape)


def test_the_queue_is_reordered_by_keys_and_by_hand(
    page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot
) -> None:
    select(page, "job_next")
    trigger(ctx, "job.up")
    qtbot.waitUntil(lambda: requests_of(daemon, "reorder") == [{"job_id": "job_next", "position": 1}])
    page.model.dropped.emit("job_run", "")
    qtbot.waitUntil(lambda: requests_of(daemon, "reorder")[-1] == {"job_id": "job_run", "position": 2})
    select(page, "job_done")
    assert not ctx.actions.action("job.up").isEnabled()


def test_stopping_all_asks_first(page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot) -> None:
    trigger(ctx, "jobs.stop_all")
    dialog = open_dialog(page, StopDialog, qtbot)
    buttons = dialog.findChild(QDialogButtonBox)
    assert buttons.button(QDialogButtonBox.StandardButton.Ok).text() == "Stop all jobs"
    dialog.accept()
    qtbot.waitUntil(lambda: {params["job_id"] for params in requests_of(daemon, "stop")} == {"job_run", "job_next"})
    qtbot.waitUntil(lambda: presenter(page, "job_run").word == "Stopping…")


def test_clear_archives_ended_jobs(page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot) -> None:
    trigger(ctx, "jobs.clear")
    qtbot.waitUntil(lambda: set(page.model.ids()) == {"job_run", "job_next", "job_draft"})


def test_a_job_opens_at_the_place_that_fits_its_state(
    page: JobsPage, ctx: Context, daemon: FakeLink, qtbot: QtBot
) -> None:
    opened: list[tuple[Any, str]] = []
    ctx.navigate.new_job.connect(lambda document, draft: opened.append((document, draft)))
    select(page, "job_draft")
    trigger(ctx, "job.open")
    assert opened == [(None, "job_draft")]
    select(page, "job_bad")
    trigger(ctx, "job.open")
    assert recording_detail(page).shown_jobs[-1] == ("job_bad", "log")
    select(page, "job_done")
    trigger(ctx, "job.duplicate")
    qtbot.waitUntil(lambda: opened[-1] == (None, "job_done_2"))


def test_showing_a_job_clears_a_filter_that_hides_it(page: JobsPage, ctx: Context, qtbot: QtBot) -> None:
    page.filter.setText("status:failed")
    page.filter.apply()
    ctx.navigate.open_job.emit("job_done", "curves")
    assert page.view.current_job == "job_done" and recording_detail(page).shown_jobs[-1] == ("job_done", "curves")
    assert page.view.hasFocus(), "the next keys are for the job, not for the filter"


def test_actions_are_enabled_where_they_fit(page: JobsPage, ctx: Context) -> None:
    def enabled(action: str) -> bool:
        return ctx.actions.action(action).isEnabled()

    select(page, "job_run")
    assert enabled("job.pause") and enabled("job.stop") and not enabled("job.restore") and not enabled("job.start")
    select(page, "job_done")
    assert not enabled("job.pause") and not enabled("job.stop") and enabled("job.duplicate")
    select(page, "job_draft")
    assert enabled("job.start") and enabled("job.edit")
    select(page, "job_done", "job_bad")
    assert not enabled("job.rename") and enabled("job.tags")


def test_ids_are_copied(page: JobsPage, ctx: Context) -> None:
    select(page, "job_done")
    trigger(ctx, "job.copy_id")
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None and clipboard.text() == "job_done"


def test_the_empty_state_is_shown_while_there_are_no_jobs(ctx: Context, daemon: FakeLink, qtbot: QtBot) -> None:
    empty = QWidget()
    page = JobsPage(ctx, RecordingDetail(), empty)  # type: ignore[arg-type]
    qtbot.addWidget(page)
    page.show()
    assert not empty.isVisible(), "whether there are jobs is not known yet"
    daemon.start()
    qtbot.waitUntil(empty.isVisible)
    daemon.add_job(summary("job_1"))
    qtbot.waitUntil(lambda: page.splitter.isVisible() and page.view.current_job == "job_1")
    page.close_page()


def test_everything_stays_while_the_daemon_is_away(page: JobsPage, daemon: FakeLink, qtbot: QtBot) -> None:
    daemon.disconnect_daemon(3)
    qtbot.waitUntil(lambda: "reconnecting (3)" in page._ctx.link.state.message)
    assert len(page.model.ids()) == 5 and page.splitter.isVisible()
    daemon.reconnect_daemon()
    qtbot.waitUntil(lambda: page._ctx.link.state.is_live)
    assert len(page.model.ids()) == 5


def test_names_from_outside_are_plain_text(page: JobsPage, daemon: FakeLink, qtbot: QtBot) -> None:
    daemon.change_job("job_done", name="<img src=x>")
    qtbot.waitUntil(lambda: page.model.index_of("job_done").data() == "<img src=x>")
    tip = page.model.index_of("job_done").data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;img" in tip and "<img" not in tip


def test_every_row_has_an_accessible_text(page: JobsPage) -> None:
    for job_id in page.model.ids():
        spoken = page.model.index_of(job_id).data(Qt.ItemDataRole.AccessibleTextRole)
        assert presenter(page, job_id).title in spoken and presenter(page, job_id).word.lower() in spoken
