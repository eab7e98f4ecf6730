"""Tokens: every color of the window, defined once each for light and dark.

Text reaches a contrast of 4.5:1 on every surface it appears on, graphics 3:1 (WCAG 2.2 AA).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colors as `#RRGGBB`.

    window: background of the window. surface: cards, lists, fields. sunken: rail, tracks of progress bars, read-only
    areas. border: separators. outline: edges of controls. on_accent: text on accent. selection: background of selected
    items. series: curves, in the same order everywhere (train, validation, then further ones).
    """

    dark: bool
    window: str
    surface: str
    sunken: str
    border: str
    outline: str
    text: str
    muted: str
    accent: str
    on_accent: str
    ok: str
    warn: str
    error: str
    selection: str
    series: tuple[str, ...]

    def tone(self, name: str) -> str:
        """Color by name (`accent`, `muted`, `ok`, ...); the color of text for an unknown name."""
        value = getattr(self, name, self.text)
        return value if isinstance(value, str) else self.text


LIGHT = Tokens(
    dark=False,
    window="#F5F6F8",
    surface="#FFFFFF",
    sunken="#ECEEF2",
    border="#D3D8E0",
    outline="#858E9D",
    text="#1B2330",
    muted="#566072",
    accent="#0B63C5",
    on_accent="#FFFFFF",
    ok="#166B45",
    warn="#8F5A00",
    error="#B42318",
    selection="#DCE9FA",
    series=("#0B63C5", "#C2410C", "#166B45", "#7C3AED", "#A16207", "#0E7490"),
)

DARK = Tokens(
    dark=True,
    window="#14181F",
    surface="#1B212B",
    sunken="#10141A",
    border="#313A48",
    outline="#6B7688",
    text="#E7EBF2",
    muted="#A3AEBF",
    accent="#6CB2FF",
    on_accent="#10141A",
    ok="#5DC98D",
    warn="#F0B34A",
    error="#FF8A7A",
    selection="#24374F",
    series=("#6CB2FF", "#FF9D5C", "#5DC98D", "#B79CFF", "#E5C453", "#5CC8DB"),
)


def mix(first: str, second: str, share: float) -> str:
    """Linear mix of two colors; share: 0 for `first`, 1 for `second`."""
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(low + (high - low) * share):02X}" for low, high in pairs)


def contrast_ratio(first: str, second: str) -> float:
    """Contrast ratio of two colors, 1 to 21 (WCAG 2.2, "contrast ratio" and "relative luminance")."""
    dark, light = sorted((_luminance(first), _luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    linear = [_linear(channel / 255) for channel in _channels(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
