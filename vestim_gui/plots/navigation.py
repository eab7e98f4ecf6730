"""Navigation in a plot: wheel, drag and keys as changes of ranges.

Wheel: zoom x at the pointer (with Ctrl, y). Drag: pan x. Drag with Shift: zoom to the selected span. Double click or
Home: show everything. The y axis follows the visible rows until it is zoomed by hand.
"""

from __future__ import annotations

from enum import StrEnum

from PyQt6.QtCore import Qt

from vestim_gui.plots.axis_ranges import Range, full_x_range, pan_range, visible_x_range, zoom_range
from vestim_gui.plots.content import Panel, View

ZOOM_FACTOR = 0.7  # of the visible width, per step of the wheel or key
PAN_SHARE = 0.2  # of the visible width, per key


class Command(StrEnum):
    """Commands of the keys of a focused plot."""

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
MENU_KEYS: dict[Command, str] = {
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
"""Keys that the context menu shows."""


def command_of(key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
    """The command of a key press; None if the plot does not use that key."""
    if modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier):
        return None
    try:
        return KEYS.get((Qt.Key(key), bool(modifiers & _CTRL)))
    except ValueError:
        return None


def view_after(command: Command, panels: list[Panel], view: View, y_ranges: list[Range]) -> View | None:
    """The view after `command`; None if it does not change the view. y_ranges: current y range of each panel."""
    full_range, visible = full_x_range(panels), visible_x_range(panels, view)
    match command:
        case Command.ZOOM_IN:
            return View(zoom_range(visible, ZOOM_FACTOR, None, full_range), view.y)
        case Command.ZOOM_OUT:
            return View(zoom_range(visible, 1 / ZOOM_FACTOR, None, full_range), view.y)
        case Command.LEFT | Command.RIGHT:
            share = PAN_SHARE if command is Command.RIGHT else -PAN_SHARE
            return View(pan_range(visible, share, full_range) if view.x else None, view.y)
        case Command.UP | Command.DOWN:
            share = PAN_SHARE if command is Command.UP else -PAN_SHARE
            return View(view.x, {index: _shift_range(range_, share) for index, range_ in enumerate(y_ranges)})
        case Command.HOME:
            return View()
    return None


def scale_range(visible: Range, factor: float, anchor: float | None = None) -> Range:
    """Scale the width of `visible` by `factor` around `anchor` (default: its middle)."""
    center = (visible[0] + visible[1]) / 2 if anchor is None else anchor
    return center - (center - visible[0]) * factor, center + (visible[1] - center) * factor


def _shift_range(visible: Range, share: float) -> Range:
    move = (visible[1] - visible[0]) * share
    return visible[0] + move, visible[1] + move
