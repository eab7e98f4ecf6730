"""What a redraw costs in CPU time: a million points, with the residual strip too; the next epoch of a live curve."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PyQt6.QtWidgets import QApplication

from tests.benchmarks.figure import Figure
from vestim_gui.detail.panels import prediction_panels
from vestim_gui.detail.prediction import Prediction
from vestim_gui.plots.canvas import PlotCanvas, remove_canvas
from vestim_gui.plots.content import Options, Panel, View, curve
from vestim_gui.plots.live import Part
from vestim_gui.theme.theme import Theme

POINTS = 1_000_000
SIZE = (900, 420)
TIMES = 15
ONE_AXIS_MS, WITH_STRIP_MS, LIVE_MS = 60.0, 110.0, 10.0


def run() -> list[Figure]:
    """Every figure of this file; a few seconds."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    folder = Path(tempfile.mkdtemp(prefix="vestim-"))
    try:
        theme = Theme(app, folder, "light")
        return [_one_axis(theme), _with_strip(theme), _live(theme)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _signals() -> Prediction:
    time_s = np.arange(float(POINTS))
    noise = np.random.default_rng(1).normal(scale=0.004, size=POINTS)
    measured = 4.1 - time_s / POINTS + 0.05 * np.sin(time_s / 3000)
    return Prediction(time_s, measured, measured + noise)


def _one_axis(theme: Theme) -> Figure:
    shown = _signals()
    panel = Panel("Voltage / V", "time / s", (curve("predicted", shown.time_s, shown.predicted),))
    return _redraws(theme, [panel], "redraw of 1 M points, one axis", ONE_AXIS_MS)


def _with_strip(theme: Theme) -> Figure:
    panels = prediction_panels("drive.csv", "voltage_V", [("LSTM", _signals(), 0)])
    return _redraws(theme, panels, "redraw of 1 M points, measured, predicted and residual strip", WITH_STRIP_MS)


def _redraws(theme: Theme, panels: list[Panel], name: str, limit_ms: float) -> Figure:
    """Redraws while zooming, so that everything is decimated and drawn anew."""
    canvas = _canvas(theme, panels)

    def draw(number: int) -> None:
        extent = float(panels[0].curves[0].x[-1])
        canvas.view = View((0.0, extent * (1 - 0.001 * number)))
        canvas.draw_now()

    return _told(canvas, name, draw, limit_ms)


def _live(theme: Theme) -> Figure:
    """The next epoch of a curve of three hundred, where the axes stand."""

    def panels(epochs: int) -> list[Panel]:
        x = np.arange(1.0, epochs + 1)
        curves = (curve("train", x, 20 / x + 3), curve("validation", x, 25 / x + 4, ink=1))
        return [Panel("RMSE / mV", "epoch", curves, grows=True, may_be_log=True)]

    canvas = _canvas(theme, panels(305))
    canvas.options = Options(log=True)
    canvas.show()
    canvas.draw_now()

    def draw(number: int) -> None:
        canvas.show_panels(panels(306 + number))
        canvas._pacer.run()

    before = canvas.redraws[Part.ALL]
    figure = _told(canvas, "next epoch of a live curve", draw, LIVE_MS)
    return figure if canvas.redraws[Part.ALL] == before else Figure(figure.name, figure.limit, "drew all anew", False)


def _canvas(theme: Theme, panels: list[Panel]) -> PlotCanvas:
    canvas = PlotCanvas(theme, "figure")
    canvas.resize(*SIZE)
    canvas.show_panels(panels)
    canvas.draw_now()
    return canvas


def _told(canvas: PlotCanvas, name: str, draw: Callable[[int], None], limit_ms: float) -> Figure:
    times_ms = []
    for number in range(TIMES):
        start_s = time.process_time()
        draw(number)
        times_ms.append(1000 * (time.process_time() - start_s))
    canvas.hide()
    remove_canvas(canvas)
    taken_ms = median(times_ms)
    return Figure(name, f"<= {limit_ms:.0f} ms CPU", f"{taken_ms:.1f} ms", taken_ms <= limit_ms)
