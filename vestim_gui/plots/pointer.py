"""Pointer: mouse events on a plot. `navigation` describes what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.backend_bases import MouseButton
from PyQt6.QtCore import Qt

from vestim_gui.plots.axis_ranges import full_x_range, pan_range, visible_x_range, zoom_range
from vestim_gui.plots.content import View
from vestim_gui.plots.navigation import ZOOM_FACTOR, scale_range

if TYPE_CHECKING:
    from vestim_gui.plots.canvas import PlotCanvas

DRAG_PX = 4  # shorter moves are clicks; arbitrary, 2 to 10 work


class Pointer:
    """Wheel, drag and double click on one canvas, which owns it.

    span_px: start and current x of a Shift drag in Qt pixels; else None.
    hover: x in the curves' unit and the position in Qt pixels of a pointer without a pressed button; else None.
    """

    def __init__(self, canvas: PlotCanvas) -> None:
        self._canvas = canvas
        self._press: Any = None
        self._press_view = View()
        self.span_px: tuple[float, float] | None = None
        self.hover: tuple[float, float, float] | None = None
        canvas.mpl_connect("scroll_event", self._zoom)
        canvas.mpl_connect("button_press_event", self._press_button)
        canvas.mpl_connect("motion_notify_event", self._move)
        canvas.mpl_connect("button_release_event", self._release_button)
        canvas.mpl_connect("figure_leave_event", self._leave)

    def _zoom(self, event: Any) -> None:
        canvas, index = self._canvas, self._panel_of(event.inaxes)
        if index is None:
            return
        factor = ZOOM_FACTOR**event.step
        if _is_held(event, Qt.KeyboardModifier.ControlModifier):
            y_range = scale_range(canvas.drawings[index].axes.get_ylim(), factor, event.ydata)
            canvas.set_view(View(canvas.view.x, {**canvas.view.y, index: y_range}))
        else:
            visible = visible_x_range(canvas.panels, canvas.view)
            canvas.set_view(View(zoom_range(visible, factor, event.xdata, full_x_range(canvas.panels)), canvas.view.y))

    def _press_button(self, event: Any) -> None:
        canvas = self._canvas
        if event.button != MouseButton.LEFT or self._panel_of(event.inaxes) is None:
            return
        if event.dblclick:
            canvas.set_view(View())
            return
        self._press, self._press_view = event, View(visible_x_range(canvas.panels, canvas.view), dict(canvas.view.y))
        if _is_held(event, Qt.KeyboardModifier.ShiftModifier):
            x_px = event.x / canvas.device_pixel_ratio
            self.span_px = (x_px, x_px)

    def _move(self, event: Any) -> None:
        canvas = self._canvas
        if self._press is None or self._press_view.x is None:
            self._hover(event)
            return
        if self.span_px is not None:
            self.span_px = (self.span_px[0], event.x / canvas.device_pixel_ratio)
            canvas.update()
        elif canvas.view.x is not None and abs(event.x - self._press.x) >= DRAG_PX:
            share = (self._press.x - event.x) / canvas.drawings[0].axes.bbox.width
            canvas.set_view(View(pan_range(self._press_view.x, share, full_x_range(canvas.panels)), canvas.view.y))

    def _release_button(self, event: Any) -> None:
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
            self._leave(event)
            return
        ratio = canvas.device_pixel_ratio
        self.hover = (float(event.xdata), event.x / ratio, canvas.height() - event.y / ratio)
        canvas.update()

    def _leave(self, event: Any) -> None:
        if self.hover is not None:
            self.hover = None
            self._canvas.update()

    def _panel_of(self, axes: Axes | None) -> int | None:
        indices = [index for index, drawing in enumerate(self._canvas.drawings) if drawing.axes is axes]
        return indices[0] if indices and not self._canvas.has_bars else None


def _is_held(event: Any, key: Qt.KeyboardModifier) -> bool:
    return event.guiEvent is not None and bool(event.guiEvent.modifiers() & key)
