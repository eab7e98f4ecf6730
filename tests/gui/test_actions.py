"""The table of actions: no key twice, shown only where answered, answered by whoever has the focus."""

from __future__ import annotations

from collections import Counter

import pytest
from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from vestim_gui.actions import TABLE, Actions, Where
from vestim_gui.theme.theme import Theme


@pytest.fixture
def actions(qtbot: QtBot, theme: Theme) -> Actions:
    return Actions(theme)


def test_no_two_share_an_id_or_a_key() -> None:
    ids = Counter(spec.id for spec in TABLE)
    keys = Counter(key.toString() for spec in TABLE for key in spec.keys)
    assert [name for name, times in (ids + keys).items() if times > 1] == []
    assert "" not in keys, "a key that Qt does not know"


def test_keys_that_product_names_are_there() -> None:
    wanted = {
        "job.new": "Ctrl+N",
        "data.open": "Ctrl+O",
        "page.jobs": "Ctrl+1",
        "tab.overview": "Alt+1",
        "palette": "Ctrl+K",
        "job.stop": "Ctrl+.",
        "job.pause": "Space",
        "job.duplicate": "Ctrl+D",
        "job.rename": "F2",
        "job.archive": "Del",
        "jobs.undo": "Ctrl+Z",
        "plot.log": "L",
        "plot.smooth": "S",
        "plot.home": "Home",
        "plot.save": "Ctrl+S",
        "plot.copy": "Ctrl+C",
        "plot.grid": "G",
        "plot.pop_out": "F11",
        "help.shortcuts": "F1",
        "page.settings": "Ctrl+,",
        "quit": "Ctrl+Q",
    }
    table = {spec.id: spec for spec in TABLE}
    assert {name: table[name].keys[0].toString() for name in wanted} == wanted
    assert [key.toString() for key in table["jobs.filter"].keys] == ["Ctrl+F", "/"]


def test_what_nobody_answers_is_not_shown(actions: Actions, qtbot: QtBot) -> None:
    owner = QObject()
    actions.on("job.new", lambda: None, owner)
    assert actions.action("job.new").isVisible() and not actions.action("job.stop").isVisible()
    owner.deleteLater()
    qtbot.waitUntil(lambda: not actions.answered("job.new"))
    assert not actions.action("job.new").isVisible()
    actions.action("job.new").trigger()  # nobody is there: nothing happens


def test_the_one_with_the_focus_answers_else_the_last_that_can_be_seen(actions: Actions, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout, told = QVBoxLayout(window), []
    plots = [QLineEdit(), QLineEdit(), QLineEdit()]
    for place, plot in enumerate(plots):
        layout.addWidget(plot)
        actions.on("plot.save", lambda place=place: told.append(place), plot)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    plots[0].setFocus()
    qtbot.waitUntil(plots[0].hasFocus)
    actions.action("plot.save").trigger()
    plots[0].clearFocus()
    actions.action("plot.save").trigger()
    plots[2].hide()
    actions.action("plot.save").trigger()
    assert told == [0, 2, 1]


def test_letters_stay_letters_in_a_field_and_space_stays_a_button_s(actions: Actions, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout, told = QVBoxLayout(window), []
    plot, field, button = QWidget(), QLineEdit(), QPushButton("Start")
    plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.clicked.connect(lambda: told.append("button"))
    for widget in (plot, field, button):
        layout.addWidget(widget)
    actions.on("plot.log", lambda: told.append("log"), plot)
    actions.on("job.pause", lambda: told.append("pause"), plot)
    actions.on("jobs.filter", lambda: told.append("filter"), plot)
    actions.attach(Where.PLOT, plot)
    actions.attach(Where.LIST, plot)
    actions.attach(Where.WINDOW, window)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    for widget, keys in ((field, "l/ "), (button, " "), (plot, "l /")):
        widget.setFocus()
        qtbot.waitUntil(widget.hasFocus)
        qtbot.keyClicks(widget, keys)
    assert field.text() == "l/ "
    assert told == ["button", "log", "pause", "filter"]


def test_tool_tips_name_the_key(actions: Actions) -> None:
    keys = QKeySequence("Ctrl+N").toString(QKeySequence.SequenceFormat.NativeText)
    assert actions.hint("job.new") == f"New job ({keys})"
    assert actions.hint("help.about") == "About Vestim"
