"""Start of the window: time to the first paint, no heavy imports, memory."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.measurement import Measurement
from vestim_core.client import Client

STARTS = 3  # starts per median
START_S, MEMORY_MB = 2.0, 250.0  # product promises
WINDOW_PROGRAM = """
import json, sys, time
import psutil
from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QPaintEvent
from vestim_gui import application
from vestim_gui.detail.lazy_detail import LazyDetailPage
process = psutil.Process()
class Window(application.MainWindow):
    painted_s = 0.0
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.painted_s:
            self.painted_s = time.time() - process.create_time()
            QTimer.singleShot(0, self.wait_for_daemon)
    def wait_for_daemon(self) -> None:
        if not self._ctx.link.state.is_live:
            QTimer.singleShot(20, self.wait_for_daemon)
            return
        for page in sys.argv[1].split(","):
            self.open_page(page)
            if page == "a job":
                self.findChild(LazyDetailPage).page()
        QTimer.singleShot(1000, self.report)
    def report(self) -> None:
        heavy = sorted({"torch", "pandas", "scipy", "matplotlib"} & set(sys.modules))
        memory_MB = process.memory_info().rss / 1e6
        print(json.dumps({"painted_s": self.painted_s, "memory_MB": memory_MB, "heavy": heavy}), flush=True)
        self._close_for_good()
application.MainWindow = Window
sys.exit(application.main([]))
"""
"""Opens the real window; once it is painted and the daemon answers, opens pages and prints the measurements."""


def run() -> list[Measurement]:
    """All measurements in a fresh home. The first start only fills the page cache and does not count."""
    home = Path(tempfile.mkdtemp(prefix="vestim-"))
    os.environ["VESTIM_HOME"] = str(home)
    try:
        with Client() as client:
            client.call("hello")  # the daemon's start is measured elsewhere
            start_window("jobs")
            starts = [start_window("jobs") for _ in range(STARTS)]
            all_pages = start_window("jobs,new_job,settings,a job")
            client.call("shutdown", stop_jobs=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    painted_s = statistics.median(start["painted_s"] for start in starts)
    heavy = sorted({name for start in starts for name in start["heavy"]})
    return [
        _limited("window: painted in a new process", painted_s, START_S, "s"),
        Measurement("window: loaded until then", "no torch, pandas, scipy", ", ".join(heavy) or "none", not heavy),
        _limited("window: memory with its pages open", all_pages["memory_MB"], MEMORY_MB, "MB"),
    ]


def start_window(pages: str) -> dict[str, Any]:
    """Start the window, open these pages, and return seconds to the first paint, heavy imports and memory."""
    environment = os.environ | ({} if os.environ.get("DISPLAY") else {"QT_QPA_PLATFORM": "offscreen"})
    answer = subprocess.run(
        [sys.executable, "-c", WINDOW_PROGRAM, pages],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env=environment,
    )
    report: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return report


def _limited(name: str, value: float, limit: float, unit: str) -> Measurement:
    return Measurement(name, f"<= {limit:g} {unit}", f"{value:.3g} {unit}", value <= limit)
