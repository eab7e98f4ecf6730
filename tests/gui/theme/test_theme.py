"""The theme: chosen or the system's, applied to palette and style sheet, with icons in its colours."""

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
from vestim_gui.theme.theme import Theme, _put
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


def test_the_system_is_followed_as_it_changes(
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
    assert theme.tokens is LIGHT, "who has chosen is not overruled"


def test_a_full_disk_costs_pictures_not_the_window(qapp: QApplication, theme: Theme, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _put(tmp_path / "file" / "check.svg", b"<svg/>")
    assert not (tmp_path / "file" / "check.svg").exists()


def test_digits_stand_below_each_other(qapp: QApplication, theme: Theme) -> None:
    metrics = QPushButton().fontMetrics()
    assert len({metrics.horizontalAdvance(digit) for digit in "0123456789"}) == 1


@pytest.mark.parametrize("name", sorted({spec.icon for spec in TABLE if spec.icon}))
def test_every_icon_of_an_action_is_drawn_in_the_colour_that_was_asked_for(qapp: QApplication, name: str) -> None:
    image = icons.icon(name, "#FF0000").pixmap(48, 48).toImage()
    inks = [image.pixelColor(place % 48, place // 48) for place in range(48 * 48)]
    assert any(ink.alpha() > 200 and ink.red() > 250 and ink.green() + ink.blue() < 10 for ink in inks)


def test_icons_are_sharp_at_every_scale(qapp: QApplication) -> None:
    made = icons.icon("jobs", "#123456", "#999999")
    assert made.pixmap(40, 40).width() == 40
    disabled = made.pixmap(24, 24, QIcon.Mode.Disabled).toImage()
    assert disabled != made.pixmap(24, 24).toImage()


def test_every_drawing_is_plain_lines_in_the_current_colour() -> None:
    for drawing in files("vestim_assets").joinpath("icons").iterdir():
        text = drawing.read_text(encoding="utf-8")
        assert text.startswith("<svg ") and "<script" not in text and "href" not in text, drawing.name
        assert drawing.name == "vestim.svg" or "currentColor" in text, drawing.name


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_the_style_sheet_is_understood(
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


def test_pictures_of_the_style_sheet_are_there(qapp: QApplication, tmp_path: Path, theme: Theme) -> None:
    sheet = qapp.styleSheet()
    named = [part.split(")")[0] for part in sheet.split("url(")[1:]]
    assert named and all(Path(path).is_file() for path in named)
    assert "$" not in sheet


def test_headings_grow_with_the_font(qapp: QApplication) -> None:
    pictures = {f"{name}_{tone}": "x" for name in _PICTURES for tone in ("muted", "on_accent")}
    large = qapp.font()
    large.setPixelSize(40)
    assert "font-size: 60px" in style_sheet(LIGHT, pictures, large)


_PICTURES = ("chevron_down", "chevron_up", "chevron_right", "check", "dash", "close")
