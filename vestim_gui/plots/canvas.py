"""PlotCanvas: the one widget that plots.

`show_panels` takes whole arrays; what is drawn is decimated to the pixels that there are. It redraws at most thirty
times a second, only while it is visible, and where the axes stand still it redraws the curves alone. Keys and mouse
are those of `navigation`; the text summary is its accessible description.
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

from vestim_gui.beside import Beside
from vestim_gui.plots.content import Options, Panel, View
from vestim_gui.plots.export import FILE_TYPES, picture, save
from vestim_gui.plots.layout import arrange
from vestim_gui.plots.live import Pacer, Part
from vestim_gui.plots.look import Look
from vestim_gui.plots.navigation import SHOWN_KEYS, Command, command_of, moved
from vestim_gui.plots.pointer import Pointer
from vestim_gui.plots.readout import paint_readout, readout
from vestim_gui.plots.render import PanelDrawing, draw_panels, show_part
from vestim_gui.plots.summary import summary
from vestim_gui.theme.theme import Theme

DPI = 100.0
DRAG_PX = 4


class PlotCanvas(FigureCanvasQTAgg):
    """Panels with one x axis.

    name: what the plot is called where it is not seen, and in the names of its files.
    """

    options_changed = pyqtSignal(object)
    view_changed = pyqtSignal(object)
    shown = pyqtSignal(object)
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
        self._stale = True
        self._pointer = Pointer(self)
        self._is_copy = False
        self._pacer = Pacer(self._redraw, self)
        self._beside = Beside(self)
        self.redraws = {Part.CURVES: 0, Part.ALL: 0}
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 110)
        self._dress_ground()
        theme.changed.connect(self._dress_ground)
        theme.changed.connect(self._dress_anew)

    # --- what is shown

    def show_panels(self, panels: Sequence[Panel]) -> None:
        """Show these panels; where only values of curves changed, the axes that stand are kept."""
        old, self.panels = self.panels, list(panels)
        if len(old) == len(self.panels) and len(self.drawings) == len(old) and not self._stale:
            kept = [drawing.follow(panel) for drawing, panel in zip(self.drawings, self.panels, strict=True)]
            self._stale = not all(kept)
        else:
            self._stale = True
        self._pacer.ask(Part.ALL if self._stale else Part.CURVES)
        self.shown.emit(self.panels)

    def set_options(self, **changes: bool) -> None:
        """Change log, smooth or grid."""
        options = replace(self.options, **changes)
        if options != self.options:
            self.options = options
            self._dress_anew()
            self.options_changed.emit(options)

    def set_view(self, view: View) -> None:
        """Bring another part in sight."""
        self.view = view
        self._pacer.ask(Part.ALL)
        self.view_changed.emit(view)

    def summary(self) -> str:
        """What is shown, in words."""
        return summary(self.panels, self.view, self.options)

    def _dress_ground(self) -> None:
        """What is seen until the plot is drawn."""
        palette = self.palette()
        palette.setColor(self.backgroundRole(), QColor(self._theme.tokens.surface))
        self.setPalette(palette)

    def _dress_anew(self) -> None:
        self._stale = True
        self._pacer.ask(Part.ALL)

    # --- drawing

    def draw_idle(self) -> None:
        """Draw all, when it is due."""
        self._pacer.ask(Part.ALL)

    def draw_now(self) -> None:
        """Draw all without waiting, visible or not."""
        self._pacer.stop()
        self.draw()

    def _redraw(self, part: Part) -> None:
        if not self.isVisible():
            self._pacer.stop()
            self._stale = self._stale or part is Part.ALL
            return
        if part is Part.ALL or self._background is None:
            self.draw()
        else:
            self._draw_curves()

    def draw(self) -> None:
        """Draw all: axes, then the curves on them."""
        if self._stale:
            self.figure.clear()
            look = Look(self._theme.tokens, self.options, moving=True)
            self.drawings = draw_panels(self.figure, self.panels, look)
            self._stale = False
        elif self.panels:
            arrange(self.figure, self.panels, Look(self._theme.tokens, self.options))
        show_part(self.drawings, self.view, self._columns())
        super().draw()
        self._background = self.copy_from_bbox(self.figure.bbox)
        self._draw_moving()
        self.redraws[Part.ALL] += 1
        self.setAccessibleDescription(self.summary())

    def _draw_curves(self) -> None:
        """Draw the curves alone, or all where the axes have to move for them."""
        if self._stale or show_part(self.drawings, self.view, self._columns()):
            self.draw()
            return
        self.restore_region(self._background)
        self._draw_moving()
        self.update()
        self.redraws[Part.CURVES] += 1

    def _draw_moving(self) -> None:
        for drawing in self.drawings:
            for artist in drawing.moving:
                drawing.axes.draw_artist(artist)

    def _columns(self) -> int:
        return max(round(self.figure.bbox.width), 1)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Draw what came while it was hidden."""
        super().showEvent(event)
        self._pacer.ask(Part.ALL)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """The plot, what is pointed at or passed over, and the ring of the focus."""
        super().paintEvent(event)
        span, over = self._pointer.span_px, self._pointer.over
        lines = readout(self.panels, over[0]) if over is not None and span is None else []
        if not self.hasFocus() and span is None and not lines:
            return
        painter = QPainter(self)
        accent = QColor(self._theme.tokens.accent)
        if span is not None:
            fill = QColor(accent)
            fill.setAlpha(45)
            left, right = sorted(span)
            painter.fillRect(round(left), 0, round(right - left), self.height(), fill)
        if self.hasFocus():
            painter.setPen(QPen(accent, 1.0))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if lines and over is not None:
            room = QRectF(self.rect()).adjusted(2, 2, -2, -2)
            paint_readout(painter, lines, QPointF(*over[1:]), room, Look(self._theme.tokens))
        painter.end()

    # --- keys and mouse

    def event(self, event: QEvent | None) -> bool:
        """Its own keys come before the window's while it has the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            event.setAccepted(command_of(event.key(), event.modifiers()) is not None)
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Carry out the command of a key."""
        command = command_of(event.key(), event.modifiers()) if event is not None else None
        if command is not None:
            self.carry_out(command)
        elif event is not None:
            event.ignore()

    def carry_out(self, command: Command) -> None:
        """Do what a key or an entry of the menu says."""
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
                self.ask_and_save()
            case Command.COPY:
                self.copy()
            case _ if not self.has_bars:
                view = moved(command, self.panels, self.view, [drawing.axes.get_ylim() for drawing in self.drawings])
                if view is not None:
                    self.set_view(view)

    def commands(self) -> list[Command]:
        """What can be done with what is shown."""
        away = set[Command]()
        if self.has_bars:
            away |= {Command.ZOOM_IN, Command.ZOOM_OUT, Command.HOME}
        if not any(panel.may_be_log for panel in self.panels):
            away.add(Command.LOG)
        if not any(shown.smoothable for panel in self.panels for shown in panel.curves):
            away.add(Command.SMOOTH)
        return [command for command in SHOWN_KEYS if command not in away]

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """All commands with their keys."""
        menu = QMenu(self)
        checked = {
            Command.LOG: self.options.log,
            Command.SMOOTH: self.options.smooth,
            Command.GRID: self.options.grid,
        }
        for command in self.commands():
            action = menu.addAction(f"{command.value}\t{SHOWN_KEYS[command]}")
            assert action is not None
            action.setCheckable(command in checked)
            action.setChecked(checked.get(command, False))
            action.triggered.connect(lambda _=False, command=command: self.carry_out(command))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if event is not None:
            menu.popup(event.globalPos())

    @property
    def has_bars(self) -> bool:
        """Whether it shows bars, in which nobody finds his way about."""
        return any(panel.bars for panel in self.panels)

    # --- files, clipboard, window

    def ask_and_save(self) -> None:
        """Ask for a file and write what is in sight to it."""
        path, chosen = QFileDialog.getSaveFileName(
            self, "Save plot", f"{self._name}.pdf", ";;".join(FILE_TYPES), next(iter(FILE_TYPES))
        )
        if not path:
            return
        ending, width_mm = FILE_TYPES[chosen]
        self.save(Path(path) if Path(path).suffix else Path(path + ending), width_mm)

    def save(self, path: Path, width_mm: float) -> None:
        """Write what is in sight to `path`; `saved` or `failed` tells, for a CSV in a while."""
        shown, view, options = list(self.panels), View(self.view.x, dict(self.view.y)), self.options

        def write() -> str:
            try:
                save(shown, view, options, path, width_mm)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                return f'"{path.name}" could not be written: {reason}. Choose another folder or file type.'
            return ""

        def told(why_not: str) -> None:
            self.failed.emit(why_not) if why_not else self.saved.emit(str(path))

        if path.suffix.lower() == ".csv":  # a million rows take seconds
            self._beside.run(write, told)
        else:
            told(write())

    def copy(self) -> None:
        """Put a picture of what is in sight on the clipboard."""
        image = QImage.fromData(picture(self.panels, self.view, self.options, "png"))
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setImage(image)

    def pop_out(self) -> None:
        """Show the same in a window of its own, which follows this plot while both are there; there, close it."""
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
        self.shown.connect(copy.show_panels)
        window.show()
        copy.setFocus()


def remove_canvas(canvas: PlotCanvas, layout: QLayout | None = None) -> None:
    """Take a canvas out of its layout and let it go, in the order in which that leaves nothing behind."""
    if layout is not None:
        layout.removeWidget(canvas)
    canvas.setParent(None)
    canvas.deleteLater()
