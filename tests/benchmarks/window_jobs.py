"""How quick the list of jobs is: many jobs at once, filtered and sorted, and while twenty of them stream.

Work is given in CPU time of the window's process, which a busy machine changes little; the gap is what a user feels.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6.QtCore import QEventLoop, QTimer
from PyQt6.QtWidgets import QApplication, QWidget

from tests.benchmarks.figure import Figure
from tests.benchmarks.living_on import _home
from tests.gui.fake_channel import ScriptedChannel, Service
from tests.gui.fake_link import FakeLink, epoch_event, summary
from vestim_core.client import Client
from vestim_core.jobs.clock import utc_now
from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.registry import Registry
from vestim_core.spec.states import JobState
from vestim_core.system import Home
from vestim_gui.actions import Actions
from vestim_gui.context import Context, Navigator
from vestim_gui.detail.page import DetailPage
from vestim_gui.jobs_page.page import JobsPage
from vestim_gui.link import Link, LinkPhase
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell.toasts import Toasts
from vestim_gui.store.catalogue import Catalogue
from vestim_gui.store.feed import JobFeed
from vestim_gui.store.filters import parse
from vestim_gui.theme.theme import Theme

JOBS = 10_000
STREAMED = 20
EVENTS_PER_S = 10_000
STREAM_S = 10.0


def run() -> list[Figure]:
    """Every figure of this file; half a minute."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    folder = Path(tempfile.mkdtemp(prefix="vestim-"))
    theme = Theme(app, folder, "light")
    try:
        return [_many_jobs(theme, folder), *_filter_and_sort(theme, folder), _streaming(theme, folder)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _page(link: Link, theme: Theme, folder: Path) -> Iterator[JobsPage]:
    ctx = Context(
        link=link,
        jobs=Catalogue(link),
        theme=theme,
        settings=SettingsStore(folder / "window.json"),
        session=Session(folder / "window_session.json"),
        actions=Actions(theme),
        toasts=Toasts(),
        navigate=Navigator(),
    )
    page = JobsPage(ctx, DetailPage(ctx), QWidget())  # type: ignore[arg-type]
    page.resize(1360, 840)
    page.show()
    try:
        yield page
    finally:
        page.close_page()
        link.close()
        page.close()
        page.deleteLater()
        _turn()


def _many_jobs(theme: Theme, folder: Path) -> Figure:
    """From the first word of the daemon to the last row on the screen, the window taking keys."""
    with _home() as home:
        _fill(home)
        with Client(home) as client:
            client.call("hello")
            link = Link(home)
            with _page(link, theme, folder) as page:
                moments: dict[LinkPhase, float] = {}
                link.state_changed.connect(lambda state: moments.setdefault(state.phase, time.process_time()))
                link.start()
                _until(lambda: len(page.model.ids()) == JOBS and link.state.phase is LinkPhase.LIVE)
                page.view.grab()
                usable_ms = (time.process_time() - moments[LinkPhase.SYNCING]) * 1000
    return Figure(
        f"window with {JOBS:,} jobs usable after attaching, CPU", "<= 300 ms", f"{usable_ms:.0f} ms", usable_ms <= 300
    )


def _fill(home: Home) -> None:
    registry = Registry(home.registry)
    document = {"name": "one of many", "data": {"train": ["a.csv"], "validation": ["b.csv"]}}
    with registry.transaction():
        for number in range(JOBS):
            job = JobContainer(f"job_20260101-000000-{number:04x}", "one of many", document, utc_now(), number)
            job.set_state(JobState.QUEUED)
            job.set_state(JobState.DONE)
            registry.save(job)
    registry.close()


def _filter_and_sort(theme: Theme, folder: Path) -> list[Figure]:
    """Rows in the view, laid out and painted."""
    link = FakeLink()
    for number in range(JOBS):
        best = {"metric": "rmse_mV", "value": (number * 7919 % JOBS) / 1000}
        link.add_job(summary(f"job_{number}", name=f"Cell {number % 97} LSTM", best=best, tags=["lg"]))
    with _page(link, theme, folder) as page:
        link.start()
        _until(lambda: len(page.model.ids()) == JOBS)
        wanted = parse("status:done tag:lg rmse<5mV cell -name:fnn")
        filter_ms = _took_ms(page, lambda: page.model.set_filter(wanted))
        assert len(page.model.ids()) == JOBS // 2
        page.model.set_filter(parse(""))
        sort_ms = _took_ms(page, lambda: page.model.sort_by("best"))
    return [
        Figure(f"filter {JOBS:,} jobs, CPU", "<= 100 ms", f"{filter_ms:.0f} ms", filter_ms <= 100),
        Figure(f"sort {JOBS:,} jobs, CPU", "<= 100 ms", f"{sort_ms:.0f} ms", sort_ms <= 100),
    ]


def _streaming(theme: Theme, folder: Path) -> Figure:
    """The longest time that the window takes no key while all these jobs are followed and one is looked at."""
    service = _Streaming()
    channel = ScriptedChannel(service)
    link = Link(channel=lambda: channel)  # type: ignore[arg-type, return-value]
    with _page(link, theme, folder) as page:
        feeds = [JobFeed(link, job_id) for job_id in service.rows]
        link.start()
        _until(lambda: len(page.model.ids()) == STREAMED and page.view.current_job)
        _turn(1.0)
        service.begin()
        beats: list[float] = []
        beat = QTimer(interval=2)  # type: ignore[call-overload]
        beat.timeout.connect(lambda: beats.append(time.monotonic()))
        beat.start()
        _turn(STREAM_S)
        beat.stop()
        service.end()
        sent = service.sent
        _until(lambda: sum(feed.history.seq for feed in feeds) == sent)
        assert all(len(feed.history.tasks["train_001"].epochs) == feed.history.seq for feed in feeds)
        for feed in feeds:
            feed.close()
    gap_ms = max(later - earlier for earlier, later in itertools.pairwise(beats)) * 1000
    name = f"longest gap of the window, {STREAMED} jobs, {sent / STREAM_S:,.0f} events/s"
    return Figure(name, "<= 100 ms", f"{gap_ms:.0f} ms", gap_ms <= 100)


class _Streaming(Service):
    """Jobs that train at a steady rate from `begin` to `end`. Events are made before, so that making them costs
    nothing."""

    def __init__(self) -> None:
        super().__init__()
        most = int(EVENTS_PER_S * STREAM_S * 1.5) // STREAMED
        events = [epoch_event(number, number, max_epochs=most) for number in range(1, most + 1)]
        self.rows = {
            f"job_{n}": summary(f"job_{n}", state="running", phase="training", ended_utc="", tasks={"running": 4})
            for n in range(STREAMED)
        }
        self._events = events
        self._began_s = self._ended_s = 0.0
        self.handlers["show_job"] = lambda job_id, **_: {
            **self.rows[job_id],
            "tasks": [],
            "task_count": 0,
            "spec": {},
            "managers": [],
        }
        self.handlers["list_artifacts"] = lambda job_id: {"artifacts": []}
        self._seq = 0

    def begin(self) -> None:
        self._began_s = time.monotonic()

    def end(self) -> None:
        self._ended_s = time.monotonic()

    @property
    def sent(self) -> int:
        return self._each() * STREAMED

    def _each(self) -> int:
        if not self._began_s:
            return 0
        passed_s = (self._ended_s or time.monotonic()) - self._began_s
        return min(int(passed_s * EVENTS_PER_S / STREAMED), len(self._events))

    def read(self, params: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        each, parts, news = self._each(), [], False
        for cursor in params["cursors"]:
            part = {"stream": cursor["stream"], "lineage": self.lineage, "reset": False}
            if cursor["stream"] == "catalog":
                events = self._changed(each) if each > self._seq or not cursor["seq"] else []
                self._seq = max(self._seq, each)
                parts.append({**part, "events": events, "seq": cursor["seq"] + len(events)})
            else:
                events = self._events[cursor["seq"] : each]
                parts.append({**part, "events": events, "seq": max(cursor["seq"], each)})
            news = news or bool(events)
        fraction = each / len(self._events)
        progress = [
            {"attempt": f"{job_id}/train_001/1", "epoch": each, "max_epochs": len(self._events), "fraction": fraction}
            for job_id in (self.rows if news else ())
        ]
        return {"streams": parts, "progress": progress, "progress_seq": each}, news

    def _changed(self, each: int) -> list[dict[str, Any]]:
        fraction = each / len(self._events)
        changed = ({**row, "fraction": fraction, "epochs": each, "last_seq": each} for row in self.rows.values())
        return [{"seq": 0, "job_id": row["job_id"], "summary": row} for row in changed]


def _took_ms(page: JobsPage, do: Callable[[], None]) -> float:
    start_s = time.process_time()
    do()
    page.view.grab()
    return (time.process_time() - start_s) * 1000


def _turn(seconds: float = 0.0) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def _until(condition: Callable[[], Any], timeout_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        _turn(0.002)
