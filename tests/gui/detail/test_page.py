"""The page of one job over a scripted daemon: live, after lost connections, with many models, with none, with
problems."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.detail.job_script import JOB, SPEC, JobScript, add_prediction_files, finished_job
from tests.gui.fake_link import FakeLink, epoch_event, summary
from vestim_core.spec.errors import not_found, refused
from vestim_gui.context import Context
from vestim_gui.detail.detail_page import DetailPage

OTHER_JOB = "job_20260101-120000-bbbb"


@pytest.fixture
def page(qtbot: QtBot, ctx: Context) -> Iterator[DetailPage]:
    detail_page = DetailPage(ctx)
    qtbot.addWidget(detail_page)
    detail_page.resize(900, 770)
    ctx.link.start()
    detail_page.show()
    qtbot.waitExposed(detail_page)
    yield detail_page
    detail_page.close_job()
    detail_page.hide()


def card_texts(page: DetailPage) -> list[tuple[str, str]]:
    return [(frame.value.text(), frame.note.text()) for frame in page.card_row.cards]


def curve_of(canvas: Any, name: str) -> Any:
    return next(curve for panel in canvas.panels for curve in panel.curves if curve.name == name)


def open_job(page: DetailPage, qtbot: QtBot, tab: str = "overview", job_id: str = JOB) -> None:
    page.show_job(job_id, tab)
    qtbot.waitUntil(lambda: page.feed is not None and page.feed.details is not None and bool(page.feed.history.seq))


def test_a_finished_job_shows_its_errors_and_its_prediction(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink
) -> None:
    finished_job().install(fake_link)
    add_prediction_files(fake_link, "test_001", "baseline_1")
    open_job(page, qtbot)
    overview = page.overview
    qtbot.waitUntil(lambda: bool(overview.prediction.panels) and page.card_row.cards[3].value.text() != "–")
    assert page.header.name.text() == "Voltage LSTM"
    assert page.header.badge.text() == "✓ Done"
    assert [value for value, _ in card_texts(page)] == ["4.00 mV", "10.5 mV", "100 %", "2,809 parameters"]
    assert len(curve_of(overview.loss, "validation").x) == 30
    assert overview.loss.panels[0].levels[0].name == "circuit 10.5 mV"
    assert overview.bars.panels[0].categories == ("mountain_32degC.csv",)
    assert [group.values for group in overview.bars.panels[0].bars] == [(25.3,), (7.76,)]
    upper, strip = overview.prediction.panels
    assert upper.title == "mountain_32degC.csv: measured and predicted (dashed) / V"
    assert np.nanmax(np.abs(strip.curves[0].y - 10)) < 1e-9
    assert np.isnan(strip.curves[0].y).sum() == 1  # between the two segments


def test_new_epochs_update_curve_and_cards(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    script = JobScript().add_task("train_001", "train", "LSTM 24", "running").add_epochs(5)
    script.install(fake_link, state="running", fraction=0.1)
    open_job(page, qtbot)
    qtbot.waitUntil(lambda: bool(page.overview.loss.panels))
    assert len(curve_of(page.overview.loss, "train").x) == 5
    seq = len(script.events)
    fake_link.append(JOB, [epoch_event(seq + n, 5 + n, max_epochs=60) for n in range(1, 11)])
    qtbot.waitUntil(lambda: len(curve_of(page.overview.loss, "train").x) == 15)
    assert card_texts(page)[0] == ("5.00 mV", "best at epoch 15")
    assert card_texts(page)[2][1] == "at most 45 s left · 1.0 s/epoch"


def test_a_lost_connection_keeps_the_curve_and_later_epochs_follow_without_a_gap(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink
) -> None:
    script = JobScript().add_task("train_001", "train", "LSTM 24", "running").add_epochs(5)
    script.install(fake_link, state="running")
    open_job(page, qtbot)
    qtbot.waitUntil(lambda: bool(page.overview.loss.panels))
    fake_link.disconnect_daemon()
    more = [epoch_event(len(script.events) + n, 5 + n, max_epochs=60) for n in range(1, 6)]
    fake_link.append(JOB, more)
    qtbot.waitUntil(lambda: not fake_link.state.is_live)
    assert len(curve_of(page.overview.loss, "train").x) == 5
    fake_link.reconnect_daemon(is_rebuilt=True)
    qtbot.waitUntil(lambda: len(curve_of(page.overview.loss, "train").x) == 10)
    page.show_tab("log")
    qtbot.waitUntil(lambda: "epoch 10 of 60" in page.log.text.toPlainText())
    assert page.log.text.toPlainText().count("epoch 3 of 60") == 1


def test_a_later_attempt_replaces_its_epochs(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    script = JobScript().add_task("train_001", "train", "LSTM 24", "running").add_epochs(8)
    script.add_epochs(6, first=5, attempt=2, validation_rmse_mV=50.0)
    script.install(fake_link, state="running")
    open_job(page, qtbot)
    qtbot.waitUntil(lambda: bool(page.overview.loss.panels))
    validation_curve = curve_of(page.overview.loss, "validation")
    assert validation_curve.x.tolist() == [1, 2, 3, 4, 5, 6] and validation_curve.y[-1] == 50


def test_before_the_first_epoch_the_phases_are_shown(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    script = JobScript().add_task("prepare_1", "prepare", "Prepare data", "running")
    script.add_event("phase", "prepare_1", phase="data_import", state="running", message="read 3 of 7 files")
    row = {"state": "running", "phase": "data_import", "activity": "read 3 of 7 files", "fraction": 0.02}
    script.install(fake_link, **row)
    open_job(page, qtbot)
    waiting = page.overview.waiting
    qtbot.waitUntil(lambda: waiting.rows[0][2].text() == "read 3 of 7 files")
    assert waiting.message.text() == "Read the data files: read 3 of 7 files"
    assert waiting.rows[0][0].text().endswith("running")
    assert waiting.rows[5][0].text().endswith("waiting")


def test_a_circuit_result_from_before_the_first_epoch_is_plotted(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink
) -> None:
    script = JobScript().add_baseline()
    script.add_task("train_001", "train", "LSTM 24", "running")
    script.install(fake_link, state="running")
    open_job(page, qtbot)
    qtbot.waitUntil(lambda: page.overview.waiting.isVisible())
    fake_link.append(JOB, [epoch_event(len(script.events) + 1, 1)])
    qtbot.waitUntil(lambda: bool(page.overview.bars.panels))
    assert page.overview.bars.isVisible()
    assert page.overview.loss.panels[0].levels[0].name == "circuit 10.5 mV"


def test_a_phase_that_needs_input_names_what_is_missing(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    missing = '"cell_07.csv" has no current column. Found: t_s, U, T_amb. Which one is current?'
    script = JobScript().add_event("phase", phase="data_import", state="needs_input", message=missing)
    script.install(fake_link, state="queued")
    open_job(page, qtbot)
    qtbot.waitUntil(lambda: page.overview.waiting.message.text() == f"Waits for you: {missing}")


def test_a_failed_job_shows_its_headline_and_folds_the_details(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink, ctx: Context
) -> None:
    error = {
        "code": "failed",
        "message": "Training stopped at epoch 24: the loss became NaN. The learning rate 0.05 is probably too high.",
        "location": "training.learning_rate",
        "actions": ["Retry with 0.005"],
    }
    script = JobScript().add_task("train_001", "train", "LSTM 24", "running").add_epochs(23)
    script.add_task("train_001", "train", "LSTM 24", "failed", error)
    script.install(fake_link, state="failed", error=error)
    open_job(page, qtbot)
    problem_box = page.overview.problem_box
    qtbot.waitUntil(
        lambda: (
            [remedy_button.text() for remedy_button in problem_box.remedy_buttons] == ["Retry with 0.005", "Show log"]
        )
    )
    assert problem_box.headline.text() == "Training stopped at epoch 24: the loss became NaN."
    assert problem_box.headline.property("kind") == "error"
    assert not problem_box.details.isVisible()
    problem_box.details_button.click()
    assert problem_box.details.isVisible()
    problem_box.copy_button.click()
    clipboard = QApplication.clipboard()
    assert clipboard is not None and "train_001: failed (training.learning_rate)" in clipboard.text()
    with qtbot.waitSignal(ctx.navigate.new_job) as signal:
        problem_box.remedy_buttons[0].click()
    assert signal.args is not None and signal.args[0]["training"][0]["learning_rate"] == 0.005
    problem_box.remedy_buttons[1].click()
    assert page.tab == "log"
    assert page.log.source.currentData() == f"log:{JOB}/train_001/1:err"


def test_verbs_follow_the_state_and_show_that_they_are_pending(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink
) -> None:
    script = JobScript().add_task("train_001", "train", "LSTM 24", "running").add_epochs(2)
    script.install(fake_link, state="running")
    fake_link.handlers["pause"] = lambda job_id: {"job_id": job_id, "state": "running"}
    open_job(page, qtbot)
    buttons = page.header.buttons
    assert [verb_button.text() for verb_button in buttons.values()] == ["Pause", "Stop and keep best", "Duplicate..."]
    fake_link.disconnect_daemon()
    qtbot.waitUntil(lambda: not fake_link.state.is_live)
    buttons["pause"].click()
    buttons["pause"].click()
    assert (buttons["pause"].text(), buttons["pause"].isEnabled()) == ("Pausing...", False)
    fake_link.reconnect_daemon()
    qtbot.waitUntil(lambda: ("pause", {"job_id": JOB}) in fake_link.calls)
    fake_link.change_job(JOB, intent="pause")
    qtbot.waitUntil(lambda: page.header.buttons["pause"].text() == "Pausing...")
    fake_link.change_job(JOB, state="paused", intent="pause")
    qtbot.waitUntil(lambda: "resume" in page.header.buttons)
    assert page.header.buttons["resume"].text() == "Resume"
    assert fake_link.calls.count(("pause", {"job_id": JOB})) == 1


def test_a_refused_verb_shows_the_daemon_s_message(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(job_id: str) -> None:
        raise refused("job is being moved: wait until it is there")

    messages: list[str] = []
    monkeypatch.setattr(ctx.toasts, "show_error", lambda error: messages.append(error.message))
    fake_link.handlers["stop"] = stop
    JobScript().add_task("train_001", "train", "LSTM 24", "running").install(fake_link, state="running")
    open_job(page, qtbot)
    page.header.buttons["stop"].click()
    qtbot.waitUntil(lambda: messages == ["job is being moved: wait until it is there"])
    assert page.header.buttons["stop"].isEnabled()


def test_duplicating_opens_the_form_with_the_document(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink, ctx: Context
) -> None:
    finished_job().install(fake_link)
    open_job(page, qtbot)
    with qtbot.waitSignal(ctx.navigate.new_job) as signal:
        page.header.buttons["duplicate"].click()
    assert signal.args == [SPEC, ""]


def test_a_job_of_200_models_is_updated_row_by_row(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    script = JobScript().add_baseline()
    for index in range(1, 201):
        state = "done" if index <= 100 else "running" if index <= 102 else "waiting"
        script.add_task(f"train_{index:03}", "train", f"LSTM 24, seed {index}", state)
        if state != "waiting":
            script.add_epochs(20, f"train_{index:03}", validation_rmse_mV=5 + index, best_validation_rmse_mV=5 + index)
    script.add_test(7, "LSTM 24, seed 7", 12.0, 6.0)
    script.install(fake_link, state="running", fraction=0.5)
    open_job(page, qtbot)
    table = page.overview.tasks
    qtbot.waitUntil(lambda: table.tasks.rowCount() == 200)
    assert table.tasks.rows[6].cells == ("✓ done", "LSTM 24, seed 7", "20/60", "12.0 mV", "6.00 mV")
    assert table.tasks.rows[199].cells[0].endswith("waiting")
    resets: list[bool] = []
    table.tasks.modelReset.connect(lambda: resets.append(True))
    fake_link.append(
        JOB, [epoch_event(len(script.events) + 1, 21, "train_101", max_epochs=60, best_validation_rmse_mV=106.0)]
    )
    qtbot.waitUntil(lambda: table.tasks.rows[100].cells[2] == "21/60")
    assert not resets
    table.selectRow(41)
    qtbot.waitUntil(lambda: page.overview.loss.panels[0].title == "RMSE of LSTM 24, seed 42 / mV")
    page.show_tab("curves")
    qtbot.waitUntil(lambda: len(page.curves.models.keys()) == 102)
    assert page.curves.models.ticked() == [f"train_{index:03}" for index in range(1, 7)]
    page.curves.models.set_ticked(page.curves.models.keys())
    assert page.curves.too_many_note.text() == "102 models are ticked: the first 40 are drawn."


def test_curves_of_ticked_models_over_time_or_epochs(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    script = JobScript().add_baseline()
    for task, title in (("train_001", "LSTM 1"), ("train_002", "LSTM 2")):
        script.add_task(task, "train", title, "running").add_epochs(4, task, elapsed_s=9.0)
    script.install(fake_link, state="running")
    open_job(page, qtbot, "curves")
    curves = page.curves
    qtbot.waitUntil(lambda: bool(curves.plot.panels))
    names = [curve.name for curve in curves.plot.panels[0].curves]
    assert names == ["LSTM 1, train", "LSTM 1", "LSTM 2, train", "LSTM 2"]
    assert [marker.name for marker in curves.plot.panels[0].markers] == ["best of LSTM 1", "best of LSTM 2"]
    curves.train.setChecked(False)
    curves.axis.setCurrentIndex(1)
    panel = curves.plot.panels[0]
    assert (panel.x_label, [curve.name for curve in panel.curves]) == ("time / s", ["LSTM 1", "LSTM 2"])
    curves.models.set_ticked(["train_002"])
    assert [curve.name for curve in curves.plot.panels[0].curves] == ["validation"]
    curves.plot.set_options(log=False)
    assert not curves.log.isChecked()
    assert page.ctx.session.get("detail.curves", {})["log"] is False


def test_predictions_overlay_models_with_their_numbers(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    finished_job().install(fake_link)
    add_prediction_files(fake_link, "test_001", "baseline_1", has_gap=True)
    open_job(page, qtbot, "predictions")
    predictions = page.predictions
    qtbot.waitUntil(lambda: len(predictions.plot.panels) == 2)
    assert predictions.file.currentText() == "mountain_32degC.csv (test)"
    predictions.models.set_ticked(["train_001", "circuit"])
    qtbot.waitUntil(lambda: len(predictions.plot.panels[0].curves) == 3)
    texts = [label.text() for label in predictions.metrics_table.findChildren(QLabel)]
    assert texts[:5] == ["Model", "RMSE", "MAE", "largest error", "R²"]
    assert texts[5:10] == ["LSTM 24", "7.76 mV", "6.21 mV", "31.0 mV", "0.999"]
    assert texts[10:] == ["circuit", "25.3 mV", "20.2 mV", "101 mV", "0.999"]
    predictions.plot.draw_now()
    assert "with gaps" in predictions.plot.accessibleDescription()
    predictions.choose_file("drive_20degC.csv")
    qtbot.waitUntil(lambda: predictions.plot.panels[0].title.startswith("drive_20degC.csv"))


def test_missing_or_broken_predictions_are_reported(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    finished_job().install(fake_link)
    add_prediction_files(fake_link, "test_001")
    fake_link.files[JOB, "tasks/test_001/result/predictions/drive_20degC.npz"] = b"no archive"
    open_job(page, qtbot, "predictions")
    predictions = page.predictions
    qtbot.waitUntil(lambda: len(predictions.plot.panels) == 2)
    predictions.models.set_ticked(["circuit"])
    qtbot.waitUntil(lambda: predictions.note.text().startswith("there is no file"))
    predictions.models.set_ticked(["train_001"])
    predictions.choose_file("drive_20degC.csv")
    qtbot.waitUntil(lambda: "cannot be read as a prediction" in predictions.note.text())
    assert "drive_20degC.npz" in predictions.note.text()


def test_nan_predictions_and_missing_tests_are_reported(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    finished_job().install(fake_link)
    add_prediction_files(fake_link, "test_001")
    path = "tasks/test_001/result/predictions/drive_20degC.npz"
    with np.load(io.BytesIO(fake_link.files[JOB, path])) as content:
        arrays = dict(content)
    arrays["predicted"] = np.full_like(arrays["predicted"], np.nan)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    fake_link.files[JOB, path] = buffer.getvalue()
    open_job(page, qtbot, "predictions")
    predictions = page.predictions
    qtbot.waitUntil(lambda: len(predictions.plot.panels) == 2)
    predictions.choose_file("drive_20degC.csv")
    qtbot.waitUntil(lambda: "predicts no number in" in predictions.note.text())
    assert predictions.plot.panels, "what was measured stays"
    fake_link.add_job(summary(OTHER_JOB, state="draft"), (), {"spec": SPEC})
    page.show_job(OTHER_JOB, "predictions")
    qtbot.waitUntil(lambda: predictions.note.text().startswith("Nothing was tested yet"))
    assert predictions.note.isVisible()


def test_settings_are_shown_and_compared_with_another_job(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink, ctx: Context
) -> None:
    finished_job().install(fake_link)
    other_spec = {**SPEC, "training": [{**SPEC["training"][0], "learning_rate": 0.01}]}
    fake_link.add_job(summary(OTHER_JOB, name="Faster"), (), {"spec": other_spec})
    open_job(page, qtbot, "settings")
    rows = page.settings.rows
    qtbot.waitUntil(lambda: rows.topLevelItemCount() == 4)
    items = rows.findItems("Learning rate", Qt.MatchFlag.MatchRecursive)
    assert [item.text(1) for item in items] == ["0.005"]
    page.settings.compare_with(OTHER_JOB)
    qtbot.waitUntil(lambda: page.settings.note.text() == '1 setting differs from "Faster".')
    items = rows.findItems("Learning rate", Qt.MatchFlag.MatchRecursive)
    assert [(item.text(1), item.text(2)) for item in items] == [("0.005", "0.01")]
    with qtbot.waitSignal(ctx.navigate.new_job) as signal:
        page.settings.duplicate.click()
    assert signal.args == [SPEC, ""]


def test_files_are_a_tree_and_can_be_saved(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_job().install(fake_link)
    paths = [("job.json", 6233), ("tasks/train_001/result/model.pt", 12_400), ("tasks/train_001/task.json", 672)]
    fake_link.handlers["list_artifacts"] = lambda job_id: {"artifacts": [{"path": p, "bytes": b} for p, b in paths]}
    fake_link.handlers["daemon_status"] = lambda: {"workspace": str(tmp_path)}
    fake_link.files[JOB, "job.json"] = json.dumps(SPEC).encode()
    open_job(page, qtbot, "files")
    files = page.files
    qtbot.waitUntil(lambda: files.note.text() == "3 files, 19.3 KB" and files.open_button.isEnabled())
    assert [files.tree.topLevelItem(row).text(0) for row in range(2)] == ["job.json", "tasks"]  # type: ignore[union-attr]
    assert files.tree.topLevelItem(1).text(1) == "13.1 KB"  # type: ignore[union-attr]
    files.tree.setCurrentItem(files.tree.topLevelItem(0))
    assert files.save_button.isEnabled()
    files.save_copy("job.json", tmp_path / "copy.json")
    qtbot.waitUntil(lambda: files.note.text().startswith("Saved"))
    assert json.loads((tmp_path / "copy.json").read_text()) == SPEC
    files.save_copy("job.json", tmp_path / "missing" / "copy.json")
    qtbot.waitUntil(lambda: "could not be written" in files.note.text())
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    files.open_button.click()
    assert "is not there any more" in files.note.text()
    (tmp_path / "jobs" / JOB).mkdir(parents=True)
    files.open_button.click()
    assert opened == [str(tmp_path / "jobs" / JOB)]


def test_a_deleted_folder_is_reported(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    def raise_not_found(job_id: str) -> None:
        raise not_found(f"the folder of job {job_id} is gone")

    finished_job().install(fake_link)
    fake_link.handlers["list_artifacts"] = raise_not_found
    open_job(page, qtbot, "files")
    message = f"The files of this job cannot be read: the folder of job {JOB} is gone"
    qtbot.waitUntil(lambda: page.files.note.text() == message)
    page.show_tab("overview")
    qtbot.waitUntil(lambda: page.overview.prediction_note.text().startswith("there is no file"))
    assert page.overview.prediction_note.isVisible()
    assert page.overview.loss.panels
    page.overview.apply_changes({"results"})
    assert page.overview.prediction_note.isVisible(), "the same file is still not there"
    assert not page.overview.prediction.isVisible()


def test_the_log_shows_events_and_streams_and_finds_text(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    script = finished_job()
    script.install(fake_link)
    stream = f"log:{JOB}/train_001/1:out"
    fake_link.logs[stream] = "line 1\n<b>line 2</b>\n"
    open_job(page, qtbot, "log")
    log = page.log
    qtbot.waitUntil(lambda: "Train LSTM 24: epoch 30 of 60" in log.text.toPlainText())
    assert "Test LSTM 24: RMSE 4.00 mV (validation), 7.76 mV (test)" in log.text.toPlainText()
    log.source.setCurrentIndex(log.source.findData(stream))
    qtbot.waitUntil(lambda: log.text.toPlainText() == "line 1\n<b>line 2</b>\n")
    fake_link.append_log(stream, "line 3\n" * 20_000)
    qtbot.waitUntil(lambda: log.text.blockCount() > 9000)
    assert log.text.blockCount() <= 10_000
    fake_link.append_log(stream, "needle\n")
    qtbot.waitUntil(lambda: "needle" in log.text.toPlainText())
    log.search_field.setText("needle")
    assert log.text.textCursor().selectedText() == "needle"
    log.search_field.setText("no such word")
    assert log.search_note.text() == "not found"
    log.source.setCurrentIndex(0)
    assert stream not in fake_link.watched_streams


def test_names_from_outside_are_never_markup(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    finished_job().install(fake_link, name="<h1>loud</h1>")
    open_job(page, qtbot)
    assert page.header.name.text() == "<h1>loud</h1>"
    labels = page.findChildren(QLabel)
    assert labels and all(label.textFormat() == Qt.TextFormat.PlainText for label in labels if label.text())


def test_a_closed_job_is_no_longer_watched(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    finished_job().install(fake_link)
    other_script = JobScript(OTHER_JOB).add_task("train_001", "train", "FNN 8", "running").add_epochs(2)
    other_script.install(fake_link, name="Other", state="running")
    open_job(page, qtbot)
    open_job(page, qtbot, job_id=OTHER_JOB)
    qtbot.waitUntil(lambda: page.header.name.text() == "Other")
    assert fake_link.watched_streams == {f"job:{OTHER_JOB}"}
    fake_link.remove_job(OTHER_JOB)
    qtbot.waitUntil(lambda: page.note.text() == "This job was deleted.")
    assert not fake_link.watched_streams and page.job_id == ""


def test_tabs_have_shortcuts_and_are_restored(
    page: DetailPage, qtbot: QtBot, fake_link: FakeLink, ctx: Context
) -> None:
    finished_job().install(fake_link)
    open_job(page, qtbot)
    page.show_tab("log")
    for index, name in enumerate(page.pages, 1):
        action = ctx.actions.action(f"tab.{name}")
        assert action.shortcut().toString() == f"Alt+{index}"
        action.trigger()
        assert page.tab == name and ctx.session.get("detail.tab", "") == name


def test_everything_is_reached_by_tab(page: DetailPage, qtbot: QtBot, fake_link: FakeLink) -> None:
    finished_job().install(fake_link)
    add_prediction_files(fake_link, "test_001", "baseline_1")
    open_job(page, qtbot)
    qtbot.waitUntil(lambda: bool(page.overview.prediction.panels))
    page.activateWindow()
    widgets_by_tab: dict[str, list[QWidget]] = {
        "overview": [
            page.overview.loss,
            page.overview.bars,
            page.overview.prediction,
            page.header.buttons["duplicate"],
        ],
        "curves": [page.curves.train, page.curves.log, page.curves.axis, page.curves.plot],
        "predictions": [page.predictions.file, page.predictions.models, page.predictions.plot],
        "settings": [page.settings.comparison_box, page.settings.duplicate, page.settings.rows],
        "files": [page.files.refresh_button, page.files.tree],
        "log": [page.log.source, page.log.follow_box, page.log.search_field, page.log.text],
    }
    for tab, widgets in widgets_by_tab.items():
        page.show_tab(tab)
        bar = page.tabs.tabBar()
        assert bar is not None
        bar.setFocus()
        qtbot.waitUntil(bar.hasFocus)
        visited: list[QWidget] = []
        while (focus := QApplication.focusWidget()) is not None and len(visited) < 25:
            visited.append(focus)
            qtbot.keyClick(focus, Qt.Key.Key_Tab)
        missed = [widget for widget in widgets if widget not in visited]
        assert not missed, f"{tab}: {missed}"
