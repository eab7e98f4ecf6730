"""`python -m tests.gui.screens THEME FOLDER`: the window with all its pages over a scripted daemon, as pictures.

The texts on each picture, and those that do not fit, are printed as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt6.QtGui import QImage
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from tests.gui.fake_link import FakeLink, epoch_event, summary
from tests.gui.wait_limits import WAIT_S
from vestim_gui.actions import Actions
from vestim_gui.application import create_application, page_factories
from vestim_gui.context import Context, Navigator
from vestim_gui.import_job.import_dialog import ImportDialog
from vestim_gui.link.link_state import LinkPhase
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell.main_window import MainWindow
from vestim_gui.shell.toasts import Toasts
from vestim_gui.store.catalog import Catalog
from vestim_gui.theme.theme import Theme
from vestim_gui.widgets.elided_label import ElidedLabel

SETTLE_MS = 200  # ms until a page is laid out and painted
RUNNING, FAILED = "job_20260101-120000-aaaa", "job_20260101-110000-bbbb"
LONG_NAME = (
    "A name that somebody gave to a job and that is far too long for the place that it has, Panasonic 18650PF at 25 °C"
)
MACHINE = {"cpu_percent": 71.0, "cores": 2, "memory_used_MB": 3100, "memory_total_MB": 23000, "gpus": []}
MIN_COLORS = 24  # fewer colors than this mean a blank picture
IMPORTED_JOB = {
    "job_id": "job_20251014-180644",
    "state": "done",
    "models": 2,
    "notes": ["its noise was never recorded"],
}
IMPORTED = {
    "imported": [IMPORTED_JOB],
    "known": [{"job_id": "job_20250930-180644", "source": "/old"}],
    "skipped": [{"source": "/old/job_registry.json: job_20250811-160000", "message": "the entry names no job"}],
    "done": 3,
    "count": 3,
    "next": "",
}

EXPECTED_TEXTS = {
    "empty": [
        "Train your first battery model",
        "Train the demo model  (about 40 s)",
        "Open my data...",
        "Import a job...",
    ],
    "import": [
        "Import jobs of PyBattML",
        "1 job imported, 1 was there already, 1 could not be imported.",
        "Copy",
        "Close",
    ],
    "job": ["Voltage LSTM 1×32", "Pause", "Stop and keep best", "Duplicate...", "2 jobs"],
    "spec": ["Compare with"],
    "new_job": ["New job", "Summary", "Start", "Makes 1 model"],
    "settings": ["Appearance", "Background service", "Forget folders"],
    "away": ["Restart service", "1 running"],
}
"""For each picture, texts that its widgets must show."""
DIALOGS = {"import"}
"""Pictures that are not of the whole window."""


def main(theme: str, folder: Path) -> None:
    """Take the pictures and print their texts."""
    app = create_application()
    link = FakeLink(
        handlers={"daemon_status": lambda: {"machine": MACHINE}, "import_legacy": lambda **_params: IMPORTED}
    )
    theme_object = Theme(app, folder, theme)
    ctx = Context(
        link=link,
        jobs=Catalog(link),
        theme=theme_object,
        settings=SettingsStore(folder / "window.json"),
        session=Session(folder / "window_session.json"),
        actions=Actions(theme_object),
        toasts=Toasts(),
        navigate=Navigator(),
    )
    ctx.settings.change(theme=theme, coach_seen=["jobs", "curves", "filter", "palette", "new_job"])
    window = MainWindow(ctx, page_factories(ctx))
    window.resize(1280, 800)
    window.show()
    link.start()
    pictures = {"empty": _take_picture(window, folder, "empty")}
    window.import_jobs(["/old"])
    (dialog,) = window.findChildren(ImportDialog)
    pictures["import"] = _take_picture(dialog, folder, "import")
    dialog.close()
    _fill(link)
    _wait_until(lambda: len(ctx.jobs) == 2)
    window.open_job(RUNNING, "overview")
    pictures["job"] = _take_picture(window, folder, "job")
    window.open_job(RUNNING, "settings")
    pictures["spec"] = _take_picture(window, folder, "spec")
    window.open_page("new_job")
    pictures["new_job"] = _take_picture(window, folder, "new_job")
    window.open_page("settings")
    pictures["settings"] = _take_picture(window, folder, "settings")
    window.open_page("jobs")
    link.set_state(LinkPhase.RECONNECTING, 3, "Service not answering. Training goes on; reconnecting (3)...")
    ctx.toasts.show_toast("The training process was ended by the system at epoch 88 (signal 9).", "error", details="x")
    pictures["away"] = _take_picture(window, folder, "away")
    print(json.dumps(pictures), flush=True)
    os._exit(0)


def _fill(link: FakeLink) -> None:
    best = {"role": "validation", "metric": "rmse_mV", "value": 4.1234, "epoch": 40}
    running = summary(
        RUNNING, name="Voltage LSTM 1×32", state="running", phase="training", fraction=0.62, best=best, last_seq=40
    )
    link.add_job(running, [epoch_event(n, n) for n in range(1, 41)])
    error = {"code": "failed", "message": "the loss became NaN at epoch 24"}
    link.add_job(summary(FAILED, name=LONG_NAME, state="failed", fraction=0.1, error=error))


def _take_picture(window: QWidget, folder: Path, name: str) -> dict[str, Any]:
    _wait_until(lambda: set(EXPECTED_TEXTS[name]) <= {widget.text() for widget in _visible_texts(window)})
    QTest.qWait(SETTLE_MS)
    _wait_until(lambda: not any(map(_is_clipped, _visible_texts(window))))  # layout is late on a busy machine
    picture, widgets = window.grab(), _visible_texts(window)
    picture.save(str(folder / f"{name}.png"))
    return {
        "pixels": [picture.width(), picture.height()],
        "colors": len(_colors(picture.toImage())),
        "words": [widget.text() for widget in widgets],
        "clipped": [f"{type(widget).__name__}: {widget.text()}" for widget in widgets if _is_clipped(widget)],
    }


def _visible_texts(window: QWidget) -> list[QLabel | QAbstractButton]:
    """Visible widgets that show a text."""
    widgets = [widget for widget in window.findChildren(QWidget) if isinstance(widget, QLabel | QAbstractButton)]
    return [widget for widget in widgets if widget.isVisible() and widget.text().strip()]


def _wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true; on a timeout the reader of the picture reports what is missing."""
    deadline_s = time.monotonic() + WAIT_S
    while not condition() and time.monotonic() < deadline_s:
        QTest.qWait(20)


def _is_clipped(widget: QLabel | QAbstractButton) -> bool:
    """True if a text is larger than its widget. A label that is elided on purpose shows its full text as a tool tip."""
    if isinstance(widget, ElidedLabel):
        return False
    if isinstance(widget, QLabel) and widget.wordWrap():
        return widget.heightForWidth(widget.width()) > widget.height() + 1
    hint = widget.minimumSizeHint() if isinstance(widget, QLabel) else widget.sizeHint()
    return hint.width() > widget.width() + 1 or hint.height() > widget.height() + 1


def _colors(image: QImage) -> set[int]:
    """Colors of a grid of points; stops early once there are enough of them."""
    colors: set[int] = set()
    for y in range(0, image.height(), 3):
        for x in range(0, image.width(), 3):
            colors.add(image.pixel(x, y))
        if len(colors) > 10 * MIN_COLORS:
            break
    return colors


if __name__ == "__main__":
    assert QApplication.instance() is None
    main(sys.argv[1], Path(sys.argv[2]))
