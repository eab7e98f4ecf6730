"""The theme: user's or system's choice, applied to palette and style sheet, with icons in its colors."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QIcon, QPalette
from PyQt6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from vestim_gui.actions import TABLE
from vestim_gui.theme import icons
from vestim_gui.theme.style import set_kind, style_sheet
from vestim_gui.theme.theme import Theme, _write_if_changed
from vestim_gui.theme.tokens import DARK, LIGHT


def test_another_choice_repaints_everything(qtbot: QtBot, qapp: QApplication, theme: Theme) -> None:
    with qtbot.waitSignal(theme.changed):
        theme.set_choice("dark")
    assert theme.tokens is DARK
    assert qapp.palette().color(QPalette.ColorRole.Window).name().upper() == DARK.window
    assert DARK.surface in qapp.styleSheet()
    with qtbot.assertNotEmitted(theme.changed):
        theme.set_choice("dark")
    theme.set_choice("light")
    assert theme.tokens is LIGHT


def test_an_unknown_choice_follows_the_system(theme: Theme) -> None:
    theme.set_choice("mauve")
    assert theme.choice == "system"
    theme.set_choice("light")


def test_theme_follows_changes_of_the_system(
    qtbot: QtBot, qapp: QApplication, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = qapp.styleHints()
    assert hints is not None
    theme.set_choice("system")
    monkeypatch.setattr(theme, "_scheme", lambda: Qt.ColorScheme.Dark)
    with qtbot.waitSignal(theme.changed):
        hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.tokens is DARK
    theme.set_choice("light")
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.tokens is LIGHT, "the system never overrules a user's choice"


def test_a_full_disk_costs_only_the_pictures(qapp: QApplication, theme: Theme, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _write_if_changed(tmp_path / "file" / "check.svg", b"<svg/>")
    assert not (tmp_path / "file" / "check.svg").exists()


def test_digits_have_equal_width(qapp: QApplication, theme: Theme) -> None:
    metrics = QPushButton().fontMetrics()
    assert len({metrics.horizontalAdvance(digit) for digit in "0123456789"}) == 1


@pytest.mark.parametrize("name", sorted({spec.icon for spec in TABLE if spec.icon}))
def test_every_action_icon_is_drawn_in_the_requested_color(qapp: QApplication, name: str) -> None:
    image = icons.icon(name, "#FF0000").pixmap(48, 48).toImage()
    inks = [image.pixelColor(index % 48, index // 48) for index in range(48 * 48)]
    assert any(ink.alpha() > 200 and ink.red() > 250 and ink.green() + ink.blue() < 10 for ink in inks)


def test_icons_are_sharp_at_every_scale(qapp: QApplication) -> None:
    jobs_icon = icons.icon("jobs", "#123456", "#999999")
    assert jobs_icon.pixmap(40, 40).width() == 40
    disabled = jobs_icon.pixmap(24, 24, QIcon.Mode.Disabled).toImage()
    assert disabled != jobs_icon.pixmap(24, 24).toImage()


def test_every_drawing_uses_plain_lines_in_the_current_color() -> None:
    for drawing in files("vestim_assets").joinpath("icons").iterdir():
        text = drawing.read_text(encoding="utf-8")
        assert text.startswith("<svg ") and "<script" not in text and "href" not in text, drawing.name
        assert drawing.name == "vestim.svg" or "currentColor" in text, drawing.name


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_qt_parses_the_style_sheet_without_warnings(
    qtbot: QtBot, qapp: QApplication, theme: Theme, qtlog: Any, tokens: object
) -> None:
    theme.set_choice("dark" if tokens is DARK else "light")
    button = QPushButton("Start")
    qtbot.addWidget(button)
    set_kind(button, "primary")
    button.show()
    button.grab()
    assert [record.message for record in qtlog.records if "parse" in record.message.lower()] == []
    theme.set_choice("light")


def test_pictures_of_the_style_sheet_exist(qapp: QApplication, tmp_path: Path, theme: Theme) -> None:
    sheet = qapp.styleSheet()
    picture_paths = [part.split(")")[0] for part in sheet.split("url(")[1:]]
    assert picture_paths and all(Path(path).is_file() for path in picture_paths)
    assert "$" not in sheet


def test_headings_grow_with_the_font(qapp: QApplication) -> None:
    picture_paths = {f"{name}_{tone}": "x" for name in _ICON_NAMES for tone in ("muted", "on_accent")}
    large = qapp.font()
    large.setPixelSize(40)
    assert "font-size: 60px" in style_sheet(LIGHT, picture_paths, large)


_ICON_NAMES = ("chevron_down", "chevron_up", "chevron_right", "check", "dash", "close")
