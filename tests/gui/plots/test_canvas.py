"""The canvas: what it draws, how often, what its keys do, and what it writes."""

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

from vestim_gui.plots.canvas import PlotCanvas, remove_canvas
from vestim_gui.plots.content import BarGroup, Level, Mark, Options, Panel, View, curve
from vestim_gui.plots.export import COLUMN_MM, PAGE_MM, table
from vestim_gui.plots.live import Part
from vestim_gui.plots.ranges import x_shown
from vestim_gui.plots.readout import readout
from vestim_gui.theme.theme import Theme

NAN = math.nan


@pytest.fixture
def canvas(qtbot: QtBot, theme: Theme) -> Iterator[PlotCanvas]:
    shown = PlotCanvas(theme, "Errors")
    qtbot.addWidget(shown)
    shown.resize(640, 400)
    shown.show()
    qtbot.waitExposed(shown)
    yield shown
    shown.hide()


def test_what_is_not_drawn_yet_has_the_colour_of_the_theme(qtbot: QtBot, theme: Theme) -> None:
    shown = PlotCanvas(theme, "Errors")
    qtbot.addWidget(shown)
    for choice in ("dark", "light"):
        theme.set_choice(choice)
        assert shown.palette().color(shown.backgroundRole()).name() == theme.tokens.surface.lower()


def loss(epochs: int, *, bad: float = 0.0) -> list[Panel]:
    x = np.arange(1, epochs + 1)
    y = 30 / x + 3 + bad
    return [
        Panel(
            "RMSE / mV",
            "epoch",
            (curve("train", x, 0.8 * y, smoothable=True), curve("validation", x, y, ink=1, smoothable=True)),
            (Level("circuit 9.8 mV", 9.8),),
            (Mark("best", float(epochs), float(y[-1])),),
            grows=True,
            may_be_log=True,
        )
    ]


def signal(rows: int = 5000) -> list[Panel]:
    x = np.arange(float(rows))
    y = 4 - x / rows
    return [
        Panel("Voltage / V", "time / s", (curve("measured", x, y, ink="text"), curve("LSTM", x, y + 0.004))),
        Panel("Error / mV", "time / s", (curve("error", x, np.full(rows, 4.0), label=False),), share=0.4, zero=True),
    ]


def test_a_live_curve_is_blitted_and_the_axes_move_in_steps(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss(21))
    qtbot.waitUntil(lambda: canvas.redraws[Part.ALL] > 0 and not canvas._pacer.waiting)
    whole = canvas.redraws[Part.ALL]
    for epochs in range(22, 31):
        canvas.show_panels(loss(epochs))
        canvas._pacer.run()
    assert canvas.redraws == {Part.CURVES: 9, Part.ALL: whole}
    canvas.show_panels(loss(31))
    canvas._pacer.run()
    assert canvas.redraws[Part.ALL] == whole + 1


def test_what_is_blitted_is_what_a_whole_draw_gives(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss(21))
    qtbot.waitUntil(lambda: not canvas._pacer.waiting)
    canvas.show_panels(loss(29))
    canvas._pacer.run()
    assert canvas.redraws[Part.CURVES] == 1
    blitted = np.asarray(canvas.buffer_rgba()).copy()
    canvas.draw_now()
    assert np.array_equal(blitted, np.asarray(canvas.buffer_rgba()))


def test_it_redraws_thirty_times_a_second_at_most(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss(21))
    qtbot.waitUntil(lambda: not canvas._pacer.waiting)
    before = sum(canvas.redraws.values())
    for _ in range(200):
        canvas.show_panels(loss(22))
        QApplication.processEvents()
    qtbot.waitUntil(lambda: not canvas._pacer.waiting)
    assert sum(canvas.redraws.values()) - before < 100


def test_a_hidden_plot_draws_nothing_until_it_is_seen(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss(21))
    qtbot.waitUntil(lambda: not canvas._pacer.waiting)
    canvas.hide()
    before = dict(canvas.redraws)
    canvas.show_panels(loss(40))
    canvas._pacer.run()
    assert canvas.redraws == before
    canvas.show()
    qtbot.waitUntil(lambda: canvas.redraws[Part.ALL] > before[Part.ALL])


def test_no_values_kill_a_plot(canvas: PlotCanvas) -> None:
    odd: list[list[float]] = [[], [NAN], [NAN] * 50, [math.inf, 1.0], [0.0, -1.0, 2.0], [5.0], [1.0] * 50]
    levels, marks = (Level("none", NAN),), (Mark("m", NAN, NAN),)
    for y, log, smooth in itertools.product(odd, (False, True), (False, True)):
        canvas.set_options(log=log, smooth=smooth)
        shown = (curve("a", range(len(y)), y, smoothable=True),)
        canvas.show_panels([Panel("A", "x", shown, levels, marks, may_be_log=True, grows=True)])
        canvas.draw_now()
        assert "A" in canvas.accessibleDescription()


def test_smoothing_keeps_the_raw_line_faint(canvas: PlotCanvas) -> None:
    canvas.show_panels(loss(50))
    canvas.set_options(smooth=True)
    canvas.draw_now()
    lines = [line for line in canvas.figure.axes[0].lines if len(line.get_xdata()) == 50]
    assert sorted(line.get_alpha() or 1.0 for line in lines) == [0.28, 0.28, 1.0, 1.0]


def test_names_stand_at_the_ends_and_do_not_overlap(canvas: PlotCanvas) -> None:
    canvas.show_panels(loss(30))
    canvas.draw_now()
    texts = [text for text in canvas.figure.axes[0].texts if text.get_text() in {"train", "validation"}]
    boxes = [text.get_window_extent() for text in texts]
    assert len(boxes) == 2 and not boxes[0].overlaps(boxes[1])
    for box in boxes:
        assert box.x1 <= canvas.figure.bbox.x1


def test_a_narrow_plot_has_a_legend_until_it_is_wide_again(canvas: PlotCanvas) -> None:
    canvas.show_panels(loss(30))
    for width, legend, names in ((220, True, 0), (640, False, 2), (220, True, 0)):
        canvas.resize(width, 300)
        QApplication.processEvents()
        canvas.draw_now()
        axes = canvas.figure.axes[0]
        assert (axes.get_legend() is not None) is legend
        assert sum(text.get_text() in {"train", "validation"} for text in axes.texts) == names


def test_the_name_of_a_level_keeps_clear_of_the_curves(canvas: PlotCanvas) -> None:
    x = np.arange(1.0, 101.0)
    for flat_from in (0, 50):
        y = np.where(x > flat_from, 10.5 if flat_from else 30.0, 40.0)
        y[20 : 60 if not flat_from else 20] = 10.5
        canvas.show_panels([Panel("a", "x", (curve("a", x, y),), (Level("circuit", 10.0),), grows=True)])
        canvas.draw_now()
        name = next(text for text in canvas.figure.axes[0].texts if text.get_text() == "circuit")
        at = np.argmin(np.abs(x - 100 * name.xy[0]))
        assert y[at] != 10.5


def test_many_curves_get_a_legend_instead(canvas: PlotCanvas) -> None:
    canvas.show_panels([Panel("a", "x", tuple(curve(f"model {n}", [1, 2], [n, n + 1], ink=n) for n in range(20)))])
    canvas.draw_now()
    assert canvas.figure.axes[0].get_legend() is not None
    assert not any(text.get_text().startswith("model") for text in canvas.figure.axes[0].texts)


def test_keys_come_before_the_shortcuts_of_the_window(qtbot: QtBot, theme: Theme) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    plot = PlotCanvas(theme, "Errors")
    window.setCentralWidget(plot)
    stolen: list[bool] = []
    action = QAction("log", window)
    action.setShortcut("L")
    action.triggered.connect(lambda: stolen.append(True))
    window.addAction(action)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    plot.show_panels(loss(30))
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_L)
    qtbot.keyClick(plot, Qt.Key.Key_G)
    assert not stolen
    assert (plot.options.log, plot.options.grid) == (True, False)


def test_keys_zoom_pan_and_come_home_with_the_strip(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(signal())
    canvas.draw_now()
    home = x_shown(canvas.panels, canvas.view)
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Right):
        qtbot.keyClick(canvas, key)
    canvas.draw_now()
    shown = x_shown(canvas.panels, canvas.view)
    assert shown[1] - shown[0] == pytest.approx(0.49 * (home[1] - home[0]))
    assert sum(shown) > sum(home)
    assert [axes.get_xlim() for axes in canvas.figure.axes] == [pytest.approx(shown)] * 2
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert set(canvas.view.y) == {0, 1}
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    assert canvas.view == View()


def test_the_wheel_zooms_at_the_pointer(canvas: PlotCanvas) -> None:
    canvas.show_panels(signal())
    canvas.draw_now()
    place = QPointF(canvas.width() / 2, canvas.height() / 4)
    wheel = QWheelEvent(
        place,
        canvas.mapToGlobal(place),
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


def test_pointing_tells_the_nearest_values(canvas: PlotCanvas, qtbot: QtBot) -> None:
    panels = [Panel("U / V", "time / s", (curve("a", [0, 1, 2, 10], [5, 6, NAN, 8]), curve("late", [4, 5], [1, 1])))]
    assert [line.text for line in readout(panels, 1.2)] == ["time 1 s", "a 6 V"]
    assert [line.text for line in readout(panels, 9.0)] == ["time 10 s", "a 8 V"]
    assert readout(panels, 2.1) == [] and readout(panels, 11.0) == []
    canvas.show_panels(signal())
    canvas.draw_now()
    plain = canvas.grab().toImage()
    qtbot.mouseMove(canvas, QPoint(300, 100))
    qtbot.waitUntil(lambda: canvas.grab().toImage() != plain)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: canvas.grab().toImage() == plain)


def test_a_drag_with_shift_zooms_into_what_it_passed(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(signal())
    canvas.draw_now()
    shift, left = Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    qtbot.mousePress(canvas, left, shift, QPoint(200, 80))
    qtbot.mouseMove(canvas, QPoint(300, 90))
    qtbot.mouseRelease(canvas, left, shift, QPoint(300, 90))
    assert canvas.view.x is not None
    assert 0 < canvas.view.x[1] - canvas.view.x[0] < 1500


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
@pytest.mark.parametrize("width_mm", [COLUMN_MM, PAGE_MM])
def test_files_have_the_width_of_a_column(canvas: PlotCanvas, tmp_path: Path, kind: str, width_mm: float) -> None:
    canvas.show_panels(signal())
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


def test_a_saved_plot_is_light_whatever_the_window_is(canvas: PlotCanvas, theme: Theme, tmp_path: Path) -> None:
    theme.set_choice("dark")
    canvas.show_panels(loss(20))
    canvas.draw_now()
    canvas.save(tmp_path / "plot.png", COLUMN_MM)
    assert QImage(str(tmp_path / "plot.png")).pixelColor(3, 3).name() == "#ffffff"
    shown = np.asarray(canvas.buffer_rgba())[3, 3]
    assert tuple(int(part) for part in shown[:3]) == (0x1B, 0x21, 0x2B)


def test_csv_holds_the_rows_in_sight_at_full_resolution() -> None:
    rows = table(signal(), View((10.0, 19.5)), Options()).splitlines()
    assert rows[0] == "time / s,measured (Voltage / V),LSTM (Voltage / V),error (Error / mV)"
    assert [row.split(",")[0] for row in rows[1:]] == [str(n) for n in range(10, 20)]


def test_csv_of_curves_with_different_rows_and_gaps() -> None:
    panel = Panel("a", "x", (curve("one", [1, 2], [1.5, NAN]), curve("two", [2, 3], [5, 6])))
    assert table([panel], View((0, 9)), Options()).splitlines() == ["x,one (a),two (a)", "1,1.5,", "2,,5", "3,,6"]


def test_csv_of_bars() -> None:
    bars = (BarGroup("circuit", (25.3, NAN), "muted"), BarGroup("LSTM", (7.76, 8.0)))
    rows = table([Panel("RMSE by file / mV", categories=("a.csv", "b.csv"), bars=bars)], View(), Options())
    assert rows.splitlines() == [",circuit / mV,LSTM / mV", "a.csv,25.3,7.76", "b.csv,,8"]


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(canvas: PlotCanvas, qtbot: QtBot, tmp_path: Path) -> None:
    canvas.show_panels(loss(20))
    with qtbot.waitSignal(canvas.failed) as told:
        canvas.save(tmp_path / "missing" / "plot.pdf", COLUMN_MM)
    assert told.args == [
        '"plot.pdf" could not be written: No such file or directory. Choose another folder or file type.'
    ]


def test_a_csv_is_written_beside_the_window(canvas: PlotCanvas, qtbot: QtBot, tmp_path: Path) -> None:
    canvas.show_panels(signal(20_000))
    with qtbot.waitSignal(canvas.saved) as told:
        canvas.save(tmp_path / "plot.csv", 0.0)
    assert told.args == [str(tmp_path / "plot.csv")]
    assert len((tmp_path / "plot.csv").read_text().splitlines()) == 20_001
    with qtbot.waitSignal(canvas.failed):
        canvas.save(tmp_path / "missing" / "plot.csv", 0.0)


def test_copying_puts_a_picture_on_the_clipboard(canvas: PlotCanvas, qtbot: QtBot) -> None:
    canvas.show_panels(loss(20))
    qtbot.keyClick(canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None and clipboard.image().width() > 1000


def test_a_window_of_its_own_follows_and_goes_with_the_plot(qtbot: QtBot, theme: Theme) -> None:
    place = QWidget()
    qtbot.addWidget(place)
    layout = QVBoxLayout(place)
    plot = PlotCanvas(theme, "Errors", place)
    layout.addWidget(plot)
    place.show()
    plot.show_panels(loss(20))
    qtbot.keyClick(plot, Qt.Key.Key_F11)
    copies = list(plot.findChildren(PlotCanvas))
    assert len(copies) == 1 and copies[0].isVisible()
    plot.show_panels(loss(33))
    assert copies[0].panels == plot.panels
    with qtbot.waitSignal(copies[0].destroyed):
        qtbot.keyClick(copies[0], Qt.Key.Key_F11)
    plot.pop_out()
    with qtbot.waitSignal(plot.destroyed):
        remove_canvas(plot, layout)
    assert not [window for window in QApplication.topLevelWidgets() if window.windowTitle() == "Errors"]


def test_the_summary_says_what_is_shown(canvas: PlotCanvas) -> None:
    canvas.show_panels(loss(30))
    canvas.draw_now()
    assert canvas.accessibleName() == "Errors"
    assert canvas.accessibleDescription() == (
        "RMSE / mV over epoch from 0 to 30: train from 26.4 to 3.2, lowest 3.2, highest 26.4; validation from 33 to 4, "
        "lowest 4, highest 33; circuit 9.8 mV at 9.8; best at 30: 4."
    )


def test_the_focus_has_a_ring(canvas: PlotCanvas, qtbot: QtBot, theme: Theme) -> None:
    canvas.show_panels(loss(20))
    canvas.draw_now()
    canvas.activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    assert canvas.grab().toImage().pixelColor(0, 0).name().upper() == theme.tokens.accent.upper()
