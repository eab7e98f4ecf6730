"""Finding one's way in a plot: wheel, drag and keys, turned into ranges.

Wheel: zoom in x at the pointer (with Ctrl in y). Drag: pan in x. Drag with Shift: zoom into what was passed over.
Double click or Home: all. The y axis follows what is in sight until it is zoomed by hand.
"""

from __future__ import annotations

from enum import StrEnum

from PyQt6.QtCore import Qt

from vestim_gui.plots.content import Panel, View
from vestim_gui.plots.ranges import Range, panned, x_home, x_shown, zoomed

STEP = 0.7
KEY_SHARE = 0.2


class Command(StrEnum):
    """What a key does in a plot that has the focus."""

    ZOOM_IN = "Zoom in"
    ZOOM_OUT = "Zoom out"
    LEFT = "Left"
    RIGHT = "Right"
    UP = "Up"
    DOWN = "Down"
    HOME = "Show all"
    LOG = "Log axis"
    SMOOTH = "Smoothing"
    GRID = "Grid"
    POP_OUT = "Open in its own window"
    SAVE = "Save as..."
    COPY = "Copy picture"


_CTRL = Qt.KeyboardModifier.ControlModifier
KEYS: dict[tuple[Qt.Key, bool], Command] = {
    (Qt.Key.Key_Plus, False): Command.ZOOM_IN,
    (Qt.Key.Key_Equal, False): Command.ZOOM_IN,
    (Qt.Key.Key_Minus, False): Command.ZOOM_OUT,
    (Qt.Key.Key_Left, False): Command.LEFT,
    (Qt.Key.Key_Right, False): Command.RIGHT,
    (Qt.Key.Key_Up, False): Command.UP,
    (Qt.Key.Key_Down, False): Command.DOWN,
    (Qt.Key.Key_Home, False): Command.HOME,
    (Qt.Key.Key_L, False): Command.LOG,
    (Qt.Key.Key_S, False): Command.SMOOTH,
    (Qt.Key.Key_G, False): Command.GRID,
    (Qt.Key.Key_F11, False): Command.POP_OUT,
    (Qt.Key.Key_S, True): Command.SAVE,
    (Qt.Key.Key_C, True): Command.COPY,
}
SHOWN_KEYS: dict[Command, str] = {
    Command.ZOOM_IN: "+",
    Command.ZOOM_OUT: "-",
    Command.HOME: "Home",
    Command.LOG: "L",
    Command.SMOOTH: "S",
    Command.GRID: "G",
    Command.POP_OUT: "F11",
    Command.SAVE: "Ctrl+S",
    Command.COPY: "Ctrl+C",
}


def command_of(key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
    """The command of a key press; None for a key that is not a plot's."""
    if modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier):
        return None
    try:
        return KEYS.get((Qt.Key(key), bool(modifiers & _CTRL)))
    except ValueError:
        return None


def moved(command: Command, panels: list[Panel], view: View, y_now: list[Range]) -> View | None:
    """The view after a command; None for a command that does not move it. y_now: the range of each panel's y."""
    home, shown = x_home(panels), x_shown(panels, view)
    match command:
        case Command.ZOOM_IN:
            return View(zoomed(shown, STEP, None, home), view.y)
        case Command.ZOOM_OUT:
            return View(zoomed(shown, 1 / STEP, None, home), view.y)
        case Command.LEFT | Command.RIGHT:
            share = KEY_SHARE if command is Command.RIGHT else -KEY_SHARE
            return View(panned(shown, share, home) if view.x else None, view.y)
        case Command.UP | Command.DOWN:
            share = KEY_SHARE if command is Command.UP else -KEY_SHARE
            return View(view.x, {number: _shifted(range_, share) for number, range_ in enumerate(y_now)})
        case Command.HOME:
            return View()
    return None


def scaled(shown: Range, factor: float, about: float | None = None) -> Range:
    """A range made `factor` times as wide around a point (its middle)."""
    centre = (shown[0] + shown[1]) / 2 if about is None else about
    return centre - (centre - shown[0]) * factor, centre + (shown[1] - centre) * factor


def _shifted(shown: Range, share: float) -> Range:
    move = (shown[1] - shown[0]) * share
    return shown[0] + move, shown[1] + move
