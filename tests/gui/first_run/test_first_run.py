"""First run: the demo in one click, notes that are shown once, and errors."""

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
from vestim_gui.first_run import coach as coach_module
from vestim_gui.first_run.closing_note import outcome
from vestim_gui.first_run.demo_run import DEMO_JOB_KEY
from vestim_gui.first_run.empty_state import EmptyState
from vestim_gui.first_run.note_card import NoteCard

DEMO = {"spec": {"name": "Demo"}, "folder": "/demo", "defective": "/demo/x.csv", "generated": True}
JOB_ID = "job_20260101-120000-demo"
WaitUntil = Callable[[Callable[[], Any]], None]


@pytest.fixture
def wait_until(qtbot: QtBot) -> WaitUntil:
    def wait(condition: Callable[[], Any]) -> None:
        qtbot.waitUntil(lambda: bool(condition()))

    return wait


@pytest.fixture
def window(ctx: Context, fake_link: FakeLink, qtbot: QtBot, monkeypatch: Any) -> Iterator[QWidget]:
    """A window with the empty state, tabs and a button as targets; its daemon generates the demo."""
    monkeypatch.setattr(coach_module, "DELAY_MS", 0)
    fake_link.handlers |= {
        "generate_demo": lambda: DEMO,
        "submit": lambda spec: {"job_id": JOB_ID, "state": "queued", "task_count": 6, "trial_count": 2},
    }
    window_widget = QWidget()
    window_widget.empty = EmptyState(ctx)  # type: ignore[attr-defined]
    layout = QVBoxLayout(window_widget)
    tabs, new = QTabWidget(), QPushButton("New job   Ctrl+N")
    tabs.addTab(QLabel("Overview"), "Overview")
    new.setAccessibleName("New job")
    for widget in (new, tabs, window_widget.empty):  # type: ignore[attr-defined]
        layout.addWidget(widget)
    qtbot.addWidget(window_widget)
    window_widget.resize(1000, 700)
    window_widget.show()
    ctx.link.start()
    yield window_widget
    for card in window_widget.findChildren(NoteCard):
        card.close_card()


def empty_of(window: QWidget) -> EmptyState:
    (empty,) = window.findChildren(EmptyState)
    return empty


def test_one_click_starts_the_demo_and_opens_its_job(
    window: QWidget, ctx: Context, fake_link: FakeLink, wait_until: WaitUntil
) -> None:
    empty, messages, opened = empty_of(window), [], []
    empty.demo.progress_changed.connect(lambda text, fraction: messages.append(text))
    ctx.navigate.open_job.connect(lambda job_id, tab: opened.append((job_id, tab)))
    empty.train_button.click()
    assert messages[0] == "Looking for the demo data, or generating them..."
    assert empty.progress.isVisible()
    assert not empty.train_button.isEnabled(), "a second click changes nothing"
    empty.demo.start()
    wait_until(lambda: opened)
    assert opened == [(JOB_ID, "overview")]
    assert [name for name, _ in fake_link.calls if name in ("generate_demo", "submit")] == ["generate_demo", "submit"]
    assert fake_link.calls[-1] == ("submit", {"spec": DEMO["spec"]})
    assert "Reading..." in messages
    assert ctx.session.get(DEMO_JOB_KEY, "") == JOB_ID
    assert not empty.progress.isVisible()


def test_errors_are_shown_below_the_buttons(window: QWidget, fake_link: FakeLink, wait_until: WaitUntil) -> None:
    def refuse() -> Any:
        raise VestimError(ErrorCode.WRONG_INPUT, "the demo data cannot be written to '/demo': make room or give access")

    fake_link.handlers["generate_demo"] = refuse
    empty = empty_of(window)
    empty.train_button.click()
    wait_until(lambda: empty.note.isVisible())
    assert empty.note.text().startswith("The demo data cannot be written")
    assert empty.train_button.isEnabled()


def test_a_click_before_the_daemon_runs_shows_the_link_state(
    ctx: Context, fake_link: FakeLink, qtbot: QtBot, wait_until: WaitUntil
) -> None:
    fake_link.handlers |= {"generate_demo": lambda: DEMO, "submit": lambda spec: {"job_id": JOB_ID}}
    empty = EmptyState(ctx)
    qtbot.addWidget(empty)
    empty.show()
    empty.train_button.click()
    assert empty.progress.text == "Starting the background service..."
    ctx.link.start()
    wait_until(lambda: not empty.progress.isVisible())
    assert ctx.session.get(DEMO_JOB_KEY, "") == JOB_ID


def test_a_button_opens_own_data(window: QWidget, ctx: Context) -> None:
    requests: list[None] = []
    ctx.actions.add_handler("data.open", lambda: requests.append(None), window)
    empty_of(window).open_button.click()
    assert requests


def test_a_button_imports_legacy_jobs(window: QWidget, ctx: Context) -> None:
    requests: list[None] = []
    ctx.actions.add_handler("job.import", lambda: requests.append(None), window)
    empty_of(window).import_button.click()
    assert requests


# --- when the demo is done


def finish(link: FakeLink, state: str = "done", **fields: Any) -> None:
    best = {"task_id": "test_001", "title": "LSTM 24", "metric": "rmse_mV", "value": 7.76}
    circuit = {"metric": "rmse_mV", "value": 25.3}
    link.add_job(summary(JOB_ID, state=state, best=best, baseline=circuit, **fields))


def test_the_result_of_the_demo_is_shown_once_with_two_next_steps(
    window: QWidget, ctx: Context, fake_link: FakeLink, wait_until: WaitUntil
) -> None:
    note = empty_of(window).closing_note
    ctx.session.put(DEMO_JOB_KEY, JOB_ID)
    fake_link.add_job(summary(JOB_ID, state="running"))
    wait_until(lambda: ctx.jobs.row(JOB_ID))
    QApplication.processEvents()
    assert note.card is None
    finish(fake_link)
    wait_until(lambda: note.card is not None)
    assert note.card is not None
    assert note.card.text_label.text() == (
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
    assert note.card is None, "shown only once"


def test_the_closing_note_opens_a_new_job_and_closes_with_escape(
    window: QWidget, ctx: Context, fake_link: FakeLink, wait_until: WaitUntil
) -> None:
    note = empty_of(window).closing_note
    ctx.session.put(DEMO_JOB_KEY, JOB_ID)
    finish(fake_link)
    wait_until(lambda: note.card is not None)
    assert note.card is not None
    QTest.keyClick(note.card, Qt.Key.Key_Escape)
    assert note.card is None
    ctx.session.put(DEMO_JOB_KEY, JOB_ID)
    finish(fake_link)
    wait_until(lambda: note.card is not None)
    requests: list[Any] = []
    ctx.navigate.new_job.connect(lambda document, draft: requests.append((document, draft)))
    note.card.buttons[1].click()
    assert requests == [(None, "")]


def test_a_failed_demo_shows_no_closing_note(
    window: QWidget, ctx: Context, fake_link: FakeLink, wait_until: WaitUntil
) -> None:
    ctx.session.put(DEMO_JOB_KEY, JOB_ID)
    finish(fake_link, state="failed")
    wait_until(lambda: ctx.session.get(DEMO_JOB_KEY, "") == "")
    assert empty_of(window).closing_note.card is None


def test_outcome_sentences() -> None:
    best, circuit = {"metric": "rmse_mV", "value": 10.0}, {"metric": "rmse_mV", "value": 8.0}
    assert outcome({"best": None, "baseline": None}) == "Its models are trained and tested."
    assert outcome({"best": best}).endswith("has never seen.")
    assert "25 % more than the equivalent circuit" in outcome({"best": best, "baseline": circuit})


# --- coach marks


def test_coach_marks_are_shown_in_sequence_and_only_once(window: QWidget, ctx: Context, wait_until: WaitUntil) -> None:
    coach = empty_of(window).coach
    coach._timer.setInterval(0)
    ctx.navigate.open_job.emit(JOB_ID, "")
    wait_until(lambda: coach.card is not None)
    assert coach.card is not None
    assert coach.card.heading.text() == "Is it good?", "there is no list to point at"
    assert QApplication.focusWidget() is coach.card.buttons[0]
    QTest.keyClick(coach.card.buttons[0], Qt.Key.Key_Space)
    assert coach.card.heading.text() == "Your own data"
    QTest.keyClick(coach.card, Qt.Key.Key_Escape)
    assert coach.card is None
    assert set(ctx.settings.value.coach_seen) == {mark.key for mark in coach_module.COACH_MARKS}
    ctx.navigate.open_job.emit(JOB_ID, "")
    QApplication.processEvents()
    assert coach.card is None


def test_a_note_stays_inside_the_window(window: QWidget, ctx: Context, wait_until: WaitUntil) -> None:
    coach = empty_of(window).coach
    coach.show_next()
    assert coach.card is not None
    for size in ((1000, 700), (420, 360)):
        window.resize(*size)
        QApplication.processEvents()
        assert window.rect().contains(coach.card.geometry())
    label = coach.card.text_label
    assert label.heightForWidth(label.width()) <= label.height()
    coach.skip_all()


def test_notes_are_shown_one_at_a_time_and_only_beside_their_target(
    window: QWidget, ctx: Context, fake_link: FakeLink, wait_until: WaitUntil
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
    ctx.session.put(DEMO_JOB_KEY, JOB_ID)
    finish(fake_link)
    wait_until(lambda: note.card is not None)
    assert coach.card is None
    coach.show_next()
    assert coach.card is None, "the result of the demo comes first"
    assert window.findChildren(NoteCard) == [note.card]


def test_a_note_never_takes_the_focus_from_text_input(
    window: QWidget, ctx: Context, fake_link: FakeLink, wait_until: WaitUntil
) -> None:
    field = QLineEdit(window)
    field.show()
    field.setFocus()
    wait_until(field.hasFocus)
    ctx.session.put(DEMO_JOB_KEY, JOB_ID)
    finish(fake_link)
    note = empty_of(window).closing_note
    wait_until(lambda: note.card is not None)
    assert field.hasFocus()
