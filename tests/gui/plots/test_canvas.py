"""The canvas: drawing, pacing of redraws, keys and mouse, and saved files."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QAction, QGuiApplication, QImage, QWheelEvent
from PyQt6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from vestim_gui.plots.axis_ranges import visible_x_range
from vestim_gui.plots.canvas import PlotCanvas, remove_canvas
from vestim_gui.plots.content import BarGroup, Level, Marker, Options, Panel, View, curve
from vestim_gui.plots.export import COLUMN_MM, PAGE_MM, table
from vestim_gui.plots.readout import readout_lines
from vestim_gui.plots.redraw_pacer import RedrawPart
from vestim_gui.theme.theme import Theme

NAN = math.nan


@pytest.fixture
def canvas(qtbot: QtBot, theme: Theme) -> Iterator[PlotCanvas]:
    plot = PlotCanvas(theme, "Errors")
    qtbot.addWidget(plot)
    plot.resize(640, 400)
    plot.show()
    qtbot.waitExposed(plot)
    yield plot
    plot.hide()


def test_background_before_the_first_draw_has_the_theme_color(qtbot: QtBot, theme: Theme) -> None:
    plot = PlotCanvas(theme, "Errors")
    qtbot.addWidget(plot)
    for choice in ("dark", "light"):
        theme.set_choice(choice)
        assert plot.palette().color(plot.backgroundRole()).name() == theme.tokens.surface.lower()


def loss_panels(epochs: int, *, offset: float = 0.0) -> list[Panel]:
    x = np.arange(1, epochs + 1)
    y = 30 / x + 3 + offset
    return [
        Panel(
            "RMSE / mV",
            "epoch",
            (curve("train", x, 0.8 * y, smoothable=True), curve("validation", x, y, ink=1, smoothable=True)),
            (Level("circuit 9.8 mV", 9.8),),
            (Marker("best", float(epochs), float(y[-1])),),
            grows=True,
            may_be_log=True,
        )
    ]


def signal_panels(rows: int = 5000) -> list[Panel]:
    x = np.arange(float(rows))
    y = 4 - x / rows
    return [
        Panel("Voltage / V", "time / s", (curve("measured", x, y, ink="text"), curve("LSTM", x, y + 0.004))),
        Panel(
            "Error / mV",
            "time / s",
            (curve("error", x, np.full(rows, 4.0), label=False),),
            share=0.4,
            has_zero_line=True,
        ),
    ]


def test_a_live_curve_is_blitted_and_the_axes_move_in_steps(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss_panels(21))
    qtbot.waitUntil(lambda: canvas.redraw_counts[RedrawPart.ALL] > 0 and not canvas._pacer.is_waiting)
    full_redraws = canvas.redraw_counts[RedrawPart.ALL]
    for epochs in range(22, 31):
        canvas.show_panels(loss_panels(epochs))
        canvas._pacer.run()
    assert canvas.redraw_counts == {RedrawPart.CURVES: 9, RedrawPart.ALL: full_redraws}
    canvas.show_panels(loss_panels(31))
    canvas._pacer.run()
    assert canvas.redraw_counts[RedrawPart.ALL] == full_redraws + 1


def test_blitting_gives_the_same_picture_as_a_full_draw(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss_panels(21))
    qtbot.waitUntil(lambda: not canvas._pacer.is_waiting)
    canvas.show_panels(loss_panels(29))
    canvas._pacer.run()
    assert canvas.redraw_counts[RedrawPart.CURVES] == 1
    blitted_picture = np.asarray(canvas.buffer_rgba()).copy()
    canvas.draw_now()
    assert np.array_equal(blitted_picture, np.asarray(canvas.buffer_rgba()))


def test_redraws_are_limited_to_thirty_a_second(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss_panels(21))
    qtbot.waitUntil(lambda: not canvas._pacer.is_waiting)
    redraws_before = sum(canvas.redraw_counts.values())
    for _ in range(200):
        canvas.show_panels(loss_panels(22))
        QApplication.processEvents()
    qtbot.waitUntil(lambda: not canvas._pacer.is_waiting)
    assert sum(canvas.redraw_counts.values()) - redraws_before < 100


def test_a_hidden_plot_draws_nothing_until_shown(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss_panels(21))
    qtbot.waitUntil(lambda: not canvas._pacer.is_waiting)
    canvas.hide()
    redraws_before = dict(canvas.redraw_counts)
    canvas.show_panels(loss_panels(40))
    canvas._pacer.run()
    assert canvas.redraw_counts == redraws_before
    canvas.show()
    qtbot.waitUntil(lambda: canvas.redraw_counts[RedrawPart.ALL] > redraws_before[RedrawPart.ALL])


def test_plots_survive_missing_and_infinite_values(canvas: PlotCanvas) -> None:
    unusual_ys: list[list[float]] = [[], [NAN], [NAN] * 50, [math.inf, 1.0], [0.0, -1.0, 2.0], [5.0], [1.0] * 50]
    levels, markers = (Level("none", NAN),), (Marker("m", NAN, NAN),)
    for y, log, smooth in itertools.product(unusual_ys, (False, True), (False, True)):
        canvas.set_options(log=log, smooth=smooth)
        curves = (curve("a", range(len(y)), y, smoothable=True),)
        canvas.show_panels([Panel("A", "x", curves, levels, markers, may_be_log=True, grows=True)])
        canvas.draw_now()
        assert "A" in canvas.accessibleDescription()


def test_smoothing_keeps_the_raw_line_faint(canvas: PlotCanvas) -> None:
    canvas.show_panels(loss_panels(50))
    canvas.set_options(smooth=True)
    canvas.draw_now()
    lines = [line for line in canvas.figure.axes[0].lines if len(line.get_xdata()) == 50]
    assert sorted(line.get_alpha() or 1.0 for line in lines) == [0.28, 0.28, 1.0, 1.0]


def test_names_at_line_ends_do_not_overlap(canvas: PlotCanvas) -> None:
    canvas.show_panels(loss_panels(30))
    canvas.draw_now()
    texts = [text for text in canvas.figure.axes[0].texts if text.get_text() in {"train", "validation"}]
    boxes = [text.get_window_extent() for text in texts]
    assert len(boxes) == 2 and not boxes[0].overlaps(boxes[1])
    for box in boxes:
        assert box.x1 <= canvas.figure.bbox.x1


def test_a_narrow_plot_has_a_legend_until_it_is_wide_again(canvas: PlotCanvas) -> None:
    canvas.show_panels(loss_panels(30))
    for width, has_legend, name_count in ((220, True, 0), (640, False, 2), (220, True, 0)):
        canvas.resize(width, 300)
        QApplication.processEvents()
        canvas.draw_now()
        axes = canvas.figure.axes[0]
        assert (axes.get_legend() is not None) is has_legend
        assert sum(text.get_text() in {"train", "validation"} for text in axes.texts) == name_count


def test_the_name_of_a_level_avoids_the_curves(canvas: PlotCanvas) -> None:
    x = np.arange(1.0, 101.0)
    for flat_from in (0, 50):
        y = np.where(x > flat_from, 10.5 if flat_from else 30.0, 40.0)
        y[20 : 60 if not flat_from else 20] = 10.5
        canvas.show_panels([Panel("a", "x", (curve("a", x, y),), (Level("circuit", 10.0),), grows=True)])
        canvas.draw_now()
        name = next(text for text in canvas.figure.axes[0].texts if text.get_text() == "circuit")
        row = np.argmin(np.abs(x - 100 * name.xy[0]))
        assert y[row] != 10.5


def test_many_curves_get_a_legend_instead_of_names(canvas: PlotCanvas) -> None:
    canvas.show_panels([Panel("a", "x", tuple(curve(f"model {n}", [1, 2], [n, n + 1], ink=n) for n in range(20)))])
    canvas.draw_now()
    assert canvas.figure.axes[0].get_legend() is not None
    assert not any(text.get_text().startswith("model") for text in canvas.figure.axes[0].texts)


def test_plot_keys_take_precedence_over_window_shortcuts(qtbot: QtBot, theme: Theme) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    plot = PlotCanvas(theme, "Errors")
    window.setCentralWidget(plot)
    window_actions: list[bool] = []
    action = QAction("log", window)
    action.setShortcut("L")
    action.triggered.connect(lambda: window_actions.append(True))
    window.addAction(action)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    plot.show_panels(loss_panels(30))
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_L)
    qtbot.keyClick(plot, Qt.Key.Key_G)
    assert not window_actions
    assert (plot.options.log, plot.options.grid) == (True, False)


def test_keys_zoom_pan_and_show_all_in_both_panels(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(signal_panels())
    canvas.draw_now()
    home = visible_x_range(canvas.panels, canvas.view)
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Right):
        qtbot.keyClick(canvas, key)
    canvas.draw_now()
    visible = visible_x_range(canvas.panels, canvas.view)
    assert visible[1] - visible[0] == pytest.approx(0.49 * (home[1] - home[0]))
    assert sum(visible) > sum(home)
    assert [axes.get_xlim() for axes in canvas.figure.axes] == [pytest.approx(visible)] * 2
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert set(canvas.view.y) == {0, 1}
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    assert canvas.view == View()


def test_the_wheel_zooms_at_the_pointer(canvas: PlotCanvas) -> None:
    canvas.show_panels(signal_panels())
    canvas.draw_now()
    position = QPointF(canvas.width() / 2, canvas.height() / 4)
    wheel = QWheelEvent(
        position,
        canvas.mapToGlobal(position),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, wheel)
    assert canvas.view.x is not None
    assert canvas.view.x[0] > 0 and canvas.view.x[1] < 5000


def test_hovering_shows_the_nearest_values(canvas: PlotCanvas, qtbot: QtBot) -> None:
    panels = [Panel("U / V", "time / s", (curve("a", [0, 1, 2, 10], [5, 6, NAN, 8]), curve("late", [4, 5], [1, 1])))]
    assert [line.text for line in readout_lines(panels, 1.2)] == ["time 1 s", "a 6 V"]
    assert [line.text for line in readout_lines(panels, 9.0)] == ["time 10 s", "a 8 V"]
    assert readout_lines(panels, 2.1) == [] and readout_lines(panels, 11.0) == []
    canvas.show_panels(signal_panels())
    canvas.draw_now()
    unhovered = canvas.grab().toImage()
    qtbot.mouseMove(canvas, QPoint(300, 100))
    qtbot.waitUntil(lambda: canvas.grab().toImage() != unhovered)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: canvas.grab().toImage() == unhovered)


def test_a_shift_drag_zooms_to_its_span(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(signal_panels())
    canvas.draw_now()
    shift, left = Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    qtbot.mousePress(canvas, left, shift, QPoint(200, 80))
    qtbot.mouseMove(canvas, QPoint(300, 90))
    qtbot.mouseRelease(canvas, left, shift, QPoint(300, 90))
    assert canvas.view.x is not None
    assert 0 < canvas.view.x[1] - canvas.view.x[0] < 1500


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
@pytest.mark.parametrize("width_mm", [COLUMN_MM, PAGE_MM])
def test_files_have_the_requested_width(canvas: PlotCanvas, tmp_path: Path, kind: str, width_mm: float) -> None:
    canvas.show_panels(signal_panels())
    path = tmp_path / f"plot.{kind}"
    canvas.save(path, width_mm)
    content = path.read_bytes()
    if kind == "pdf":
        box = re.search(rb"/MediaBox \[ ?0 0 ([0-9.]+)", content)
        assert box and float(box[1]) == pytest.approx(width_mm / 25.4 * 72, abs=0.5)
        assert b"/FontFile2" in content
    elif kind == "svg":
        width = re.search(rb'<svg[^>]* width="([0-9.]+)pt"', content)
        assert width and float(width[1]) == pytest.approx(width_mm / 25.4 * 72, abs=0.5)
        assert b"<text" not in content
    else:
        assert QImage.fromData(content).width() == pytest.approx(width_mm / 25.4 * 300, abs=2)


def test_a_saved_plot_is_light_in_a_dark_window(canvas: PlotCanvas, theme: Theme, tmp_path: Path) -> None:
    theme.set_choice("dark")
    canvas.show_panels(loss_panels(20))
    canvas.draw_now()
    canvas.save(tmp_path / "plot.png", COLUMN_MM)
    assert QImage(str(tmp_path / "plot.png")).pixelColor(3, 3).name() == "#ffffff"
    pixel = np.asarray(canvas.buffer_rgba())[3, 3]
    assert tuple(int(part) for part in pixel[:3]) == (0x1B, 0x21, 0x2B)


def test_csv_holds_the_visible_rows_at_full_resolution() -> None:
    rows = table(signal_panels(), View((10.0, 19.5)), Options()).splitlines()
    assert rows[0] == "time / s,measured (Voltage / V),LSTM (Voltage / V),error (Error / mV)"
    assert [row.split(",")[0] for row in rows[1:]] == [str(n) for n in range(10, 20)]


def test_csv_of_curves_with_different_rows_and_gaps() -> None:
    panel = Panel("a", "x", (curve("one", [1, 2], [1.5, NAN]), curve("two", [2, 3], [5, 6])))
    assert table([panel], View((0, 9)), Options()).splitlines() == ["x,one (a),two (a)", "1,1.5,", "2,,5", "3,,6"]


def test_csv_of_bars() -> None:
    bars = (BarGroup("circuit", (25.3, NAN), "muted"), BarGroup("LSTM", (7.76, 8.0)))
    rows = table([Panel("RMSE by file / mV", categories=("a.csv", "b.csv"), bars=bars)], View(), Options())
    assert rows.splitlines() == [",circuit / mV,LSTM / mV", "a.csv,25.3,7.76", "b.csv,,8"]


def test_a_file_that_cannot_be_written_gives_a_message(canvas: PlotCanvas, qtbot: QtBot, tmp_path: Path) -> None:
    canvas.show_panels(loss_panels(20))
    with qtbot.waitSignal(canvas.failed) as signal_spy:
        canvas.save(tmp_path / "missing" / "plot.pdf", COLUMN_MM)
    assert signal_spy.args == [
        '"plot.pdf" could not be written: No such file or directory. Choose another folder or file type.'
    ]


def test_a_csv_is_written_in_the_background(canvas: PlotCanvas, qtbot: QtBot, tmp_path: Path) -> None:
    canvas.show_panels(signal_panels(20_000))
    with qtbot.waitSignal(canvas.saved) as signal_spy:
        canvas.save(tmp_path / "plot.csv", 0.0)
    assert signal_spy.args == [str(tmp_path / "plot.csv")]
    assert len((tmp_path / "plot.csv").read_text().splitlines()) == 20_001
    with qtbot.waitSignal(canvas.failed):
        canvas.save(tmp_path / "missing" / "plot.csv", 0.0)


def test_copying_puts_a_picture_on_the_clipboard(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss_panels(20))
    qtbot.keyClick(canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None and clipboard.image().width() > 1000


def test_a_popped_out_window_follows_and_closes_with_the_plot(qtbot: QtBot, theme: Theme) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    layout = QVBoxLayout(parent)
    plot = PlotCanvas(theme, "Errors", parent)
    layout.addWidget(plot)
    parent.show()
    plot.show_panels(loss_panels(20))
    qtbot.keyClick(plot, Qt.Key.Key_F11)
    copies = list(plot.findChildren(PlotCanvas))
    assert len(copies) == 1 and copies[0].isVisible()
    plot.show_panels(loss_panels(33))
    assert copies[0].panels == plot.panels
    with qtbot.waitSignal(copies[0].destroyed):
        qtbot.keyClick(copies[0], Qt.Key.Key_F11)
    plot.pop_out()
    with qtbot.waitSignal(plot.destroyed):
        remove_canvas(plot, layout)
    assert not [window for window in QApplication.topLevelWidgets() if window.windowTitle() == "Errors"]


def test_the_accessible_description_summarizes_the_plot(canvas: PlotCanvas) -> None:
    canvas.show_panels(loss_panels(30))
    canvas.draw_now()
    assert canvas.accessibleName() == "Errors"
    assert canvas.accessibleDescription() == (
        "RMSE / mV over epoch from 0 to 30: train from 26.4 to 3.2, lowest 3.2, highest 26.4; validation from 33 to 4, "
        "lowest 4, highest 33; circuit 9.8 mV at 9.8; best at 30: 4."
    )


def test_a_focused_plot_has_a_ring(canvas: PlotCanvas, qtbot: QtBot, theme: Theme) -> None:
    canvas.show_panels(loss_panels(20))
    canvas.draw_now()
    canvas.activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    assert canvas.grab().toImage().pixelColor(0, 0).name().upper() == theme.tokens.accent.upper()
