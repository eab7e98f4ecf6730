"""The jobs page with a detail page that only records what it was shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, summary
from vestim_gui.context import Context
from vestim_gui.jobs_page.jobs_page import JobsPage


class RecordingDetail(QWidget):
    """shown_jobs: each job and tab, in the order shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown_jobs: list[tuple[str, str]] = []

    def show_job(self, job_id: str, tab: str = "") -> None:
        self.shown_jobs.append((job_id, tab))


def reply_of(**fields: Any) -> Any:
    """Reply to a verb."""
    return {"job_id": fields.get("job_id", ""), **fields}


VERBS = ("pause", "resume", "stop", "archive", "restore", "delete", "rename", "tag", "note", "reorder", "start")


@pytest.fixture
def daemon(fake_link: FakeLink) -> FakeLink:
    """A daemon that carries out every verb on its rows, as the real one does."""

    def carry(verb: str, **changes: Any) -> Any:
        def handler(job_id: str, **params: Any) -> Any:
            changes_made = {name: value(params) if callable(value) else value for name, value in changes.items()}
            fake_link.change_job(job_id, **changes_made)
            return reply_of(job_id=job_id, **changes_made)

        return handler

    fake_link.handlers |= {
        "pause": carry("pause", intent="pause"),
        "resume": carry("resume", intent="run", state="queued"),
        "stop": carry("stop", intent="stop"),
        "archive": carry("archive", archived=True),
        "restore": carry("restore", archived=False),
        "rename": carry("rename", name=lambda params: params["name"]),
        "note": carry("note", note=lambda params: params["text"]),
        "start": carry("start", state="queued"),
        "duplicate": lambda job_id: reply_of(job_id=f"{job_id}_2", state="draft"),
        "reorder": lambda job_id, position: reply_of(job_id=job_id, position=position),
        "delete": lambda job_id: fake_link.remove_job(job_id),
        "tag": lambda job_id, add, remove: fake_link.change_job(
            job_id, tags=[tag for tag in fake_link.jobs[job_id]["tags"] if tag not in remove] + add
        ),
    }
    return fake_link


@pytest.fixture
def page(ctx: Context, daemon: FakeLink, qtbot: QtBot) -> Iterator[JobsPage]:
    """The page over five jobs, visible."""
    rows = [
        summary("job_run", name="Voltage LSTM", state="running", phase="training", ended_utc="", position=1),
        summary("job_next", name="Voltage FNN", state="queued", ended_utc="", fraction=0.0, position=2),
        summary("job_done", name="Demo", tags=["demo"], created_utc="2026-01-03T12:00:00.000Z"),
        summary("job_bad", name="SOC GRU", state="failed", error={"message": "NaN"}),
        summary("job_draft", name="Draft", state="draft", tasks={}, started_utc="", ended_utc=""),
    ]
    for row in rows:
        daemon.add_job(row)
    jobs_page = JobsPage(ctx, RecordingDetail(), QWidget())  # type: ignore[arg-type]
    jobs_page.resize(1200, 800)
    qtbot.addWidget(jobs_page)
    jobs_page.show()
    daemon.start()
    qtbot.waitUntil(lambda: len(jobs_page.model.ids()) == 5)
    yield jobs_page
    jobs_page.close_page()
