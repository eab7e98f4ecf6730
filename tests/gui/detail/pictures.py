"""Pictures of the page of a job in every state: `python -m tests.gui.detail.pictures FOLDER [THEME...]`.

Each picture is checked before it is written: a text that does not fit, on a widget or in a plot, is reported and makes
the exit code 1. QT_SCALE_FACTOR scales.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from matplotlib.text import Text
from PyQt6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from tests.gui.detail.job_script import JOB, JobScript, add_prediction_files, finished_job
from tests.gui.fake_link import FakeLink
from tests.gui.wait_limits import WAIT_S
from vestim_gui.actions import Actions
from vestim_gui.context import Context, Navigator
from vestim_gui.detail.detail_page import DetailPage
from vestim_gui.plots.canvas import PlotCanvas
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell.toasts import Toasts
from vestim_gui.store.catalog import Catalog
from vestim_gui.theme.theme import Theme
from vestim_gui.widgets.elided_label import ElidedLabel

SIZE = (900, 760)
TOLERANCE_PX = 1.5  # rounding of text extents
SETTLE_S = 0.8  # s until a page is laid out and its plots are drawn, at least
TESTS = ("test_001", "test_002", "baseline_1")


def install_done(link: FakeLink) -> None:
    """Trained, tested, better than the circuit."""
    script = finished_job()
    script.add_task("train_002", "train", "FNN 64-32", "running").add_epochs(45, "train_002", first=1)
    script.add_task("train_002", "train", "FNN 64-32", "done").add_test(2, "FNN 64-32", 17.1, 28.5)
    band = {"level": 0.95, "half_width_mV": 9.97, "calibration_rows": 900, "coverage": 0.725}
    script.add_event("result", "test_001", band=band)
    sentence_start = (
        "With the SOC of each file scaled and shifted as suits the circuit best, its RMSE falls from 27.3 to 19.2 mV: "
    )
    label_check = {"message": f"{sentence_start}label error would explain at most 50 % of its squared error."}
    script.add_event("result", "baseline_1", label_check=label_check)
    script.install(link)


def install_running(link: FakeLink) -> None:
    """One model trains."""
    script = JobScript().add_baseline(9.8, 12.0).add_task("train_001", "train", "LSTM 24", "running").add_epochs(37)
    script.add_task("test_001", "test", "LSTM 24", "waiting")
    script.install(link, state="running", fraction=0.62, ended_utc="")


def install_waiting(link: FakeLink) -> None:
    """The data is read."""
    script = JobScript().add_task("prepare_1", "prepare", "Prepare data", "running")
    script.add_event("phase", phase="hyperparameters", state="done", message="")
    script.add_event("phase", "prepare_1", phase="data_import", state="running", message="read 3 of 7 files")
    row = {"state": "running", "phase": "data_import", "activity": "read 3 of 7 files", "fraction": 0.05}
    script.install(link, ended_utc="", **row)


def install_failed(link: FakeLink) -> None:
    """The loss became NaN."""
    error = {
        "code": "failed",
        "message": "Training stopped at epoch 24: the loss became NaN. The learning rate 0.05 is probably too high. "
        "The best model (epoch 21, 8.9 mV) is kept.",
        "location": "training.learning_rate",
        "actions": ["Retry with 0.005"],
    }
    script = JobScript().add_baseline().add_task("train_001", "train", "LSTM 24", "running").add_epochs(23)
    script.add_task("train_001", "train", "LSTM 24", "failed", error)
    script.install(link, state="failed", fraction=0.4, error=error)


def install_many(link: FakeLink) -> None:
    """Two hundred models."""
    script = JobScript().add_baseline()
    for index in range(1, 201):
        task, state = f"train_{index:03}", "done" if index < 80 else "running" if index < 82 else "waiting"
        script.add_task(task, "train", f"LSTM 24, learning_rate {index / 1000:g}, rep {index}", state)
        if state != "waiting":
            script.add_epochs(30, task)
    script.add_test(1, "LSTM 24, learning_rate 0.001, rep 1", 4.0, 7.76)
    started_utc = (datetime.now(UTC) - timedelta(minutes=21)).isoformat()
    script.install(link, state="running", fraction=0.41, started_utc=started_utc, ended_utc="")


SCENES: dict[str, tuple[Callable[[FakeLink], None], str]] = {
    "done": (install_done, "overview"),
    "running": (install_running, "overview"),
    "waiting": (install_waiting, "overview"),
    "failed": (install_failed, "overview"),
    "many": (install_many, "overview"),
    "curves": (install_done, "curves"),
    "predictions": (install_done, "predictions"),
    "settings": (install_done, "settings"),
    "files": (install_done, "files"),
    "log": (install_done, "log"),
}


def clipped_texts(page: QWidget) -> Iterator[str]:
    """Texts that do not fit their widget or plot."""
    for widget in page.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, QLabel | QAbstractButton) or not widget.text():
            continue
        if isinstance(widget, ElidedLabel):
            fits = widget._elided_text() == widget.text()
        elif isinstance(widget, QLabel) and widget.wordWrap():
            fits = widget.heightForWidth(widget.width()) <= widget.height()
        else:
            fits = widget.minimumSizeHint().width() <= widget.width()
            fits = fits and widget.minimumSizeHint().height() <= widget.height()
        if not fits:
            yield f"{type(widget).__name__} {widget.text()!r} in {widget.width()} x {widget.height()}"
    for canvas in page.findChildren(PlotCanvas):
        if canvas.isVisible() and canvas.panels:
            yield from (f"{text!r} in the plot {canvas.accessibleName()!r}" for text in _clipped_plot_texts(canvas))


def _clipped_plot_texts(canvas: PlotCanvas) -> Iterator[str]:
    canvas.draw_now()
    bounds = canvas.figure.bbox
    tolerance = TOLERANCE_PX * canvas.device_pixel_ratio
    axes = [axis for part in canvas.figure.axes for axis in (part.xaxis, part.yaxis)]
    ticks = {id(tick) for axis in axes for tick in axis._update_ticks()}
    unused = {tick.label1 for axis in axes for tick in axis.get_major_ticks() if id(tick) not in ticks}
    for text in canvas.figure.findobj(Text):
        if not text.get_visible() or not text.get_text().strip() or text in unused:
            continue
        box = text.get_window_extent()
        fits = (
            box.x0 >= -tolerance
            and box.y0 >= -tolerance
            and box.x1 <= bounds.x1 + tolerance
            and box.y1 <= bounds.y1 + tolerance
        )
        on_screen = box.x1 >= 0 and box.x0 <= bounds.x1 and box.y1 >= 0 and box.y0 <= bounds.y1
        if on_screen and not fits:
            yield text.get_text()


def take_picture(app: QApplication, theme: Theme, name: str, path: Path) -> list[str]:
    """Write the picture of one scene; return the clipped texts in it, or that it is blank."""
    install, tab = SCENES[name]
    link = FakeLink()
    install(link)
    add_prediction_files(link, *TESTS)
    artifacts = [{"path": path, "bytes": len(content)} for (_, path), content in link.files.items()]
    link.handlers["list_artifacts"] = lambda job_id: {"artifacts": artifacts}
    link.handlers["daemon_status"] = lambda: {"workspace": "/home/user/Vestim"}
    folder = path.parent
    ctx = Context(
        link,
        Catalog(link),
        theme,
        SettingsStore(folder / "settings.json"),
        Session(folder / f"{path.stem}.json"),
        Actions(theme),
        Toasts(),
        Navigator(),
    )
    page = DetailPage(ctx)
    page.setAutoFillBackground(True)
    page.setContentsMargins(8, 8, 8, 8)
    page.resize(*SIZE)
    link.start()
    page.show()
    page.show_job(JOB, tab)
    deadline_s = time.monotonic() + WAIT_S
    while time.monotonic() < deadline_s and not (page.feed and page.feed.history.seq and page.feed.details):
        app.processEvents()
    settled_s = time.monotonic() + SETTLE_S
    while time.monotonic() < settled_s or (time.monotonic() < deadline_s and any(clipped_texts(page))):
        app.processEvents()
    defects = [f"{name}: {text}" for text in clipped_texts(page)]
    picture = page.grab()
    picture.save(str(path))
    image = picture.toImage().convertToFormat(picture.toImage().Format.Format_RGB32)
    bits = image.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asarray(image.sizeInBytes()), np.uint32)
    if len(np.unique(pixels)) < 20:
        defects.append(f"{name}: the picture is blank")
    page.close_job()
    link.close()
    page.deleteLater()
    app.processEvents()
    return defects


def main() -> int:
    """Take all pictures."""
    app = QApplication(sys.argv[:1])
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    defects = []
    with tempfile.TemporaryDirectory() as drawings:
        theme = Theme(app, Path(drawings), "light")
        for choice in sys.argv[2:] or ["light", "dark"]:
            theme.set_choice(choice)
            for name in SCENES:
                defects += take_picture(app, theme, name, folder / f"{name}_{choice}.png")
    print("\n".join(defects))
    return int(bool(defects))


if __name__ == "__main__":
    raise SystemExit(main())
