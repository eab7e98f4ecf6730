"""The pictures of the README: `python -m tests.gui.readme_pictures FOLDER`, on a real display.

The real window with a real daemon in its own home trains the demo, as the button in its empty state does; pictures in
both themes are taken when it is done. Nothing on them is made up.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QPushButton, QWidget

from vestim_core.client import Client, list_all_jobs
from vestim_core.system import Home
from vestim_gui.application import create_application, create_context, page_factories
from vestim_gui.first_run.coach import COACH_MARKS
from vestim_gui.first_run.note_card import NoteCard
from vestim_gui.link.link_state import LinkPhase
from vestim_gui.shell.main_window import MainWindow

SIZE = (1280, 800)
TIMEOUT_MS = 300_000  # most that training the demo may take, in ms
SETTLE_MS = 1_500  # ms until a new theme is painted


def main(folder: Path) -> None:
    """Write `window_light.png` and `window_dark.png`."""
    home = Path(tempfile.mkdtemp(prefix="vestim-"))
    os.environ["VESTIM_HOME"] = str(home)
    try:
        _take_pictures(Home.find(), folder)
    finally:
        with Client(Home(home), start=False) as client:
            client.call("shutdown", stop_jobs=True)
        shutil.rmtree(home, ignore_errors=True)


def _take_pictures(home: Home, folder: Path) -> None:
    home.ensure()
    app = create_application()
    ctx = create_context(app, home)
    ctx.settings.change(theme="light", coach_seen=[hint.key for hint in COACH_MARKS])
    window = MainWindow(ctx, page_factories(ctx))
    window.resize(*SIZE)
    window.show()
    ctx.link.start()
    _wait_until(lambda: ctx.link.state.phase is LinkPhase.LIVE)
    _wait_until(lambda: _button(window, "Train the demo model") is not None)
    _press(window, "Train the demo model")
    with Client(home, start=False) as client:
        _wait_until(lambda: any(job["state"] == "done" for job in list_all_jobs(client.call)))
    _wait_until(lambda: _button(window, "See where it errs") is not None)
    for note in window.findChildren(NoteCard):
        note.close_card()
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        ctx.settings.change(theme=theme)
        QTest.qWait(SETTLE_MS)
        assert window.grab().save(str(folder / f"window_{theme}.png"))
    ctx.link.close()
    window.close()


def _button(window: QWidget, text: str) -> QPushButton | None:
    visible_buttons = (button for button in window.findChildren(QPushButton) if button.isVisible())
    return next((button for button in visible_buttons if button.text().startswith(text)), None)


def _press(window: QWidget, text: str) -> None:
    button = _button(window, text)
    assert button is not None
    button.click()


def _wait_until(condition: Callable[[], bool]) -> None:
    waited_ms = 0
    while not condition():
        QTest.qWait(50)
        waited_ms += 50
        assert waited_ms < TIMEOUT_MS
    QApplication.processEvents()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
