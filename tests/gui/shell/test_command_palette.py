"""The palette, the list of shortcuts and the About dialog: made from the table of actions, usable by keyboard alone."""

from __future__ import annotations

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, summary
from tests.gui.shell.conftest import RecordingPage
from vestim_gui.actions import ShortcutScope
from vestim_gui.context import Context
from vestim_gui.shell.about_dialog import TERMS, AboutDialog, versions
from vestim_gui.shell.main_window import MainWindow
from vestim_gui.shell.shortcuts_dialog import ShortcutsDialog, active_shortcuts, field_help


def test_a_command_by_a_few_letters(window: MainWindow, qtbot: QtBot) -> None:
    page = window.page("jobs")
    assert isinstance(page, RecordingPage)
    page.field.setFocus()
    qtbot.keyClick(page.field, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = window.command_palette
    assert palette.isVisible()
    qtbot.waitUntil(palette.query.hasFocus)
    qtbot.keyClicks(palette.query, "sett")
    assert palette.visible_texts()[0] == "Settings"
    qtbot.keyClick(palette.query, Qt.Key.Key_Return)
    assert not palette.isVisible() and window.page_name == "settings"


def test_escape_gives_the_focus_back(window: MainWindow, qtbot: QtBot) -> None:
    page = window.page("jobs")
    assert isinstance(page, RecordingPage)
    page.field.setFocus()
    qtbot.waitUntil(page.field.hasFocus)
    window.command_palette.open()
    qtbot.keyClicks(window.command_palette.query, "xyzzy")
    assert window.command_palette.visible_texts() == []
    qtbot.keyClick(window.command_palette.query, Qt.Key.Key_Return)
    qtbot.keyClick(window.command_palette.query, Qt.Key.Key_Escape)
    assert not window.command_palette.isVisible()
    qtbot.waitUntil(page.field.hasFocus)


def test_a_click_outside_closes_it(window: MainWindow, qtbot: QtBot) -> None:
    window.command_palette.open()
    qtbot.mouseClick(window.command_palette, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert window.command_palette.isVisible()
    qtbot.mouseClick(window.rail, Qt.MouseButton.LeftButton, pos=QPoint(5, 300))
    assert not window.command_palette.isVisible()


def test_a_job_by_its_name_and_arrow_keys(window: MainWindow, live: Context, fake_link: FakeLink, qtbot: QtBot) -> None:
    for index in (1, 2):
        fake_link.add_job(summary(f"job_{index}", name=f"<b>Panasonic {index}</b>"))
    qtbot.waitUntil(lambda: len(live.jobs) == 2)
    palette = window.command_palette
    palette.open()
    qtbot.keyClicks(palette.query, "panasonic")
    assert palette.visible_texts() == ["<b>Panasonic 1</b>", "<b>Panasonic 2</b>"]
    palette.grab()
    qtbot.keyClick(palette.query, Qt.Key.Key_Down)
    with qtbot.waitSignal(live.navigate.open_job) as opened:
        qtbot.keyClick(palette.query, Qt.Key.Key_Return)
    assert opened.args == ["job_2", ""]


def test_only_enabled_commands_are_offered(window: MainWindow, live: Context, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not live.actions.action("service.restart").isEnabled())
    window.command_palette.open()
    texts = window.command_palette.visible_texts()
    assert "Restart the service" not in texts and "Smoothing" not in texts and "New job" in texts


def test_the_list_of_shortcuts_has_every_key_with_a_handler(window: MainWindow, ctx: Context, qtbot: QtBot) -> None:
    owner = QLineEdit()
    qtbot.addWidget(owner)
    ctx.actions.add_handler("plot.grid", lambda: None, owner)
    shortcuts = active_shortcuts(ctx.actions)
    assert [spec.id for spec, _ in shortcuts[ShortcutScope.PLOT]] == ["plot.grid"]
    assert {spec.id for specs in shortcuts.values() for spec, _ in specs} == {
        spec.id for spec in ctx.actions.specs() if spec.shortcut and ctx.actions.has_handler(spec.id)
    }
    qtbot.keyClick(window, Qt.Key.Key_F1)
    dialog = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, ShortcutsDialog))
    assert dialog.isVisible() and not dialog.isModal()
    dialog.close()


def test_help_of_the_field_in_use_comes_first(qtbot: QtBot) -> None:
    field = QLineEdit()
    qtbot.addWidget(field)
    field.setAccessibleName("Epochs")
    field.setAccessibleDescription("How often all data are seen.")
    assert field_help(field) == "Epochs: How often all data are seen."
    assert field_help(None) == ""


def test_about_names_versions_and_terms(qtbot: QtBot) -> None:
    version_by_part = versions()
    assert set(version_by_part) == {"Vestim", "Python", "Qt", "PyQt", "PyTorch", "System"} and all(
        version_by_part.values()
    )
    assert "GPL-3" in TERMS and "\n" not in TERMS
    dialog = AboutDialog()
    dialog.show()
    dialog._copy()
    clipboard = QApplication.clipboard()
    assert clipboard is not None and f"Vestim {version_by_part['Vestim']}" in clipboard.text()
    dialog.close()
