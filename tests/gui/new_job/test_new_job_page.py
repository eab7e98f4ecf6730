"""The page of a new job: edits, checks, drafts, presets and start."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton

from tests.gui.fake_link import FakeLink
from tests.gui.new_job.conftest import WaitUntil
from tests.gui.new_job.scripted_daemon import ScriptedDaemon
from vestim_core.spec.job import validate_job
from vestim_core.spec.job_presets import find_preset
from vestim_gui.context import Context
from vestim_gui.new_job.field_row import FieldRow
from vestim_gui.new_job.new_job_page import DRAFT_KEY, UNSAVED_KEY, NewJobPage
from vestim_gui.new_job.summary_card import ProblemLink
from vestim_gui.shell.toasts import Toast

DataFiles = dict[str, list[str]]


def field_row(page: NewJobPage, *path: str | int) -> FieldRow:
    part: Any = page.sections.parts
    for step in path:
        if isinstance(step, int):
            part = part.cards[step].form
        else:
            part = part[step] if isinstance(part, dict) else part.parts[step]
    assert isinstance(part, FieldRow)
    return part


def type_into(line: FieldRow, text: str) -> None:
    core = line.editor.core
    field = core.lineEdit() if isinstance(core, QComboBox) else core
    assert isinstance(field, QLineEdit)
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)


def learning_rate_row(page: NewJobPage) -> FieldRow:
    return field_row(page, "training", 0, "learning_rate")


def open_complete_document(page: NewJobPage, wait_until: WaitUntil, data_files: DataFiles) -> None:
    """Open a document that can be started, with its files checked."""
    page.open({"data": data_files})
    wait_until(
        lambda: page.sections.data.rows and all(file_row.state == "checked" for file_row in page.sections.data.rows)
    )
    wait_until(lambda: page.draft.is_saved and page.draft.job_id)


def collect_toasts(ctx: Context) -> list[Toast]:
    toasts: list[Toast] = []
    ctx.toasts.toast_added.connect(toasts.append)
    return toasts


# --- editing


def test_a_list_makes_several_models(page: NewJobPage, wait_until: WaitUntil) -> None:
    type_into(learning_rate_row(page), "0.01, 0.005, 0.001")
    wait_until(lambda: learning_rate_row(page).note.text() == "makes 3 models")
    assert page.summary.models.text() == "Makes 3 models"
    type_into(field_row(page, "model", 0, "sizes"), "16; 32")
    wait_until(lambda: page.summary.models.text() == "Makes 6 models")
    assert learning_rate_row(page).note.text() == "3 values: all lists together make 6 models"
    type_into(learning_rate_row(page), "0.01")
    wait_until(lambda: "Step size at the start" in learning_rate_row(page).note.text())


def test_each_field_shows_its_problem(page: NewJobPage, wait_until: WaitUntil) -> None:
    type_into(learning_rate_row(page), "-1")
    wait_until(lambda: learning_rate_row(page).note.text() == "Should be greater than 0 (given: -1).")
    assert learning_rate_row(page).editor.core.property("state") == "error"
    assert learning_rate_row(page).editor.core.accessibleDescription() == learning_rate_row(page).note.text()
    type_into(field_row(page, "model", 0, "sizes"), "16, x")
    wait_until(lambda: "unable to parse" in field_row(page, "model", 0, "sizes").note.text())
    type_into(learning_rate_row(page), "0.01")
    wait_until(lambda: "Step size" in learning_rate_row(page).note.text())
    assert not learning_rate_row(page).editor.core.property("state")


def test_a_problem_in_a_folded_field_unfolds_it(page: NewJobPage, wait_until: WaitUntil) -> None:
    seed = field_row(page, "training", 0, "seed")
    assert not seed.isVisible()
    document = page.document()
    document["training"][0]["seed"] = -4
    page.open(document)
    wait_until(lambda: field_row(page, "training", 0, "seed").isVisible())
    assert "greater than or equal to 0" in field_row(page, "training", 0, "seed").note.text()


def test_problems_across_sections_are_shown_at_their_section(
    page: NewJobPage, wait_until: WaitUntil, data_files: DataFiles
) -> None:
    page.open({"data": data_files, "signals": {"target": "soc"}, "preparation": [{"step": "normalize"}]})
    signals, steps = page.sections.parts["signals"], page.sections.parts["preparation"]
    wait_until(lambda: signals.note.text().startswith("The target 'soc' is also among the features"))
    assert "first step must be the one 'resample'" in steps.note.text()


def test_an_unknown_section_is_reported_and_can_be_removed(page: NewJobPage, wait_until: WaitUntil) -> None:
    page.open({"modle": {"kind": "lstm"}})
    wait_until(lambda: page.sections.note.text() == "modle: There is no such setting: did you mean 'model'?")
    page.sections.remove_button.click()
    assert "modle" not in page.document()
    wait_until(lambda: not page.sections.note.isVisible())


def test_an_unknown_setting_is_reported_and_can_be_removed(page: NewJobPage, wait_until: WaitUntil) -> None:
    page.open({"training": {"learning_rat": 1}})
    card = page.sections.parts["training"].cards[0]
    wait_until(lambda: "learning_rat: There is no such setting" in card.form.note.text())
    (remove,) = [
        push_button for push_button in card.findChildren(QPushButton) if push_button.text() == "Remove learning_rat"
    ]
    remove.click()
    assert page.document()["training"] == [{"method": "tbptt"}]


def test_a_very_large_grid_is_left_to_the_daemon(page: NewJobPage, fake_link: FakeLink, wait_until: WaitUntil) -> None:
    type_into(learning_rate_row(page), "0.01")
    wait_until(lambda: page.draft.is_saved)
    page.open({"training": {"learning_rate": [0.001] * 4000, "patience": [1, 2]}})
    wait_until(lambda: page.summary.models.text() == "Makes 8,000 models")
    specs = [params["spec"] for method, params in fake_link.calls if method == "estimate"]
    assert specs[-1]["training"][0]["patience"] == [1, 2]


def test_trainings_follow_added_and_removed_models(page: NewJobPage, wait_until: WaitUntil) -> None:
    models, trainings = page.sections.parts["model"], page.sections.parts["training"]
    assert not models.cards[0].buttons["✕"].isEnabled(), "one model stays"
    models.add_card("fnn")
    assert [card.form.value()["method"] for card in trainings.cards] == ["tbptt", "rows"]
    wait_until(lambda: page.summary.models.text() == "Makes 2 models")
    models.cards[0].buttons["✕"].click()
    assert page.document()["model"] == [{"kind": "fnn"}]
    assert page.document()["training"] == [{"method": "rows"}]


def test_steps_are_added_moved_and_removed(page: NewJobPage) -> None:
    steps = page.sections.parts["preparation"]

    def kinds() -> list[str]:
        return [step["step"] for step in page.document()["preparation"]]

    steps.add_card("ema")
    assert kinds() == ["resample", "pre_roll", "ema", "normalize"], "normalize stays last"
    steps.cards[2].buttons["↑"].click()
    assert kinds() == ["resample", "ema", "pre_roll", "normalize"]
    assert not steps.cards[0].buttons["↑"].isEnabled()
    type_into(field_row(page, "preparation", 1, "tau_s"), "5, 50")
    steps.cards[1].buttons["↓"].click()
    assert page.document()["preparation"][2] == {"step": "ema", "tau_s": [5, 50]}
    steps.cards[2].buttons["✕"].click()
    assert kinds() == ["resample", "pre_roll", "normalize"]


def test_step_presets_set_their_inputs(page: NewJobPage, wait_until: WaitUntil, data_files: DataFiles) -> None:
    page.open({"data": data_files})
    preset = next(file_row for file_row in _step_presets() if file_row.name == "filtered_current")
    page.sections.apply_steps(preset)
    assert page.document()["signals"]["features"] == list(preset.features)
    wait_until(lambda: page.summary.models.text() == "Makes 1 model")
    assert validate_job(page.document())


def _step_presets() -> Any:
    from vestim_core.spec.preparation_presets import PREPARATION_PRESETS

    return PREPARATION_PRESETS


# --- presets, files


def test_a_preset_keeps_the_data_and_can_be_undone(
    page: NewJobPage, ctx: Context, wait_until: WaitUntil, data_files: DataFiles
) -> None:
    page.open({"data": data_files, "name": "mine"})
    type_into(learning_rate_row(page), "0.02")
    previous = page.document()
    toasts = collect_toasts(ctx)
    wait_until(lambda: page.presets.buttons)
    page.presets.buttons["soc_balanced"].click()
    assert page.document()["signals"]["target"] == "soc"
    assert (page.document()["data"], page.document()["name"]) == (data_files, "mine")
    wait_until(lambda: page.summary.models.text() == "Makes 2 models")
    assert page.presets.note.text().startswith("Balanced: ")
    assert f"Takes {find_preset('soc_balanced').takes}" in page.presets.note.text()
    (undo,) = toasts[-1].actions
    undo[1]()
    assert page.document() == previous


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_job_file_is_written_and_opened_again(
    suffix: str, page: NewJobPage, ctx: Context, tmp_path: Path, data_files: DataFiles
) -> None:
    page.open({"data": data_files, "name": "Grün", "model": [{"kind": "lstm", "sizes": "8,8; 4"}]})
    path = tmp_path / f"job{suffix}"
    page.write_file(str(path))
    text = path.read_text(encoding="utf-8")
    settings = json.loads(text) if suffix == ".json" else tomllib.loads(text)
    assert settings["model"] == [{"kind": "lstm", "sizes": [[8, 8], [4]]}]
    page.open({"name": "another"})
    page.open_file(str(path))
    assert page.document()["name"] == "Grün"
    assert field_row(page, "model", 0, "sizes").editor.value() == [[8, 8], [4]]
    assert page.document()["data"] == data_files


def test_an_unreadable_file_changes_nothing(page: NewJobPage, ctx: Context, tmp_path: Path) -> None:
    type_into(learning_rate_row(page), "0.02")
    toasts = collect_toasts(ctx)
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ", encoding="utf-8")
    page.open_file(str(broken))
    assert "is not valid TOML" in toasts[-1].text
    assert page.document()["training"][0]["learning_rate"] == 0.02
    page.write_file(str(tmp_path / "no" / "such" / "folder.toml"))
    assert "cannot be written" in toasts[-1].text


OLD_JOB_FILE = """
name = "of last year"
[model]
kind = "gru"
[training]
method = "streams"
streams = [16, 32]
chunk_steps = 25
"""
TODAYS_TRAINING = {"method": "tbptt", "batch_size": [16, 32], "sequence_length": 25}


def test_an_old_job_file_opens_with_the_keys_of_today_and_says_so_once(
    page: NewJobPage, ctx: Context, daemon: ScriptedDaemon, tmp_path: Path, wait_until: WaitUntil
) -> None:
    toasts = collect_toasts(ctx)
    path = tmp_path / "old.toml"
    path.write_text(OLD_JOB_FILE, encoding="utf-8")
    page.open_file(str(path))
    assert page.document()["training"] == [TODAYS_TRAINING]
    (toast,) = toasts
    assert toast.kind == "info" and toast.text == (
        "old.toml is of an earlier version: the training method 'streams' is called 'tbptt' now; "
        "the setting 'streams' is called 'batch_size' now; the setting 'chunk_steps' is called 'sequence_length' now."
    )
    wait_until(lambda: page.draft.is_saved and page.draft.job_id)
    assert daemon.drafts[page.draft.job_id]["training"] == [TODAYS_TRAINING]
    page.write_file(str(path))
    toasts.clear()
    page.open_file(str(path))
    assert page.document()["training"] == [TODAYS_TRAINING]
    assert toasts == [], "a file of today says nothing"


def test_a_draft_of_an_earlier_session_opens_with_the_keys_of_today(
    page: NewJobPage, ctx: Context, daemon: ScriptedDaemon, wait_until: WaitUntil, qtbot: Any
) -> None:
    earlier = {"method": "streams", "streams": "16, 32, many", "chunk_steps": 25}
    ctx.session.put(UNSAVED_KEY, {"draft_id": "", "document": {"model": [{"kind": "gru"}], "training": [earlier]}})
    reopened = NewJobPage(ctx)
    qtbot.addWidget(reopened)
    reopened.open()
    assert reopened.document()["training"] == [{**TODAYS_TRAINING, "batch_size": "16, 32, many"}]
    row = field_row(reopened, "training", 0, "batch_size")
    assert row.editor.core.text() == "16, 32, many"  # type: ignore[attr-defined]
    wait_until(lambda: reopened.draft.is_saved and reopened.draft.job_id)
    assert "streams" not in daemon.drafts[reopened.draft.job_id]["training"][0]
    reopened.close_page()


def test_legacy_hyperparameters_are_opened_with_notes(page: NewJobPage, tmp_path: Path, wait_until: WaitUntil) -> None:
    path = tmp_path / "hyperparams.json"
    path.write_text(json.dumps({"MODEL_TYPE": "LSTM", "RNN_LAYER_SIZES": "16,16", "NUM_WORKERS": 4, "MAX_EPOCHS": 7}))
    page.open_file(str(path))
    wait_until(lambda: page.notes.isVisible())
    assert page.document()["model"][0]["kind"] == "lstm"
    assert page.document()["training"][0]["max_epochs"] == 7
    assert "NUM_WORKERS: belongs to a way of loading data" in page.notes.list.text()


# --- drafts


def test_a_draft_is_restored_exactly_as_typed(
    page: NewJobPage, ctx: Context, daemon: ScriptedDaemon, wait_until: WaitUntil, qtbot: Any
) -> None:
    type_into(learning_rate_row(page), "0.0050, fast")
    type_into(field_row(page, "name"), "  half a na")
    wait_until(lambda: page.draft.is_saved and page.draft.job_id)
    draft_id = ctx.session.get(DRAFT_KEY, "")
    assert draft_id == page.draft.job_id
    reopened = NewJobPage(ctx)  # as after the window was killed
    qtbot.addWidget(reopened)
    reopened.open(None, draft_id)
    wait_until(lambda: reopened.draft.job_id == draft_id)
    assert reopened.document() == page.document()
    assert field_row(reopened, "training", 0, "learning_rate").editor.core.text() == "0.0050, fast"  # type: ignore[attr-defined]
    assert field_row(reopened, "name").editor.core.text() == "  half a na"  # type: ignore[attr-defined]
    reopened.close_page()


def test_saving_waits_for_a_pause_and_stores_the_latest(
    page: NewJobPage, daemon: ScriptedDaemon, wait_until: WaitUntil
) -> None:
    type_into(field_row(page, "name"), "a name with many letters")
    wait_until(lambda: page.draft.is_saved and daemon.save_count)
    assert daemon.save_count <= 2
    assert daemon.drafts[page.draft.job_id]["name"] == "a name with many letters"
    assert len(daemon.drafts) == 1


def test_an_untouched_page_makes_no_draft(
    page: NewJobPage, daemon: ScriptedDaemon, wait_until: WaitUntil, qtbot: Any
) -> None:
    wait_until(lambda: page.summary.models.text() == "Makes 1 model")
    page.hide()
    page.open()
    assert not daemon.drafts


def test_edits_without_a_daemon_are_saved_once_it_is_back(
    page: NewJobPage, fake_link: FakeLink, daemon: ScriptedDaemon, wait_until: WaitUntil
) -> None:
    fake_link.disconnect_daemon()
    wait_until(lambda: not fake_link.state.is_live)
    type_into(field_row(page, "name"), "offline")
    wait_until(lambda: page.summary.save_status.text() == "Saved as soon as the service answers again.")
    assert not daemon.drafts
    fake_link.reconnect_daemon()
    wait_until(lambda: [file_row["name"] for file_row in daemon.drafts.values()] == ["offline"])


def test_unsaved_edits_are_restored_in_a_new_window(
    page: NewJobPage, ctx: Context, fake_link: FakeLink, daemon: ScriptedDaemon, wait_until: WaitUntil, qtbot: Any
) -> None:
    type_into(field_row(page, "name"), "saved")
    wait_until(lambda: page.draft.is_saved and page.draft.job_id)
    fake_link.disconnect_daemon()
    wait_until(lambda: not fake_link.state.is_live)
    type_into(field_row(page, "name"), "typed in vain?")
    draft_id = page.draft.job_id
    page.draft.switch_to(draft_id)  # the window is gone, so nothing is saved
    fake_link.held_commands.clear()
    fake_link.reconnect_daemon()
    reopened = NewJobPage(ctx)
    qtbot.addWidget(reopened)
    reopened.open(None, draft_id)
    wait_until(lambda: [file_row["name"] for file_row in daemon.drafts.values()] == ["typed in vain?"])
    assert reopened.document()["name"] == "typed in vain?"
    wait_until(lambda: ctx.session.get(UNSAVED_KEY, {}) == {})
    reopened.close_page()


def test_a_draft_started_elsewhere_continues_as_a_new_draft(
    page: NewJobPage, ctx: Context, daemon: ScriptedDaemon, fake_link: FakeLink, wait_until: WaitUntil
) -> None:
    type_into(field_row(page, "name"), "one")
    wait_until(lambda: page.draft.is_saved and page.draft.job_id)
    first_id, toasts = page.draft.job_id, collect_toasts(ctx)
    daemon.refuse_saves()
    type_into(field_row(page, "name"), "two")
    wait_until(lambda: toasts)
    fake_link.handlers["save_draft"] = daemon.save_draft
    assert "started elsewhere" in toasts[-1].text
    wait_until(lambda: page.draft.job_id not in ("", first_id) and page.draft.is_saved)
    assert daemon.drafts[page.draft.job_id]["name"] == "two"


def test_discarding_can_be_undone(
    page: NewJobPage, ctx: Context, daemon: ScriptedDaemon, wait_until: WaitUntil
) -> None:
    type_into(field_row(page, "name"), "precious")
    wait_until(lambda: page.draft.is_saved and page.draft.job_id)
    toasts = collect_toasts(ctx)
    page.summary.discard_button.click()
    wait_until(lambda: not daemon.drafts)
    assert "name" not in page.document()
    assert ctx.session.get(DRAFT_KEY, "") == ""
    toasts[-1].actions[0][1]()
    wait_until(lambda: [file_row["name"] for file_row in daemon.drafts.values()] == ["precious"])


# --- start


def test_start_names_and_focuses_the_missing_field(page: NewJobPage, wait_until: WaitUntil) -> None:
    page.summary.start_button.click()
    assert page.summary.message.text() == "Not started. Training files: Is missing."
    assert page.sections.data.note.property("kind") == "muted", "a value not given yet is not an error"
    assert QApplication.focusWidget() is page.sections.data.add_buttons["train"]
    links = [push_button for push_button in page.summary.problem_widgets if isinstance(push_button, ProblemLink)]
    assert [link.button.accessibleName() for link in links] == [
        "Training files: Is missing.",
        "Validation files: Is missing.",
    ]
    links[1].button.click()
    assert QApplication.focusWidget() is page.sections.data.add_buttons["validation"]


def test_start_focuses_the_first_invalid_field(page: NewJobPage, wait_until: WaitUntil, data_files: DataFiles) -> None:
    open_complete_document(page, wait_until, data_files)
    type_into(field_row(page, "training", 0, "patience"), "0")
    page.start()
    assert page.summary.message.text().startswith("Not started. Training 1, Patience: Should be greater than")
    assert QApplication.focusWidget() is field_row(page, "training", 0, "patience").editor.core


def test_a_started_job_has_values_and_opens(
    page: NewJobPage, ctx: Context, daemon: ScriptedDaemon, wait_until: WaitUntil, data_files: DataFiles
) -> None:
    opened_jobs: list[str] = []
    tabs: list[str] = []
    ctx.navigate.open_job.connect(lambda job_id, tab: opened_jobs.append(job_id))
    ctx.navigate.open_job.connect(lambda job_id, tab: tabs.append(tab))
    open_complete_document(page, wait_until, data_files)
    type_into(learning_rate_row(page), "0.0050")
    draft_id = page.draft.job_id
    page.start()
    assert page.summary.start_button.text() == "Starting..."
    assert not page.summary.start_button.isEnabled()
    wait_until(lambda: opened_jobs)
    assert opened_jobs == [draft_id]
    assert tabs == ["overview"]
    assert daemon.started_documents[0]["training"][0]["learning_rate"] == 0.005
    assert page.draft.job_id == "", "the page is free for the next job"
    assert page.document()["training"] == [{"method": "tbptt"}]
    assert ctx.session.get(DRAFT_KEY, "") == ""


def test_a_refusal_is_shown_below_start_and_at_its_field(
    page: NewJobPage, fake_link: FakeLink, wait_until: WaitUntil, data_files: DataFiles
) -> None:
    from vestim_core.spec.errors import ErrorCode, VestimError

    open_complete_document(page, wait_until, data_files)

    def start(job_id: str) -> Any:
        problem = {"location": "training[1].threads", "message": "training.threads is 9, but this machine has 2 cores"}
        raise VestimError(ErrorCode.WRONG_INPUT, problem["message"], problems=(problem,))

    fake_link.handlers["start"] = start
    page.start()
    wait_until(lambda: page.summary.message.text().startswith("Not started: training.threads is 9"))
    assert "this machine has 2 cores" in field_row(page, "training", 0, "threads").note.text()
    assert page.summary.start_button.isEnabled()


def test_ctrl_return_starts_the_job(page: NewJobPage, ctx: Context) -> None:
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert page.summary.message.text().startswith("Not started.")


# --- appearance


def test_the_estimate_is_updated(page: NewJobPage, wait_until: WaitUntil, data_files: DataFiles) -> None:
    wait_until(lambda: page.summary.parameters.text() == "4,769")
    assert page.summary.time.text() == "no estimate yet"
    assert page.summary.basis.text() == "No estimate yet: no LSTM of this size has been trained here."
    open_complete_document(page, wait_until, data_files)
    wait_until(lambda: page.summary.data.text() == "3 files, 6 min 39 s to train on")


def test_a_small_window_clips_nothing(page: NewJobPage, qtbot: Any) -> None:
    page.resize(630, 420)
    QApplication.processEvents()
    assert page._form_area.horizontalScrollBar().maximum() == 0  # type: ignore[union-attr]
    assert page.summary.start_button.isVisible()
    assert page.summary.start_button.mapTo(page, page.summary.start_button.rect().bottomRight()).x() <= 630


def test_every_editor_has_a_name_and_takes_tab_focus(page: NewJobPage) -> None:
    for line in page.findChildren(FieldRow):
        core = line.editor.core
        assert core.accessibleName()
        assert core.focusPolicy() & Qt.FocusPolicy.TabFocus
    for push_button in page.findChildren(QPushButton):
        assert push_button.text().strip() and (push_button.accessibleName() or len(push_button.text()) > 1)
