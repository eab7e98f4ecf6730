"""Tokens: every colour of the window, once, for light and for dark.

Text reaches 4.5:1 against each surface that it is written on, and what is drawn reaches 3:1 (WCAG 2.2 AA).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours as `#RRGGBB`.

    window: behind everything. surface: cards, lists, fields. sunken: rail, tracks of progress, read-only areas.
    border: lines that only separate. outline: edges of what can be used. on_accent: text on accent.
    selection: behind what is chosen. series: curves, the same order everywhere (train, validation, then further ones).
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
        """The colour of this name (`accent`, `muted`, `ok`, ...); that of text for any other."""
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


def mixed(one: str, other: str, share: float) -> str:
    """The colour that lies between two; share: 0 for `one`, 1 for `other`."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(first + (second - first) * share):02X}" for first, second in pairs)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio" and "relative luminance")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [_linear(channel / 255) for channel in _channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
