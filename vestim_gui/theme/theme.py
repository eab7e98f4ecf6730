"""Theme: the tokens in use, and the palette, style sheet and font made from them.

The palette is set explicitly because `QStyleHints.setColorScheme` does nothing offscreen or on plain X11; the system is
asked only for its preferred scheme. Widgets that paint themselves repaint on `changed`.
"""

from __future__ import annotations

import logging
from pathlib import Path

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QIcon, QPalette
from PyQt6.QtWidgets import QApplication

from vestim_gui.theme import icons
from vestim_gui.theme.style import style_sheet
from vestim_gui.theme.tokens import DARK, LIGHT, Tokens, mix

_log = logging.getLogger(__name__)
THEME_CHOICES = ("system", "light", "dark")
_EFFECTS = (
    Qt.UIEffect.UI_AnimateMenu,
    Qt.UIEffect.UI_FadeMenu,
    Qt.UIEffect.UI_AnimateCombo,
    Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip,
)
_STYLE_SHEET_ICONS = ("chevron_down", "chevron_up", "chevron_right", "check", "dash", "close")


class Theme(QObject):
    """The application's only theme. `picture_dir`: folder for drawings that a style sheet can only name as files."""

    changed = pyqtSignal()

    def __init__(self, app: QApplication, picture_dir: Path, choice: str = "system") -> None:
        super().__init__(app)
        self._app = app
        self._picture_dir = picture_dir
        self.choice = choice if choice in THEME_CHOICES else "system"
        self.tokens: Tokens = self._select_tokens()
        self._flash_ms = app.cursorFlashTime()
        app.setStyle("Fusion")
        app.setFont(_with_tabular_digits(app.font()))
        if (hints := app.styleHints()) is not None:
            hints.colorSchemeChanged.connect(self._follow_system)
        self._apply()

    def set_choice(self, choice: str) -> None:
        """Switch to one of `THEME_CHOICES`."""
        self.choice = choice if choice in THEME_CHOICES else "system"
        self._update()

    def set_reduced_motion(self, reduced: bool) -> None:
        """Turn blinking, fading and sliding off or on."""
        for effect in _EFFECTS:
            self._app.setEffectEnabled(effect, not reduced)
        self._app.setCursorFlashTime(0 if reduced else self._flash_ms)

    def icon(self, name: str, tone: str = "text") -> QIcon:
        """An icon from the assets in a color of the theme; ask again after `changed`."""
        faint = mix(self.tokens.muted, self.tokens.surface, 0.5)
        return icons.icon(name, self.tokens.tone(tone), faint)

    def color(self, tone: str) -> QColor:
        """A color of the theme, for painters."""
        return QColor(self.tokens.tone(tone))

    def _select_tokens(self) -> Tokens:
        if self.choice != "system":
            return DARK if self.choice == "dark" else LIGHT
        return DARK if self._scheme() is Qt.ColorScheme.Dark else LIGHT

    def _scheme(self) -> Qt.ColorScheme:
        hints = self._app.styleHints()
        return hints.colorScheme() if hints is not None else Qt.ColorScheme.Unknown

    def _follow_system(self, _: Qt.ColorScheme) -> None:
        self._update()

    def _update(self) -> None:
        tokens = self._select_tokens()
        if tokens is not self.tokens:
            self.tokens = tokens
            self._apply()
            self.changed.emit()

    def _apply(self) -> None:
        self._app.setPalette(_palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens, self._write_pictures(), self._app.font()))

    def _write_pictures(self) -> dict[str, str]:
        """Write the drawings that the style sheet names, in the current colors; returns their paths by name."""
        colors = {"muted": self.tokens.muted, "on_accent": self.tokens.on_accent}
        paths = {}
        for name in _STYLE_SHEET_ICONS:
            for tone, color in colors.items():
                path = self._picture_dir / f"{name}-{color.removeprefix('#')}.svg"
                _write_if_changed(path, icons.icon_svg(name, color))
                paths[f"{name}_{tone}"] = path.as_posix()
        return paths


def _write_if_changed(path: Path, svg: bytes) -> None:
    """Write a picture. On failure (a full disk), an arrow or check mark is missing, but the window still opens."""
    try:
        if not path.is_file() or path.read_bytes() != svg:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(svg)
    except OSError as error:
        _log.warning("%s was not written: %s", path, error)


def _with_tabular_digits(font: QFont) -> QFont:
    tabular_font = QFont(font)
    tabular_font.setFeature(QFont.Tag("tnum"), 1)
    return tabular_font


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for color_role, color in {
        role.Window: tokens.window,
        role.WindowText: tokens.text,
        role.Base: tokens.surface,
        role.AlternateBase: tokens.sunken,
        role.Text: tokens.text,
        role.Button: tokens.surface,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.error,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.PlaceholderText: tokens.muted,
        role.ToolTipBase: tokens.surface,
        role.ToolTipText: tokens.text,
        role.Light: tokens.surface,
        role.Midlight: tokens.border,
        role.Mid: tokens.border,
        role.Dark: tokens.outline,
        role.Shadow: tokens.sunken,
    }.items():
        palette.setColor(color_role, QColor(color))
    faint = QColor(mix(tokens.muted, tokens.surface, 0.35))
    for color_role in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, color_role, faint)
    return palette
