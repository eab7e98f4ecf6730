"""Pointer: the mouse in a plot. What it does stands in `navigation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.backend_bases import MouseButton
from PyQt6.QtCore import Qt

from vestim_gui.plots.content import View
from vestim_gui.plots.navigation import STEP, scaled
from vestim_gui.plots.ranges import panned, x_home, x_shown, zoomed

if TYPE_CHECKING:
    from vestim_gui.plots.canvas import PlotCanvas

DRAG_PX = 4


class Pointer:
    """Wheel, drag and double click on one canvas.

    span_px: while something is passed over with Shift, its first and last place in Qt's pixels; else None.
    over: x in the curves' unit, and the place in Qt's pixels, of a pointer that only points; else None.
    """

    def __init__(self, canvas: PlotCanvas) -> None:
        self._canvas = canvas
        self._press: Any = None
        self._press_view = View()
        self.span_px: tuple[float, float] | None = None
        self.over: tuple[float, float, float] | None = None
        canvas.mpl_connect("scroll_event", self._wheel)
        canvas.mpl_connect("button_press_event", self._pressed)
        canvas.mpl_connect("motion_notify_event", self._dragged)
        canvas.mpl_connect("button_release_event", self._released)
        canvas.mpl_connect("figure_leave_event", self._left)

    def _wheel(self, event: Any) -> None:
        canvas, number = self._canvas, self._panel_of(event.inaxes)
        if number is None:
            return
        factor = STEP**event.step
        if _held(event, Qt.KeyboardModifier.ControlModifier):
            y_range = scaled(canvas.drawings[number].axes.get_ylim(), factor, event.ydata)
            canvas.set_view(View(canvas.view.x, {**canvas.view.y, number: y_range}))
        else:
            shown = x_shown(canvas.panels, canvas.view)
            canvas.set_view(View(zoomed(shown, factor, event.xdata, x_home(canvas.panels)), canvas.view.y))

    def _pressed(self, event: Any) -> None:
        canvas = self._canvas
        if event.button != MouseButton.LEFT or self._panel_of(event.inaxes) is None:
            return
        if event.dblclick:
            canvas.set_view(View())
            return
        self._press, self._press_view = event, View(x_shown(canvas.panels, canvas.view), dict(canvas.view.y))
        if _held(event, Qt.KeyboardModifier.ShiftModifier):
            place_px = event.x / canvas.device_pixel_ratio
            self.span_px = (place_px, place_px)

    def _dragged(self, event: Any) -> None:
        canvas = self._canvas
        if self._press is None or self._press_view.x is None:
            self._hover(event)
            return
        if self.span_px is not None:
            self.span_px = (self.span_px[0], event.x / canvas.device_pixel_ratio)
            canvas.update()
        elif canvas.view.x is not None and abs(event.x - self._press.x) >= DRAG_PX:
            share = (self._press.x - event.x) / canvas.drawings[0].axes.bbox.width
            canvas.set_view(View(panned(self._press_view.x, share, x_home(canvas.panels)), canvas.view.y))

    def _released(self, event: Any) -> None:
        canvas, span, press = self._canvas, self.span_px, self._press
        self._press = self.span_px = None
        if press is None or span is None:
            return
        to_data = canvas.drawings[0].axes.transData.inverted()
        left, right = sorted(float(to_data.transform((x * canvas.device_pixel_ratio, 0))[0]) for x in span)
        if abs(span[1] - span[0]) >= DRAG_PX and right > left:
            canvas.set_view(View((left, right), canvas.view.y))
        else:
            canvas.update()

    def _hover(self, event: Any) -> None:
        canvas = self._canvas
        if self._panel_of(event.inaxes) is None:
            self._left(event)
            return
        ratio = canvas.device_pixel_ratio
        self.over = (float(event.xdata), event.x / ratio, canvas.height() - event.y / ratio)
        canvas.update()

    def _left(self, event: Any) -> None:
        if self.over is not None:
            self.over = None
            self._canvas.update()

    def _panel_of(self, axes: Axes | None) -> int | None:
        numbers = [number for number, drawing in enumerate(self._canvas.drawings) if drawing.axes is axes]
        return numbers[0] if numbers and not self._canvas.has_bars else None


def _held(event: Any, key: Qt.KeyboardModifier) -> bool:
    return event.guiEvent is not None and bool(event.guiEvent.modifiers() & key)
