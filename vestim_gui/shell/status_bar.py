"""The line at the bottom: the daemon and its work on the left, the machine on the right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QStatusBar, QWidget

from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import JobState
from vestim_gui.display_numbers import format_count
from vestim_gui.link.daemon_link import Link
from vestim_gui.link.link_state import LinkPhase, LinkState
from vestim_gui.shell.connection_bar import clock_time
from vestim_gui.store.catalog import Catalog
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import plain_label

STATUS_INTERVAL_MS = 2000  # ms between requests for the machine's load; arbitrary, any value from 1000 to 5000 works
COUNT_DELAY_MS = 200  # ms from a change to the new counts, so that a batch of changes is counted once
_PHASE_TEXTS = {
    LinkPhase.STARTING: ("○", "starting", "muted"),
    LinkPhase.SYNCING: ("◐", "reading the list of jobs", "accent"),
    LinkPhase.LIVE: ("●", "connected", "ok"),
    LinkPhase.STALE: ("!", "not answering", "warn"),
    LinkPhase.RECONNECTING: ("!", "reconnecting", "warn"),
    LinkPhase.STOPPED: ("■", "stopped", "warn"),
}
_COUNTED_STATES = ((JobState.RUNNING, "running"), (JobState.QUEUED, "queued"), (JobState.HELD, "waiting for you"))


class StatusBar(QStatusBar):
    """Requests the machine's load every two seconds while the window is visible and the daemon answers."""

    def __init__(self, link: Link, jobs: Catalog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._jobs = jobs
        self._is_requesting = False
        self.setSizeGripEnabled(False)
        self.glyph, self.service, self.work = plain_label(), plain_label(kind="muted"), plain_label(kind="muted")
        self.machine = plain_label(kind="muted")
        self.work.setContentsMargins(8, 0, 0, 0)
        for label in (self.glyph, self.service, self.work):
            self.addWidget(label)
        self.addPermanentWidget(self.machine)
        self.setContentsMargins(8, 0, 12, 0)
        self._status_timer = QTimer(self)
        self._status_timer.setInterval(STATUS_INTERVAL_MS)
        self._status_timer.timeout.connect(self._request_status)
        link.state_changed.connect(self._show_state)
        self._count_timer = QTimer(self)
        self._count_timer.setSingleShot(True)
        self._count_timer.setInterval(COUNT_DELAY_MS)
        self._count_timer.timeout.connect(self._show_work)
        jobs.changed.connect(self._schedule_count)
        jobs.removed.connect(self._schedule_count)
        jobs.reset.connect(self._show_work)
        self._show_state(link.state)
        self._show_work()

    def _show_state(self, state: LinkState) -> None:
        glyph, word, tone = _PHASE_TEXTS[state.phase]
        as_of = "" if state.is_live or state.as_of_utc is None else f", as of {clock_time(state.as_of_utc)}"
        self.glyph.setText(glyph)
        set_kind(self.glyph, tone)
        self.service.setText(f"Background service: {word}{as_of}")
        self._show_work()
        if state.is_live:
            self._request_status()
            self._status_timer.start()
        else:
            self._status_timer.stop()

    def _schedule_count(self, _: object) -> None:
        if not self._count_timer.isActive():
            self._count_timer.start()

    def _show_work(self) -> None:
        is_known = self._link.state.is_live or len(self._jobs)
        self.work.setText(work_text(self._jobs) if is_known else "")

    def _request_status(self) -> None:
        window = self.window()
        if self._is_requesting or window is None or window.isMinimized() or not window.isVisible():
            return
        self._is_requesting = True
        self._link.call("daemon_status", {}, self._show_machine, self._handle_error, owner=self)

    def _show_machine(self, status: dict[str, Any]) -> None:
        self._is_requesting = False
        self.machine.setText(machine_text(status.get("machine") or {}))

    def _handle_error(self, _: VestimError) -> None:
        self._is_requesting = False


def work_text(jobs: Catalog) -> str:
    """`2 running · 1 queued`."""
    counts = Counter(row["state"] for row in jobs.rows())
    text = " · ".join(f"{format_count(counts[state])} {word}" for state, word in _COUNTED_STATES if counts[state])
    return text or ("nothing runs" if counts else "no jobs")


def machine_text(machine: Mapping[str, Any]) -> str:
    """`CPU 71 %   RAM 3.1 / 23 GB   GPU 40 %`; unknown values are left out."""
    if not machine:
        return ""
    parts = []
    if machine.get("cpu_percent") is not None:
        parts.append(f"CPU {machine['cpu_percent']:.0f} %")
    used_GB, total_GB = machine["memory_used_MB"] / 1000, machine["memory_total_MB"] / 1000
    parts.append(f"RAM {used_GB:.1f} / {total_GB:.0f} GB")
    parts += [_gpu_text(gpu) for gpu in machine.get("gpus", [])] or ["GPU none"]
    return "   ".join(parts)


def _gpu_text(gpu: Mapping[str, Any]) -> str:
    percent = gpu.get("percent")
    return f"GPU {percent:.0f} %" if percent is not None else f"GPU {gpu.get('name', '')}".rstrip()
