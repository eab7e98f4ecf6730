"""The first minutes: the demo in one click, notes that come once, and what is said when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QTabWidget, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, summary
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_gui.context import Context
from vestim_gui.first_run import coach as coaching
from vestim_gui.first_run.closing_note import outcome
from vestim_gui.first_run.demo import JOB
from vestim_gui.first_run.empty import EmptyState
from vestim_gui.first_run.note_card import NoteCard

DEMO = {"spec": {"name": "Demo"}, "folder": "/demo", "defective": "/demo/x.csv", "generated": True}
JOB_ID = "job_20260101-120000-demo"
Until = Callable[[Callable[[], Any]], None]


@pytest.fixture
def until(qtbot: QtBot) -> Until:
    def wait(condition: Callable[[], Any]) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=10_000)

    return wait


@pytest.fixture
def window(ctx: Context, fake_link: FakeLink, qtbot: QtBot, monkeypatch: Any) -> Iterator[QWidget]:
    """A window with the empty state, tabs and a button to point at; its service makes the demo."""
    monkeypatch.setattr(coaching, "AFTER_MS", 0)
    fake_link.handlers |= {
        "generate_demo": lambda: DEMO,
        "submit": lambda spec: {"job_id": JOB_ID, "state": "queued", "task_count": 6, "trial_count": 2},
    }
    shown = QWidget()
    shown.empty = EmptyState(ctx)  # type: ignore[attr-defined]
    layout = QVBoxLayout(shown)
    tabs, new = QTabWidget(), QPushButton("New job   Ctrl+N")
    tabs.addTab(QLabel("Overview"), "Overview")
    new.setAccessibleName("New job")
    for widget in (new, tabs, shown.empty):  # type: ignore[attr-defined]
        layout.addWidget(widget)
    qtbot.addWidget(shown)
    shown.resize(1000, 700)
    shown.show()
    ctx.link.start()
    yield shown
    for card in shown.findChildren(NoteCard):
        card.close_card()


def empty_of(window: QWidget) -> EmptyState:
    (found,) = window.findChildren(EmptyState)
    return found


def test_the_demo_starts_with_one_click_and_opens(
    window: QWidget, ctx: Context, fake_link: FakeLink, until: Until
) -> None:
    empty, words, opened = empty_of(window), [], []
    empty.demo.told.connect(lambda text, fraction: words.append(text))
    ctx.navigate.open_job.connect(lambda job_id, tab: opened.append((job_id, tab)))
    empty.train.click()
    assert words[0] == "Looking for the demo data, or generating them..."
    assert empty.progress.isVisible()
    assert not empty.train.isEnabled(), "a second click changes nothing"
    empty.demo.start()
    until(lambda: opened)
    assert opened == [(JOB_ID, "overview")]
    assert [name for name, _ in fake_link.calls if name in ("generate_demo", "submit")] == ["generate_demo", "submit"]
    assert fake_link.calls[-1] == ("submit", {"spec": DEMO["spec"]})
    assert "Reading..." in words
    assert ctx.session.get(JOB, "") == JOB_ID
    assert not empty.progress.isVisible()


def test_what_goes_wrong_stands_under_the_buttons(window: QWidget, fake_link: FakeLink, until: Until) -> None:
    def refuse() -> Any:
        raise VestimError(ErrorCode.WRONG_INPUT, "the demo data cannot be written to '/demo': make room or give access")

    fake_link.handlers["generate_demo"] = refuse
    empty = empty_of(window)
    empty.train.click()
    until(lambda: empty.note.isVisible())
    assert empty.note.text().startswith("The demo data cannot be written")
    assert empty.train.isEnabled()


def test_a_click_before_the_service_is_there_says_what_it_waits_for(
    ctx: Context, fake_link: FakeLink, qtbot: QtBot, until: Until
) -> None:
    fake_link.handlers |= {"generate_demo": lambda: DEMO, "submit": lambda spec: {"job_id": JOB_ID}}
    empty = EmptyState(ctx)
    qtbot.addWidget(empty)
    empty.show()
    empty.train.click()
    assert empty.progress.words == "Starting the background service..."
    ctx.link.start()
    until(lambda: not empty.progress.isVisible())
    assert ctx.session.get(JOB, "") == JOB_ID


def test_my_own_data_are_one_button_away(window: QWidget, ctx: Context) -> None:
    asked: list[None] = []
    ctx.actions.on("data.open", lambda: asked.append(None), window)
    empty_of(window).open.click()
    assert asked


def test_jobs_of_the_former_program_are_one_button_away(window: QWidget, ctx: Context) -> None:
    asked: list[None] = []
    ctx.actions.on("job.import", lambda: asked.append(None), window)
    empty_of(window).bring.click()
    assert asked


# --- when the demo is done


def finish(link: FakeLink, state: str = "done", **more: Any) -> None:
    best = {"task_id": "test_001", "title": "LSTM 24", "metric": "rmse_mV", "value": 7.76}
    circuit = {"metric": "rmse_mV", "value": 25.3}
    link.add_job(summary(JOB_ID, state=state, best=best, baseline=circuit, **more))


def test_the_end_of_the_demo_is_told_once_with_two_ways_on(
    window: QWidget, ctx: Context, fake_link: FakeLink, until: Until
) -> None:
    note = empty_of(window).closing_note
    ctx.session.put(JOB, JOB_ID)
    fake_link.add_job(summary(JOB_ID, state="running"))
    until(lambda: ctx.jobs.row(JOB_ID))
    QApplication.processEvents()
    assert note.card is None
    finish(fake_link)
    until(lambda: note.card is not None)
    assert note.card is not None
    assert note.card.sentence.text() == (
        "The best network errs by 7.76 mV (RMSE) on a drive that it has never seen, 69 % less than the equivalent "
        "circuit (25.3 mV)."
    )
    assert [button.text() for button in note.card.buttons] == ["See where it errs", "Try your own data"]
    opened: list[Any] = []
    ctx.navigate.open_job.connect(lambda job_id, tab: opened.append((job_id, tab)))
    note.card.buttons[0].click()
    assert opened == [(JOB_ID, "predictions")]
    assert note.card is None
    finish(fake_link, note="again")
    QApplication.processEvents()
    assert note.card is None, "told once"


def test_the_note_leads_to_ones_own_data_and_goes_with_escape(
    window: QWidget, ctx: Context, fake_link: FakeLink, until: Until
) -> None:
    note = empty_of(window).closing_note
    ctx.session.put(JOB, JOB_ID)
    finish(fake_link)
    until(lambda: note.card is not None)
    assert note.card is not None
    QTest.keyClick(note.card, Qt.Key.Key_Escape)
    assert note.card is None
    ctx.session.put(JOB, JOB_ID)
    finish(fake_link)
    until(lambda: note.card is not None)
    asked: list[Any] = []
    ctx.navigate.new_job.connect(lambda document, draft: asked.append((document, draft)))
    note.card.buttons[1].click()
    assert asked == [(None, "")]


def test_a_demo_that_failed_is_not_praised(window: QWidget, ctx: Context, fake_link: FakeLink, until: Until) -> None:
    ctx.session.put(JOB, JOB_ID)
    finish(fake_link, state="failed")
    until(lambda: ctx.session.get(JOB, "") == "")
    assert empty_of(window).closing_note.card is None


def test_outcomes_in_words() -> None:
    best, circuit = {"metric": "rmse_mV", "value": 10.0}, {"metric": "rmse_mV", "value": 8.0}
    assert outcome({"best": None, "baseline": None}) == "Its models are trained and tested."
    assert outcome({"best": best}).endswith("has never seen.")
    assert "25 % more than the equivalent circuit" in outcome({"best": best, "baseline": circuit})


# --- coach marks


def test_coach_marks_come_one_after_the_other_once_in_a_life(window: QWidget, ctx: Context, until: Until) -> None:
    coach = empty_of(window).coach
    coach._soon.setInterval(0)
    ctx.navigate.open_job.emit(JOB_ID, "")
    until(lambda: coach.card is not None)
    assert coach.card is not None
    assert coach.card.heading.text() == "Is it good?", "there is no list here to point at"
    assert QApplication.focusWidget() is coach.card.buttons[0]
    QTest.keyClick(coach.card.buttons[0], Qt.Key.Key_Space)
    assert coach.card.heading.text() == "Your own data"
    QTest.keyClick(coach.card, Qt.Key.Key_Escape)
    assert coach.card is None
    assert set(ctx.settings.value.coach_seen) == {mark.key for mark in coaching.MARKS}
    ctx.navigate.open_job.emit(JOB_ID, "")
    QApplication.processEvents()
    assert coach.card is None


def test_a_note_stays_inside_the_window(window: QWidget, ctx: Context, until: Until) -> None:
    coach = empty_of(window).coach
    coach.show_next()
    assert coach.card is not None
    for size in ((1000, 700), (420, 360)):
        window.resize(*size)
        QApplication.processEvents()
        assert window.rect().contains(coach.card.geometry())
    words = coach.card.sentence
    assert words.heightForWidth(words.width()) <= words.height()
    coach.skip()


def test_notes_come_one_at_a_time_and_only_beside_what_they_are_about(
    window: QWidget, ctx: Context, fake_link: FakeLink, until: Until
) -> None:
    coach, note = empty_of(window).coach, empty_of(window).closing_note
    coach.show_next()
    assert coach.card is not None
    tabs = window.findChild(QTabWidget)
    assert tabs is not None
    tabs.hide()
    assert not coach.card.isVisible(), "another page is open"
    tabs.show()
    assert coach.card.isVisible()
    ctx.session.put(JOB, JOB_ID)
    finish(fake_link)
    until(lambda: note.card is not None)
    assert coach.card is None
    coach.show_next()
    assert coach.card is None, "the end of the demo is told first"
    assert window.findChildren(NoteCard) == [note.card]


def test_a_note_takes_no_keys_from_who_types(window: QWidget, ctx: Context, fake_link: FakeLink, until: Until) -> None:
    field = QLineEdit(window)
    field.show()
    field.setFocus()
    until(field.hasFocus)
    ctx.session.put(JOB, JOB_ID)
    finish(fake_link)
    note = empty_of(window).closing_note
    until(lambda: note.card is not None)
    assert field.hasFocus()
