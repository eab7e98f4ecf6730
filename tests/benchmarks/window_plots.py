"""CPU time of redrawing: a million points, also with a residual strip; the next epoch of a live curve."""

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

from tests.benchmarks.measurement import Measurement
from vestim_gui.detail.panels import prediction_panels
from vestim_gui.detail.prediction import Prediction
from vestim_gui.plots.canvas import PlotCanvas, remove_canvas
from vestim_gui.plots.content import Options, Panel, View, curve
from vestim_gui.plots.redraw_pacer import RedrawPart
from vestim_gui.theme.theme import Theme

POINTS = 1_000_000  # product promise
SIZE = (900, 420)  # pixels
REDRAWS = 15  # redraws per median
ONE_AXIS_MS, WITH_STRIP_MS, LIVE_MS = 60.0, 110.0, 10.0  # product promises, CPU time


def run() -> list[Measurement]:
    """All measurements; a few seconds."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    folder = Path(tempfile.mkdtemp(prefix="vestim-"))
    try:
        theme = Theme(app, folder, "light")
        return [_measure_one_axis(theme), _measure_with_strip(theme), _measure_live(theme)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prediction() -> Prediction:
    time_s = np.arange(float(POINTS))
    noise = np.random.default_rng(1).normal(scale=0.004, size=POINTS)
    measured = 4.1 - time_s / POINTS + 0.05 * np.sin(time_s / 3000)
    return Prediction(time_s, measured, measured + noise)


def _measure_one_axis(theme: Theme) -> Measurement:
    prediction = _prediction()
    panel = Panel("Voltage / V", "time / s", (curve("predicted", prediction.time_s, prediction.predicted),))
    return _measure_zoom(theme, [panel], "redraw of 1 M points, one axis", ONE_AXIS_MS)


def _measure_with_strip(theme: Theme) -> Measurement:
    panels = prediction_panels("drive.csv", "voltage_V", [("LSTM", _prediction(), 0)])
    return _measure_zoom(theme, panels, "redraw of 1 M points, measured, predicted and residual strip", WITH_STRIP_MS)


def _measure_zoom(theme: Theme, panels: list[Panel], name: str, limit_ms: float) -> Measurement:
    """Redraw while zooming, so that everything is decimated and drawn again."""
    canvas = _create_canvas(theme, panels)

    def draw(index: int) -> None:
        extent = float(panels[0].curves[0].x[-1])
        canvas.view = View((0.0, extent * (1 - 0.001 * index)))
        canvas.draw_now()

    return _measure_redraws(canvas, name, draw, limit_ms)


def _measure_live(theme: Theme) -> Measurement:
    """Next epoch of a curve of three hundred, with unchanged axes."""

    def panels(epochs: int) -> list[Panel]:
        x = np.arange(1.0, epochs + 1)
        curves = (curve("train", x, 20 / x + 3), curve("validation", x, 25 / x + 4, ink=1))
        return [Panel("RMSE / mV", "epoch", curves, grows=True, may_be_log=True)]

    canvas = _create_canvas(theme, panels(305))
    canvas.options = Options(log=True)
    canvas.show()
    canvas.draw_now()

    def draw(index: int) -> None:
        canvas.show_panels(panels(306 + index))
        canvas._pacer.run()

    redraws_before = canvas.redraw_counts[RedrawPart.ALL]
    measurement = _measure_redraws(canvas, "next epoch of a live curve", draw, LIVE_MS)
    return (
        measurement
        if canvas.redraw_counts[RedrawPart.ALL] == redraws_before
        else Measurement(measurement.name, measurement.limit, "drew all anew", False)
    )


def _create_canvas(theme: Theme, panels: list[Panel]) -> PlotCanvas:
    canvas = PlotCanvas(theme, "figure")
    canvas.resize(*SIZE)
    canvas.show_panels(panels)
    canvas.draw_now()
    return canvas


def _measure_redraws(canvas: PlotCanvas, name: str, draw: Callable[[int], None], limit_ms: float) -> Measurement:
    times_ms = []
    for index in range(REDRAWS):
        start_s = time.process_time()
        draw(index)
        times_ms.append(1000 * (time.process_time() - start_s))
    canvas.hide()
    remove_canvas(canvas)
    redraw_ms = median(times_ms)
    return Measurement(name, f"<= {limit_ms:.0f} ms CPU", f"{redraw_ms:.1f} ms", redraw_ms <= limit_ms)
