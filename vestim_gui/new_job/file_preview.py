"""FilePreview: the signals of one file as curves, as they will be after the repairs that the document has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_core.spec.figures import written
from vestim_core.spec.signals import QUANTITIES
from vestim_gui.context import Context
from vestim_gui.link.pending import Question
from vestim_gui.new_job.data_files import FileRow, Record, quantity_words
from vestim_gui.widgets.plain_label import plain_label

if TYPE_CHECKING:
    from vestim_gui.plots.canvas import PlotCanvas

POINTS = 2_000
HEIGHT_PX = 360
MOST_PANELS = 3
_ORDER = ("voltage_V", "current_A", "temperature_degC", "soc", "power_W")


class FilePreview(QWidget):
    """Loads the plotting only when a file is looked at."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._question: Question | None = None
        self._asked: tuple[Any, ...] = ()
        self._signals: dict[str, Any] = {}
        self._rows: tuple[int, int] | None = None
        self.canvas: PlotCanvas | None = None
        self.note = plain_label("Choose a file to see its signals.", "muted", wrap=True)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.note)
        self._layout.addStretch(0)

    def show_file(self, row: FileRow, columns: dict[str, str], repairs: Sequence[Record]) -> None:
        """Show a file; asked once for the same file, columns and repairs."""
        asked = (row.path, tuple(sorted(columns.items())), repr(repairs))
        if asked == self._asked:
            return
        self._asked, self._rows, self._signals = asked, None, {}
        if self._question is not None:
            self._question.cancel()
        self._say(f'Reading "{row.name}"...')
        params = {"file": row.path, "columns": columns, "signals": [], "points": POINTS, "repairs": list(repairs)}
        self._question = self._ctx.link.ask("preview", params, self._show, self._failed, owner=self)

    def show_rows(self, finding: Record) -> None:
        """Zoom to the rows of a finding, now or once they are there."""
        first, last = finding["rows"]
        self._rows = (int(first), int(last))
        if self._signals:
            self._zoom()

    def forget(self) -> None:
        """Show no file any more."""
        self._asked, self._signals = (), {}
        if self._question is not None:
            self._question.cancel()
            self._question = None
        self._say("Choose a file to see its signals.")

    def _show(self, answer: dict[str, Any]) -> None:
        from vestim_gui.plots.content import Panel, curve

        self._question = None
        self._signals = answer["signals"]
        known = sorted(self._signals, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
        panels = []
        for place, name in enumerate(known[:MOST_PANELS]):
            signal = self._signals[name]
            values = [float("nan") if value is None else value for value in signal["value"]]
            times = [float("nan") if time_s is None else time_s for time_s in signal["time_s"]]
            unit = written(QUANTITIES.get(name, ""))
            words = quantity_words(name)
            title = f"{words[:1].upper()}{words[1:]}" + (f" / {unit}" if unit else "")
            panels.append(Panel(title, "time / s", (curve(name, times, values, ink=place, label=False),)))
        if not panels:
            self._say("The file has no signal to show.")
            return
        canvas = self._made_canvas()
        canvas.show_panels(panels)
        canvas.show()
        self.note.hide()
        self._zoom()

    def _zoom(self) -> None:
        from vestim_gui.plots.content import View

        if self.canvas is None:
            return
        self.canvas.set_view(View(self._times() if self._rows else None))

    def _times(self) -> tuple[float, float] | None:
        """The times around the rows that are asked for, with as much before and after."""
        signal = next(iter(self._signals.values()))
        pairs = [
            (row, time_s) for row, time_s in zip(signal["row"], signal["time_s"], strict=True) if time_s is not None
        ]
        if not pairs or self._rows is None:
            return None
        first = max((time_s for row, time_s in pairs if row <= self._rows[0]), default=pairs[0][1])
        last = min((time_s for row, time_s in pairs if row >= self._rows[1]), default=pairs[-1][1])
        margin_s = max(last - first, 1.0)
        return first - margin_s, last + margin_s

    def _failed(self, error: VestimError) -> None:
        self._question = None
        self._asked = ()
        self._say(error.sentence)

    def _say(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.note.show()
        if self.canvas is not None:
            self.canvas.hide()

    def _made_canvas(self) -> PlotCanvas:
        if self.canvas is None:
            from vestim_gui.plots.canvas import PlotCanvas

            self.canvas = PlotCanvas(self._ctx.theme, "Signals of the file", self)
            self.canvas.setFixedHeight(HEIGHT_PX)
            self._layout.insertWidget(0, self.canvas)
        return self.canvas
