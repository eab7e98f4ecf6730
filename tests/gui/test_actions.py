"""The table of actions: no duplicate keys, visible only with a handler, handled by the object with the focus."""

from __future__ import annotations

from collections import Counter

import pytest
from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from vestim_gui.actions import TABLE, Actions, ShortcutScope
from vestim_gui.theme.theme import Theme


@pytest.fixture
def actions(qtbot: QtBot, theme: Theme) -> Actions:
    return Actions(theme)


def test_ids_and_keys_are_unique() -> None:
    ids = Counter(spec.id for spec in TABLE)
    keys = Counter(key.toString() for spec in TABLE for key in spec.keys)
    assert [name for name, times in (ids + keys).items() if times > 1] == []
    assert "" not in keys, "a key that Qt does not know"


def test_the_keys_of_the_product_description_exist() -> None:
    keys_by_id = {
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
    assert {name: table[name].keys[0].toString() for name in keys_by_id} == keys_by_id
    assert [key.toString() for key in table["jobs.filter"].keys] == ["Ctrl+F", "/"]


def test_an_action_without_handler_is_hidden(actions: Actions, qtbot: QtBot) -> None:
    owner = QObject()
    actions.add_handler("job.new", lambda: None, owner)
    assert actions.action("job.new").isVisible() and not actions.action("job.stop").isVisible()
    owner.deleteLater()
    qtbot.waitUntil(lambda: not actions.has_handler("job.new"))
    assert not actions.action("job.new").isVisible()
    actions.action("job.new").trigger()  # without a handler nothing happens


def test_the_focused_handler_runs_else_the_last_visible_one(actions: Actions, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout, handled = QVBoxLayout(window), []
    plots = [QLineEdit(), QLineEdit(), QLineEdit()]
    for index, plot in enumerate(plots):
        layout.addWidget(plot)
        actions.add_handler("plot.save", lambda index=index: handled.append(index), plot)
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
    assert handled == [0, 2, 1]


def test_text_fields_keep_letters_and_buttons_keep_space(actions: Actions, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout, handled = QVBoxLayout(window), []
    plot, field, button = QWidget(), QLineEdit(), QPushButton("Start")
    plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.clicked.connect(lambda: handled.append("button"))
    for widget in (plot, field, button):
        layout.addWidget(widget)
    actions.add_handler("plot.log", lambda: handled.append("log"), plot)
    actions.add_handler("job.pause", lambda: handled.append("pause"), plot)
    actions.add_handler("jobs.filter", lambda: handled.append("filter"), plot)
    actions.attach(ShortcutScope.PLOT, plot)
    actions.attach(ShortcutScope.LIST, plot)
    actions.attach(ShortcutScope.WINDOW, window)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    for widget, keys in ((field, "l/ "), (button, " "), (plot, "l /")):
        widget.setFocus()
        qtbot.waitUntil(widget.hasFocus)
        qtbot.keyClicks(widget, keys)
    assert field.text() == "l/ "
    assert handled == ["button", "log", "pause", "filter"]


def test_tool_tips_name_the_key(actions: Actions) -> None:
    keys = QKeySequence("Ctrl+N").toString(QKeySequence.SequenceFormat.NativeText)
    assert actions.tooltip("job.new") == f"New job ({keys})"
    assert actions.tooltip("help.about") == "About Vestim"
