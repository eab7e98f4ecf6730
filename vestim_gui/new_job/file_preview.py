"""FilePreview: signals of one file as curves, after the repairs in the document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from vestim_core.spec.display_format import unit_symbol
from vestim_core.spec.errors import VestimError
from vestim_core.spec.signals import QUANTITIES
from vestim_gui.context import Context
from vestim_gui.link.pending_request import PendingInspection
from vestim_gui.new_job.job_data_files import FileRow, Record, quantity_name
from vestim_gui.widgets.plain_label import plain_label

if TYPE_CHECKING:
    from vestim_gui.plots.canvas import PlotCanvas

MAX_POINTS = 2_000  # per signal, more than the preview has pixels
HEIGHT_PX = 360  # three panels of about 120 px
MAX_PANELS = 3  # more would be too low to read
_SIGNAL_ORDER = ("voltage_V", "current_A", "temperature_degC", "soc", "power_W")


class FilePreview(QWidget):
    """A plot of one file at a time. It imports the plotting only when a file is shown."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._request: PendingInspection | None = None
        self._request_key: tuple[Any, ...] = ()
        self._signals: dict[str, Any] = {}
        self._rows: tuple[int, int] | None = None
        self.canvas: PlotCanvas | None = None
        self.note = plain_label("Choose a file to see its signals.", "muted", wrap=True)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.note)
        self._layout.addStretch(0)

    def show_file(self, row: FileRow, columns: dict[str, str], repairs: Sequence[Record]) -> None:
        """Show a file; requested once for the same file, columns and repairs."""
        request_key = (row.path, tuple(sorted(columns.items())), repr(repairs))
        if request_key == self._request_key:
            return
        self._request_key, self._rows, self._signals = request_key, None, {}
        if self._request is not None:
            self._request.cancel()
        self._show_message(f'Reading "{row.name}"...')
        params = {"file": row.path, "columns": columns, "signals": [], "points": MAX_POINTS, "repairs": list(repairs)}
        self._request = self._ctx.link.inspect("preview", params, self._show, self._fail, owner=self)

    def show_rows(self, finding: Record) -> None:
        """Zoom to the rows of a finding, now or once they are loaded."""
        first, last = finding["rows"]
        self._rows = (int(first), int(last))
        if self._signals:
            self._zoom()

    def forget(self) -> None:
        """Show no file."""
        self._request_key, self._signals = (), {}
        if self._request is not None:
            self._request.cancel()
            self._request = None
        self._show_message("Choose a file to see its signals.")

    def _show(self, reply: dict[str, Any]) -> None:
        from vestim_gui.plots.content import Panel, curve

        self._request = None
        self._signals = reply["signals"]
        signal_names = sorted(
            self._signals, key=lambda name: _SIGNAL_ORDER.index(name) if name in _SIGNAL_ORDER else len(_SIGNAL_ORDER)
        )
        panels = []
        for index, name in enumerate(signal_names[:MAX_PANELS]):
            signal = self._signals[name]
            values = [float("nan") if value is None else value for value in signal["value"]]
            times = [float("nan") if time_s is None else time_s for time_s in signal["time_s"]]
            unit = unit_symbol(QUANTITIES.get(name, ""))
            quantity = quantity_name(name)
            title = f"{quantity[:1].upper()}{quantity[1:]}" + (f" / {unit}" if unit else "")
            panels.append(Panel(title, "time / s", (curve(name, times, values, ink=index, label=False),)))
        if not panels:
            self._show_message("The file has no signal to show.")
            return
        canvas = self._get_canvas()
        canvas.show_panels(panels)
        canvas.show()
        self.note.hide()
        self._zoom()

    def _zoom(self) -> None:
        from vestim_gui.plots.content import View

        if self.canvas is None:
            return
        self.canvas.set_view(View(self._time_range() if self._rows else None))

    def _time_range(self) -> tuple[float, float] | None:
        """Times of the requested rows, with a margin of the same width on both sides."""
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

    def _fail(self, error: VestimError) -> None:
        self._request = None
        self._request_key = ()
        self._show_message(error.message)

    def _show_message(self, message: str) -> None:
        self.note.setText(message)
        self.note.show()
        if self.canvas is not None:
            self.canvas.hide()

    def _get_canvas(self) -> PlotCanvas:
        if self.canvas is None:
            from vestim_gui.plots.canvas import PlotCanvas

            self.canvas = PlotCanvas(self._ctx.theme, "Signals of the file", self)
            self.canvas.setFixedHeight(HEIGHT_PX)
            self._layout.insertWidget(0, self.canvas)
        return self.canvas
