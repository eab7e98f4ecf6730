"""The page of a new job: what is typed, what is said about it, and what becomes of it."""

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
from tests.gui.new_job.conftest import Until
from tests.gui.new_job.service import Service
from vestim_core.spec.job import validate_job
from vestim_core.spec.job_presets import preset_called
from vestim_gui.context import Context
from vestim_gui.new_job.field import FieldRow
from vestim_gui.new_job.page import DRAFT, UNSAVED, NewJobPage
from vestim_gui.new_job.summary import StopLink
from vestim_gui.shell.toasts import Toast

Cells = dict[str, list[str]]


def row(page: NewJobPage, *path: str | int) -> FieldRow:
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


def rate(page: NewJobPage) -> FieldRow:
    return row(page, "training", 0, "learning_rate")


def ready(page: NewJobPage, until: Until, cells: Cells) -> None:
    """A document that can be started, with its files looked at."""
    page.open({"data": cells})
    until(lambda: page.sections.data.rows and all(one.state == "checked" for one in page.sections.data.rows))
    until(lambda: page.draft.saved and page.draft.job_id)


def said(ctx: Context) -> list[Toast]:
    toasts: list[Toast] = []
    ctx.toasts.said.connect(toasts.append)
    return toasts


# --- as it is typed


def test_a_list_makes_models_at_once(page: NewJobPage, until: Until) -> None:
    type_into(rate(page), "0.01, 0.005, 0.001")
    until(lambda: rate(page).note.text() == "makes 3 models")
    assert page.summary.models.text() == "Makes 3 models"
    type_into(row(page, "model", 0, "sizes"), "16; 32")
    until(lambda: page.summary.models.text() == "Makes 6 models")
    assert rate(page).note.text() == "3 values: all lists together make 6 models"
    type_into(rate(page), "0.01")
    until(lambda: "Step size at the start" in rate(page).note.text())


def test_each_field_says_what_is_wrong_with_it(page: NewJobPage, until: Until) -> None:
    type_into(rate(page), "-1")
    until(lambda: rate(page).note.text() == "Should be greater than 0 (given: -1).")
    assert rate(page).editor.core.property("state") == "error"
    assert rate(page).editor.core.accessibleDescription() == rate(page).note.text()
    type_into(row(page, "model", 0, "sizes"), "16, x")
    until(lambda: "unable to parse" in row(page, "model", 0, "sizes").note.text())
    type_into(rate(page), "0.01")
    until(lambda: "Step size" in rate(page).note.text())
    assert not rate(page).editor.core.property("state")


def test_a_problem_in_a_folded_field_unfolds_it(page: NewJobPage, until: Until) -> None:
    seed = row(page, "training", 0, "seed")
    assert not seed.isVisible()
    document = page.document()
    document["training"][0]["seed"] = -4
    page.open(document)
    until(lambda: row(page, "training", 0, "seed").isVisible())
    assert "greater than or equal to 0" in row(page, "training", 0, "seed").note.text()


def test_rules_between_sections_are_said_where_they_belong(page: NewJobPage, until: Until, cells: Cells) -> None:
    page.open({"data": cells, "signals": {"target": "soc"}, "preparation": [{"step": "normalise"}]})
    signals, steps = page.sections.parts["signals"], page.sections.parts["preparation"]
    until(lambda: signals.note.text().startswith("The target 'soc' is also among the features"))
    assert "first step must be the one 'resample'" in steps.note.text()


def test_a_section_that_there_is_not_is_named_and_can_be_removed(page: NewJobPage, until: Until) -> None:
    page.open({"modle": {"kind": "lstm"}})
    until(lambda: page.sections.note.text() == "modle: There is no such setting: check its spelling and its section.")
    page.sections.remove.click()
    assert "modle" not in page.document()
    until(lambda: not page.sections.note.isVisible())


def test_a_setting_that_there_is_not_is_named_and_can_be_removed(page: NewJobPage, until: Until) -> None:
    page.open({"training": {"learning_rat": 1}})
    card = page.sections.parts["training"].cards[0]
    until(lambda: "learning_rat: There is no such setting" in card.form.note.text())
    (remove,) = [made for made in card.findChildren(QPushButton) if made.text() == "Remove learning_rat"]
    remove.click()
    assert page.document()["training"] == [{"method": "streams"}]


def test_a_very_large_grid_is_left_to_the_service(page: NewJobPage, fake_link: FakeLink, until: Until) -> None:
    type_into(rate(page), "0.01")
    until(lambda: page.draft.saved)
    page.open({"training": {"learning_rate": [0.001] * 4000, "patience": [1, 2]}})
    until(lambda: page.summary.models.text() == "Makes 8,000 models")
    asked = [params["spec"] for method, params in fake_link.calls if method == "estimate"]
    assert asked[-1]["training"][0]["patience"] == [1, 2]


def test_models_and_trainings(page: NewJobPage, until: Until) -> None:
    models, trainings = page.sections.parts["model"], page.sections.parts["training"]
    assert not models.cards[0].buttons["✕"].isEnabled(), "one model stays"
    models.add_one("fnn")
    assert [card.form.value()["method"] for card in trainings.cards] == ["streams", "rows"]
    until(lambda: page.summary.models.text() == "Makes 2 models")
    models.cards[0].buttons["✕"].click()
    assert page.document()["model"] == [{"kind": "fnn"}]
    assert page.document()["training"] == [{"method": "rows"}]


def test_steps_are_added_moved_and_removed(page: NewJobPage) -> None:
    steps = page.sections.parts["preparation"]

    def kinds() -> list[str]:
        return [step["step"] for step in page.document()["preparation"]]

    steps.add_one("ema")
    assert kinds() == ["resample", "pre_roll", "ema", "normalise"], "normalise stays last"
    steps.cards[2].buttons["↑"].click()
    assert kinds() == ["resample", "ema", "pre_roll", "normalise"]
    assert not steps.cards[0].buttons["↑"].isEnabled()
    type_into(row(page, "preparation", 1, "tau_s"), "5, 50")
    steps.cards[1].buttons["↓"].click()
    assert page.document()["preparation"][2] == {"step": "ema", "tau_s": [5, 50]}
    steps.cards[2].buttons["✕"].click()
    assert kinds() == ["resample", "pre_roll", "normalise"]


def test_steps_for_a_common_need_bring_their_inputs(page: NewJobPage, until: Until, cells: Cells) -> None:
    page.open({"data": cells})
    preset = next(one for one in _step_presets() if one.name == "filtered_current")
    page.sections.take_steps(preset)
    assert page.document()["signals"]["features"] == list(preset.features)
    until(lambda: page.summary.models.text() == "Makes 1 model")
    assert validate_job(page.document())


def _step_presets() -> Any:
    from vestim_core.spec.preparation_presets import PRESETS

    return PRESETS


# --- presets, files


def test_a_preset_fills_in_everything_but_the_data_and_can_be_undone(
    page: NewJobPage, ctx: Context, until: Until, cells: Cells
) -> None:
    page.open({"data": cells, "name": "mine"})
    type_into(rate(page), "0.02")
    before = page.document()
    toasts = said(ctx)
    until(lambda: page.presets.buttons)
    page.presets.buttons["soc_balanced"].click()
    assert page.document()["signals"]["target"] == "soc"
    assert (page.document()["data"], page.document()["name"]) == (cells, "mine")
    until(lambda: page.summary.models.text() == "Makes 2 models")
    assert page.presets.note.text().startswith("Balanced: ")
    assert f"Takes {preset_called('soc_balanced').takes}" in page.presets.note.text()
    (undo,) = toasts[-1].actions
    undo[1]()
    assert page.document() == before


@pytest.mark.parametrize("ending", [".toml", ".json"])
def test_a_document_is_written_and_opened_again(
    ending: str, page: NewJobPage, ctx: Context, tmp_path: Path, cells: Cells
) -> None:
    page.open({"data": cells, "name": "Grün", "model": [{"kind": "lstm", "sizes": "8,8; 4"}]})
    path = tmp_path / f"job{ending}"
    page.write_file(str(path))
    text = path.read_text(encoding="utf-8")
    written = json.loads(text) if ending == ".json" else tomllib.loads(text)
    assert written["model"] == [{"kind": "lstm", "sizes": [[8, 8], [4]]}]
    page.open({"name": "another"})
    page.open_file(str(path))
    assert page.document()["name"] == "Grün"
    assert row(page, "model", 0, "sizes").editor.value() == [[8, 8], [4]]
    assert page.document()["data"] == cells


def test_a_file_that_cannot_be_read_leaves_everything_as_it_is(page: NewJobPage, ctx: Context, tmp_path: Path) -> None:
    type_into(rate(page), "0.02")
    toasts = said(ctx)
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ", encoding="utf-8")
    page.open_file(str(broken))
    assert "is not valid TOML" in toasts[-1].text
    assert page.document()["training"][0]["learning_rate"] == 0.02
    page.write_file(str(tmp_path / "no" / "such" / "folder.toml"))
    assert "cannot be written" in toasts[-1].text


def test_hyperparameters_of_the_predecessor_are_opened_with_notes(
    page: NewJobPage, tmp_path: Path, until: Until
) -> None:
    former = tmp_path / "hyperparams.json"
    former.write_text(json.dumps({"MODEL_TYPE": "LSTM", "RNN_LAYER_SIZES": "16,16", "NUM_WORKERS": 4, "MAX_EPOCHS": 7}))
    page.open_file(str(former))
    until(lambda: page.notes.isVisible())
    assert page.document()["model"][0]["kind"] == "lstm"
    assert page.document()["training"][0]["max_epochs"] == 7
    assert "NUM_WORKERS: belongs to a way of loading data" in page.notes.list.text()


# --- drafts


def test_a_draft_survives_exactly_as_it_was_typed(
    page: NewJobPage, ctx: Context, service: Service, until: Until, qtbot: Any
) -> None:
    type_into(rate(page), "0.0050, fast")
    type_into(row(page, "name"), "  half a na")
    until(lambda: page.draft.saved and page.draft.job_id)
    kept = ctx.session.get(DRAFT, "")
    assert kept == page.draft.job_id
    again = NewJobPage(ctx)  # as after a kill
    qtbot.addWidget(again)
    again.open(None, kept)
    until(lambda: again.draft.job_id == kept)
    assert again.document() == page.document()
    assert row(again, "training", 0, "learning_rate").editor.core.text() == "0.0050, fast"  # type: ignore[attr-defined]
    assert row(again, "name").editor.core.text() == "  half a na"  # type: ignore[attr-defined]
    again.close_page()


def test_saving_waits_for_quiet_and_keeps_the_newest(page: NewJobPage, service: Service, until: Until) -> None:
    type_into(row(page, "name"), "a name with many letters")
    until(lambda: page.draft.saved and service.saves)
    assert service.saves <= 2
    assert service.drafts[page.draft.job_id]["name"] == "a name with many letters"
    assert len(service.drafts) == 1


def test_an_untouched_page_makes_no_draft(page: NewJobPage, service: Service, until: Until, qtbot: Any) -> None:
    until(lambda: page.summary.models.text() == "Makes 1 model")
    page.hide()
    page.open()
    assert not service.drafts


def test_what_is_typed_while_the_service_is_away_is_saved_when_it_is_back(
    page: NewJobPage, fake_link: FakeLink, service: Service, until: Until
) -> None:
    fake_link.disconnect_service()
    until(lambda: not fake_link.state.current)
    type_into(row(page, "name"), "offline")
    until(lambda: page.summary.saved.text() == "Saved as soon as the service answers again.")
    assert not service.drafts
    fake_link.reconnect_service()
    until(lambda: [one["name"] for one in service.drafts.values()] == ["offline"])


def test_what_the_service_never_got_is_there_when_the_window_comes_back(
    page: NewJobPage, ctx: Context, fake_link: FakeLink, service: Service, until: Until, qtbot: Any
) -> None:
    type_into(row(page, "name"), "saved")
    until(lambda: page.draft.saved and page.draft.job_id)
    fake_link.disconnect_service()
    until(lambda: not fake_link.state.current)
    type_into(row(page, "name"), "typed in vain?")
    kept = page.draft.job_id
    page.draft.become(kept)  # the window is gone: nobody saves
    fake_link.held.clear()
    fake_link.reconnect_service()
    again = NewJobPage(ctx)
    qtbot.addWidget(again)
    again.open(None, kept)
    until(lambda: [one["name"] for one in service.drafts.values()] == ["typed in vain?"])
    assert again.document()["name"] == "typed in vain?"
    until(lambda: ctx.session.get(UNSAVED, {}) == {})
    again.close_page()


def test_a_draft_that_was_started_elsewhere_goes_on_as_another(
    page: NewJobPage, ctx: Context, service: Service, fake_link: FakeLink, until: Until
) -> None:
    type_into(row(page, "name"), "one")
    until(lambda: page.draft.saved and page.draft.job_id)
    first, toasts = page.draft.job_id, said(ctx)
    service.refuse_saves()
    type_into(row(page, "name"), "two")
    until(lambda: toasts)
    fake_link.handlers["save_draft"] = service.save_draft
    assert "started elsewhere" in toasts[-1].text
    until(lambda: page.draft.job_id not in ("", first) and page.draft.saved)
    assert service.drafts[page.draft.job_id]["name"] == "two"


def test_discarding_can_be_undone(page: NewJobPage, ctx: Context, service: Service, until: Until) -> None:
    type_into(row(page, "name"), "precious")
    until(lambda: page.draft.saved and page.draft.job_id)
    toasts = said(ctx)
    page.summary.discard_button.click()
    until(lambda: not service.drafts)
    assert "name" not in page.document()
    assert ctx.session.get(DRAFT, "") == ""
    toasts[-1].actions[0][1]()
    until(lambda: [one["name"] for one in service.drafts.values()] == ["precious"])


# --- start


def test_start_names_the_field_that_stops_it_and_goes_there(page: NewJobPage, until: Until) -> None:
    page.summary.start_button.click()
    assert page.summary.message.text() == "Not started. Training files: Is missing."
    assert page.sections.data.note.property("kind") == "muted", "what is still to come is not wrong"
    assert QApplication.focusWidget() is page.sections.data.add_buttons["train"]
    links = [made for made in page.summary.stop_buttons if isinstance(made, StopLink)]
    assert [link.button.accessibleName() for link in links] == [
        "Training files: Is missing.",
        "Validation files: Is missing.",
    ]
    links[1].button.click()
    assert QApplication.focusWidget() is page.sections.data.add_buttons["validation"]


def test_start_goes_to_the_first_field_that_is_wrong(page: NewJobPage, until: Until, cells: Cells) -> None:
    ready(page, until, cells)
    type_into(row(page, "training", 0, "patience"), "0")
    page.start()
    assert page.summary.message.text().startswith("Not started. Training 1, Patience: Should be greater than")
    assert QApplication.focusWidget() is row(page, "training", 0, "patience").editor.core


def test_a_job_is_started_with_values_and_opens(
    page: NewJobPage, ctx: Context, service: Service, until: Until, cells: Cells
) -> None:
    opened: list[str] = []
    tabs: list[str] = []
    ctx.navigate.open_job.connect(lambda job_id, tab: opened.append(job_id))
    ctx.navigate.open_job.connect(lambda job_id, tab: tabs.append(tab))
    ready(page, until, cells)
    type_into(rate(page), "0.0050")
    draft = page.draft.job_id
    page.start()
    assert page.summary.start_button.text() == "Starting..."
    assert not page.summary.start_button.isEnabled()
    until(lambda: opened)
    assert opened == [draft]
    assert tabs == ["overview"]
    assert service.started[0]["training"][0]["learning_rate"] == 0.005
    assert page.draft.job_id == "", "the page is free for the next job"
    assert page.document()["training"] == [{"method": "streams"}]
    assert ctx.session.get(DRAFT, "") == ""


def test_a_refusal_is_told_in_words_and_at_its_field(
    page: NewJobPage, fake_link: FakeLink, until: Until, cells: Cells
) -> None:
    from vestim_core.spec.errors import ErrorCode, VestimError

    ready(page, until, cells)

    def start(job_id: str) -> Any:
        found = {"place": "training[1].threads", "sentence": "training.threads is 9, but this machine has 2 cores"}
        raise VestimError(ErrorCode.WRONG_INPUT, found["sentence"], problems=(found,))

    fake_link.handlers["start"] = start
    page.start()
    until(lambda: page.summary.message.text().startswith("Not started: training.threads is 9"))
    assert "this machine has 2 cores" in row(page, "training", 0, "threads").note.text()
    assert page.summary.start_button.isEnabled()


def test_start_has_a_key(page: NewJobPage, ctx: Context) -> None:
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert page.summary.message.text().startswith("Not started.")


# --- the look


def test_estimate_is_shown_as_it_becomes_known(page: NewJobPage, until: Until, cells: Cells) -> None:
    until(lambda: page.summary.parameters.text() == "4,769")
    assert page.summary.time.text() == "no estimate yet"
    assert page.summary.basis.text() == "No estimate yet: no LSTM of this size has been trained here."
    ready(page, until, cells)
    until(lambda: page.summary.data.text() == "3 files, 6 min 39 s to train on")


def test_in_a_small_window_nothing_is_cut_off(page: NewJobPage, qtbot: Any) -> None:
    page.resize(630, 420)
    QApplication.processEvents()
    assert page._scroll.horizontalScrollBar().maximum() == 0  # type: ignore[union-attr]
    assert page.summary.start_button.isVisible()
    assert page.summary.start_button.mapTo(page, page.summary.start_button.rect().bottomRight()).x() <= 630


def test_every_editor_has_a_name_and_can_be_reached_by_tab(page: NewJobPage) -> None:
    for line in page.findChildren(FieldRow):
        core = line.editor.core
        assert core.accessibleName()
        assert core.focusPolicy() & Qt.FocusPolicy.TabFocus
    for made in page.findChildren(QPushButton):
        assert made.text().strip() and (made.accessibleName() or len(made.text()) > 1)
