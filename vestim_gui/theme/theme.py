"""Theme: which tokens are in use, and the palette, style sheet and font made from them.

The palette is our own, since `QStyleHints.setColorScheme` does nothing offscreen or on plain X11; the system is only
asked which scheme it prefers. Whoever paints redraws on `changed`.
"""

from __future__ import annotations

import logging
from pathlib import Path

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QIcon, QPalette
from PyQt6.QtWidgets import QApplication

from vestim_gui.theme import icons
from vestim_gui.theme.style import style_sheet
from vestim_gui.theme.tokens import DARK, LIGHT, Tokens, mixed

_log = logging.getLogger(__name__)
CHOICES = ("system", "light", "dark")
_EFFECTS = (
    Qt.UIEffect.UI_AnimateMenu,
    Qt.UIEffect.UI_FadeMenu,
    Qt.UIEffect.UI_AnimateCombo,
    Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip,
)
_STYLE_ICONS = ("chevron_down", "chevron_up", "chevron_right", "check", "dash", "close")


class Theme(QObject):
    """One for the application. `pictures`: a folder for the few drawings that a style sheet can only name as files."""

    changed = pyqtSignal()

    def __init__(self, app: QApplication, pictures: Path, choice: str = "system") -> None:
        super().__init__(app)
        self._app = app
        self._pictures = pictures
        self.choice = choice if choice in CHOICES else "system"
        self.tokens: Tokens = self._wanted()
        self._flash_ms = app.cursorFlashTime()
        app.setStyle("Fusion")
        app.setFont(_with_tabular_digits(app.font()))
        if (hints := app.styleHints()) is not None:
            hints.colorSchemeChanged.connect(self._follow_system)
        self._apply()

    def set_choice(self, choice: str) -> None:
        """Take another of `CHOICES`."""
        self.choice = choice if choice in CHOICES else "system"
        self._follow()

    def set_reduced_motion(self, reduced: bool) -> None:
        """Let nothing blink, fade or slide; or let it again."""
        for effect in _EFFECTS:
            self._app.setEffectEnabled(effect, not reduced)
        self._app.setCursorFlashTime(0 if reduced else self._flash_ms)

    def icon(self, name: str, tone: str = "text") -> QIcon:
        """An icon of the assets in one of the theme's colours; ask anew after `changed`."""
        faint = mixed(self.tokens.muted, self.tokens.surface, 0.5)
        return icons.icon(name, self.tokens.tone(tone), faint)

    def colour(self, tone: str) -> QColor:
        """One of the theme's colours for a painter."""
        return QColor(self.tokens.tone(tone))

    def _wanted(self) -> Tokens:
        if self.choice != "system":
            return DARK if self.choice == "dark" else LIGHT
        return DARK if self._scheme() is Qt.ColorScheme.Dark else LIGHT

    def _scheme(self) -> Qt.ColorScheme:
        hints = self._app.styleHints()
        return hints.colorScheme() if hints is not None else Qt.ColorScheme.Unknown

    def _follow_system(self, _: Qt.ColorScheme) -> None:
        self._follow()

    def _follow(self) -> None:
        wanted = self._wanted()
        if wanted is not self.tokens:
            self.tokens = wanted
            self._apply()
            self.changed.emit()

    def _apply(self) -> None:
        self._app.setPalette(_palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens, self._drawn(), self._app.font()))

    def _drawn(self) -> dict[str, str]:
        """Paths of the drawings that the style sheet names, in the colours of now."""
        colours = {"muted": self.tokens.muted, "on_accent": self.tokens.on_accent}
        paths = {}
        for name in _STYLE_ICONS:
            for tone, colour in colours.items():
                path = self._pictures / f"{name}-{colour.removeprefix('#')}.svg"
                _put(path, icons.drawing(name, colour))
                paths[f"{name}_{tone}"] = path.as_posix()
        return paths


def _put(path: Path, drawing: bytes) -> None:
    """Have a picture there. Without it (a full disk) an arrow or a tick is missing, which is no reason not to open."""
    try:
        if not path.is_file() or path.read_bytes() != drawing:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(drawing)
    except OSError as problem:
        _log.warning("%s was not written: %s", path, problem)


def _with_tabular_digits(font: QFont) -> QFont:
    figures = QFont(font)
    figures.setFeature(QFont.Tag("tnum"), 1)
    return figures


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for place, colour in {
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
        palette.setColor(place, QColor(colour))
    faint = QColor(mixed(tokens.muted, tokens.surface, 0.35))
    for place in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, place, faint)
    return palette
