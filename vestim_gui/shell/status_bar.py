"""The line at the bottom: the service and what it does at the left, the machine at the right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QStatusBar, QWidget

from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import JobState
from vestim_gui.link.link import Link
from vestim_gui.link.link_state import LinkPhase, LinkState
from vestim_gui.numbers import count
from vestim_gui.shell.connection_bar import clock
from vestim_gui.store.catalogue import Catalogue
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import plain_label

LOOK_MS = 2000
COUNT_MS = 200
_WORDS = {
    LinkPhase.STARTING: ("○", "starting", "muted"),
    LinkPhase.SYNCING: ("◐", "reading the list of jobs", "accent"),
    LinkPhase.LIVE: ("●", "connected", "ok"),
    LinkPhase.STALE: ("!", "not answering", "warn"),
    LinkPhase.RECONNECTING: ("!", "reconnecting", "warn"),
    LinkPhase.STOPPED: ("■", "stopped", "warn"),
}
_COUNTED = ((JobState.RUNNING, "running"), (JobState.QUEUED, "queued"), (JobState.HELD, "waiting for you"))


class StatusBar(QStatusBar):
    """Asks for the machine every two seconds while the window can be seen and the service answers."""

    def __init__(self, link: Link, jobs: Catalogue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._jobs = jobs
        self._asking = False
        self.setSizeGripEnabled(False)
        self.glyph, self.service, self.work = plain_label(), plain_label(kind="muted"), plain_label(kind="muted")
        self.machine = plain_label(kind="muted")
        self.work.setContentsMargins(8, 0, 0, 0)
        for label in (self.glyph, self.service, self.work):
            self.addWidget(label)
        self.addPermanentWidget(self.machine)
        self.setContentsMargins(8, 0, 12, 0)
        self._looking = QTimer(self)
        self._looking.setInterval(LOOK_MS)
        self._looking.timeout.connect(self._look)
        link.state_changed.connect(self._show_state)
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(COUNT_MS)
        self._counting.timeout.connect(self._show_work)
        jobs.changed.connect(self._count_soon)
        jobs.removed.connect(self._count_soon)
        jobs.reset.connect(self._show_work)
        self._show_state(link.state)
        self._show_work()

    def _show_state(self, state: LinkState) -> None:
        glyph, word, tone = _WORDS[state.phase]
        as_of = "" if state.current or state.as_of_utc is None else f", as of {clock(state.as_of_utc)}"
        self.glyph.setText(glyph)
        set_kind(self.glyph, tone)
        self.service.setText(f"Background service: {word}{as_of}")
        self._show_work()
        if state.current:
            self._look()
            self._looking.start()
        else:
            self._looking.stop()

    def _count_soon(self, _: object) -> None:
        if not self._counting.isActive():
            self._counting.start()

    def _show_work(self) -> None:
        known = self._link.state.current or len(self._jobs)
        self.work.setText(work_words(self._jobs) if known else "")

    def _look(self) -> None:
        window = self.window()
        if self._asking or window is None or window.isMinimized() or not window.isVisible():
            return
        self._asking = True
        self._link.call("daemon_status", {}, self._show_machine, self._no_answer, owner=self)

    def _show_machine(self, answer: dict[str, Any]) -> None:
        self._asking = False
        self.machine.setText(machine_words(answer.get("machine") or {}))

    def _no_answer(self, _: VestimError) -> None:
        self._asking = False


def work_words(jobs: Catalogue) -> str:
    """`2 running · 1 queued`."""
    counts = Counter(row["state"] for row in jobs.rows())
    words = " · ".join(f"{count(counts[state])} {word}" for state, word in _COUNTED if counts[state])
    return words or ("nothing runs" if counts else "no jobs")


def machine_words(machine: Mapping[str, Any]) -> str:
    """`CPU 71 %   RAM 3.1 / 23 GB   GPU 40 %`; what is not known is left out."""
    if not machine:
        return ""
    parts = []
    if machine.get("cpu_percent") is not None:
        parts.append(f"CPU {machine['cpu_percent']:.0f} %")
    used_GB, total_GB = machine["memory_used_MB"] / 1000, machine["memory_total_MB"] / 1000
    parts.append(f"RAM {used_GB:.1f} / {total_GB:.0f} GB")
    parts += [_gpu_words(gpu) for gpu in machine.get("gpus", [])] or ["GPU none"]
    return "   ".join(parts)


def _gpu_words(gpu: Mapping[str, Any]) -> str:
    percent = gpu.get("percent")
    return f"GPU {percent:.0f} %" if percent is not None else f"GPU {gpu.get('name', '')}".rstrip()
