"""PlotCanvas: the widget of every plot in the window.

`show_panels` takes complete arrays and draws them decimated to the available pixels. It redraws at most thirty times a
second, only while visible, and only the curves if the axes are unchanged. `navigation` lists keys and mouse gestures;
the text summary is the accessible description.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
)
from PyQt6.QtWidgets import QFileDialog, QLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from vestim_gui.background import BackgroundRunner
from vestim_gui.plots.content import Options, Panel, View
from vestim_gui.plots.export import FILE_TYPES, picture, save
from vestim_gui.plots.figure_layout import arrange_figure
from vestim_gui.plots.navigation import MENU_KEYS, Command, command_of, view_after
from vestim_gui.plots.plot_style import PlotStyle
from vestim_gui.plots.pointer import Pointer
from vestim_gui.plots.readout import paint_readout, readout_lines
from vestim_gui.plots.redraw_pacer import Pacer, RedrawPart
from vestim_gui.plots.render import PanelDrawing, draw_panels, show_view
from vestim_gui.plots.text_summary import summary
from vestim_gui.theme.theme import Theme

DPI = 100.0  # matplotlib's default; Qt's device pixel ratio is applied on top


class PlotCanvas(FigureCanvasQTAgg):
    """Panels that share one x axis. A widget, so it lives on the window's thread.

    name: accessible name, also used in file names.
    """

    options_changed = pyqtSignal(object)
    view_changed = pyqtSignal(object)
    panels_changed = pyqtSignal(object)
    failed = pyqtSignal(str)
    saved = pyqtSignal(str)

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Figure(dpi=DPI))
        if parent is not None:
            self.setParent(parent)
        self._theme, self._name = theme, name
        self.panels: list[Panel] = []
        self.view = View()
        self.options = Options()
        self.drawings: list[PanelDrawing] = []
        self._background: Any = None
        self._is_stale = True
        self._pointer = Pointer(self)
        self._is_copy = False
        self._pacer = Pacer(self._redraw, self)
        self._background_runner = BackgroundRunner(self)
        self.redraw_counts = {RedrawPart.CURVES: 0, RedrawPart.ALL: 0}
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 110)
        self._apply_background()
        theme.changed.connect(self._apply_background)
        theme.changed.connect(self._restyle)

    # --- content

    def show_panels(self, panels: Sequence[Panel]) -> None:
        """Show these panels; the axes stay if only the values of curves changed."""
        old_panels, self.panels = self.panels, list(panels)
        if len(old_panels) == len(self.panels) and len(self.drawings) == len(old_panels) and not self._is_stale:
            are_updated = [
                drawing.update_values(panel) for drawing, panel in zip(self.drawings, self.panels, strict=True)
            ]
            self._is_stale = not all(are_updated)
        else:
            self._is_stale = True
        self._pacer.request(RedrawPart.ALL if self._is_stale else RedrawPart.CURVES)
        self.panels_changed.emit(self.panels)

    def set_options(self, **changes: bool) -> None:
        """Change log, smooth or grid."""
        options = replace(self.options, **changes)
        if options != self.options:
            self.options = options
            self._restyle()
            self.options_changed.emit(options)

    def set_view(self, view: View) -> None:
        """Show another part."""
        self.view = view
        self._pacer.request(RedrawPart.ALL)
        self.view_changed.emit(view)

    def summary(self) -> str:
        """The visible part as text."""
        return summary(self.panels, self.view, self.options)

    def _apply_background(self) -> None:
        """Set the color shown until the first draw."""
        palette = self.palette()
        palette.setColor(self.backgroundRole(), QColor(self._theme.tokens.surface))
        self.setPalette(palette)

    def _restyle(self) -> None:
        self._is_stale = True
        self._pacer.request(RedrawPart.ALL)

    # --- drawing

    def draw_idle(self) -> None:
        """Schedule a full redraw."""
        self._pacer.request(RedrawPart.ALL)

    def draw_now(self) -> None:
        """Redraw everything at once, visible or not."""
        self._pacer.stop()
        self.draw()

    def _redraw(self, part: RedrawPart) -> None:
        if not self.isVisible():
            self._pacer.stop()
            self._is_stale = self._is_stale or part is RedrawPart.ALL
            return
        if part is RedrawPart.ALL or self._background is None:
            self.draw()
        else:
            self._draw_curves()

    def draw(self) -> None:
        """Draw everything: the axes, then the curves."""
        if self._is_stale:
            self.figure.clear()
            style = PlotStyle(self._theme.tokens, self.options, is_animated=True)
            self.drawings = draw_panels(self.figure, self.panels, style)
            self._is_stale = False
        elif self.panels:
            arrange_figure(self.figure, self.panels, PlotStyle(self._theme.tokens, self.options))
        show_view(self.drawings, self.view, self._columns())
        super().draw()
        self._background = self.copy_from_bbox(self.figure.bbox)
        self._draw_animated()
        self.redraw_counts[RedrawPart.ALL] += 1
        self.setAccessibleDescription(self.summary())

    def _draw_curves(self) -> None:
        """Draw only the curves, or everything if the axes have to move."""
        if self._is_stale or show_view(self.drawings, self.view, self._columns()):
            self.draw()
            return
        self.restore_region(self._background)
        self._draw_animated()
        self.update()
        self.redraw_counts[RedrawPart.CURVES] += 1

    def _draw_animated(self) -> None:
        for drawing in self.drawings:
            for artist in drawing.animated_artists:
                drawing.axes.draw_artist(artist)

    def _columns(self) -> int:
        return max(round(self.figure.bbox.width), 1)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Draw what changed while hidden."""
        super().showEvent(event)
        self._pacer.request(RedrawPart.ALL)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the plot, the readout or the selected span, and the focus ring."""
        super().paintEvent(event)
        span, hover = self._pointer.span_px, self._pointer.hover
        lines = readout_lines(self.panels, hover[0]) if hover is not None and span is None else []
        if not self.hasFocus() and span is None and not lines:
            return
        painter = QPainter(self)
        accent = QColor(self._theme.tokens.accent)
        if span is not None:
            fill = QColor(accent)
            fill.setAlpha(45)
            span_start, span_end = sorted(span)
            painter.fillRect(round(span_start), 0, round(span_end - span_start), self.height(), fill)
        if self.hasFocus():
            painter.setPen(QPen(accent, 1.0))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if lines and hover is not None:
            bounds = QRectF(self.rect()).adjusted(2, 2, -2, -2)
            paint_readout(painter, lines, QPointF(*hover[1:]), bounds, PlotStyle(self._theme.tokens))
        painter.end()

    # --- keys and mouse

    def event(self, event: QEvent | None) -> bool:
        """Claim the plot's own keys before the window's shortcuts while it has the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            event.setAccepted(command_of(event.key(), event.modifiers()) is not None)
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Execute the command of a key."""
        command = command_of(event.key(), event.modifiers()) if event is not None else None
        if command is not None:
            self.execute(command)
        elif event is not None:
            event.ignore()

    def execute(self, command: Command) -> None:
        """Execute the command of a key or a menu entry."""
        match command:
            case Command.LOG:
                self.set_options(log=not self.options.log)
            case Command.SMOOTH:
                self.set_options(smooth=not self.options.smooth)
            case Command.GRID:
                self.set_options(grid=not self.options.grid)
            case Command.POP_OUT:
                self.pop_out()
            case Command.SAVE:
                self.choose_file_and_save()
            case Command.COPY:
                self.copy()
            case _ if not self.has_bars:
                view = view_after(
                    command, self.panels, self.view, [drawing.axes.get_ylim() for drawing in self.drawings]
                )
                if view is not None:
                    self.set_view(view)

    def available_commands(self) -> list[Command]:
        """Commands that apply to the current panels."""
        unavailable = set[Command]()
        if self.has_bars:
            unavailable |= {Command.ZOOM_IN, Command.ZOOM_OUT, Command.HOME}
        if not any(panel.may_be_log for panel in self.panels):
            unavailable.add(Command.LOG)
        if not any(curve.smoothable for panel in self.panels for curve in panel.curves):
            unavailable.add(Command.SMOOTH)
        return [command for command in MENU_KEYS if command not in unavailable]

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Show all commands with their keys."""
        menu = QMenu(self)
        checked = {
            Command.LOG: self.options.log,
            Command.SMOOTH: self.options.smooth,
            Command.GRID: self.options.grid,
        }
        for command in self.available_commands():
            action = menu.addAction(f"{command.value}\t{MENU_KEYS[command]}")
            assert action is not None
            action.setCheckable(command in checked)
            action.setChecked(checked.get(command, False))
            action.triggered.connect(lambda _=False, command=command: self.execute(command))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if event is not None:
            menu.popup(event.globalPos())

    @property
    def has_bars(self) -> bool:
        """True if it shows bars, which cannot be zoomed or panned."""
        return any(panel.bars for panel in self.panels)

    # --- files, clipboard, window

    def choose_file_and_save(self) -> None:
        """Ask for a file and write the visible part to it."""
        path, file_type = QFileDialog.getSaveFileName(
            self, "Save plot", f"{self._name}.pdf", ";;".join(FILE_TYPES), next(iter(FILE_TYPES))
        )
        if not path:
            return
        suffix, width_mm = FILE_TYPES[file_type]
        self.save(Path(path) if Path(path).suffix else Path(path + suffix), width_mm)

    def save(self, path: Path, width_mm: float) -> None:
        """Write the visible part to `path`; emits `saved` or `failed`, for a CSV after a background write."""
        panels, view, options = list(self.panels), View(self.view.x, dict(self.view.y)), self.options

        def write() -> str:
            try:
                save(panels, view, options, path, width_mm)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                return f'"{path.name}" could not be written: {reason}. Choose another folder or file type.'
            return ""

        def report_result(message: str) -> None:
            self.failed.emit(message) if message else self.saved.emit(str(path))

        if path.suffix.lower() == ".csv":  # a million rows take seconds
            self._background_runner.run(write, report_result)
        else:
            report_result(write())

    def copy(self) -> None:
        """Put a picture of the visible part on the clipboard."""
        image = QImage.fromData(picture(self.panels, self.view, self.options, "png"))
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setImage(image)

    def pop_out(self) -> None:
        """Open a window with a copy that follows this plot as long as both exist; in a copy, close its window."""
        own_window = self.window()
        if self._is_copy and own_window is not None:
            own_window.close()
            return
        window = QWidget(self, Qt.WindowType.Window)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.setWindowTitle(self._name)
        window.resize(1000, 640)
        copy = PlotCanvas(self._theme, self._name, window)
        copy._is_copy = True
        layout = QVBoxLayout(window)
        layout.addWidget(copy)
        copy.options, copy.view = self.options, View(self.view.x, dict(self.view.y))
        copy.show_panels(self.panels)
        self.panels_changed.connect(copy.show_panels)
        window.show()
        copy.setFocus()


def remove_canvas(canvas: PlotCanvas, layout: QLayout | None = None) -> None:
    """Remove a canvas from its layout and delete it, in the order that leaks nothing."""
    if layout is not None:
        layout.removeWidget(canvas)
    canvas.setParent(None)
    canvas.deleteLater()
