"""The page of jobs with a detail page that only remembers what it was shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, summary
from vestim_gui.context import Context
from vestim_gui.jobs_page.page import JobsPage


class Detail(QWidget):
    """shown: each job and tab, in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[str, str]] = []

    def show_job(self, job_id: str, tab: str = "") -> None:
        self.shown.append((job_id, tab))


def answer(**fields: Any) -> Any:
    """What a verb is answered."""
    return {"job_id": fields.get("job_id", ""), **fields}


VERBS = ("pause", "resume", "stop", "archive", "restore", "delete", "rename", "tag", "note", "move_in_queue", "start")


@pytest.fixture
def service(fake_link: FakeLink) -> FakeLink:
    """A service that carries out every verb on its rows, as the real one does."""

    def carry(verb: str, **changes: Any) -> Any:
        def handler(job_id: str, **params: Any) -> Any:
            told = {name: value(params) if callable(value) else value for name, value in changes.items()}
            fake_link.change_job(job_id, **told)
            return answer(job_id=job_id, **told)

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
        "duplicate": lambda job_id: answer(job_id=f"{job_id}_2", state="draft"),
        "move_in_queue": lambda job_id, place: answer(job_id=job_id, place=place),
        "delete": lambda job_id: fake_link.remove_job(job_id),
        "tag": lambda job_id, add, remove: fake_link.change_job(
            job_id, tags=[tag for tag in fake_link.jobs[job_id]["tags"] if tag not in remove] + add
        ),
    }
    return fake_link


@pytest.fixture
def page(ctx: Context, service: FakeLink, qtbot: QtBot) -> Iterator[JobsPage]:
    """The page over five jobs, shown."""
    rows = [
        summary("job_run", name="Voltage LSTM", state="running", phase="training", ended_utc="", position=1),
        summary("job_next", name="Voltage FNN", state="queued", ended_utc="", fraction=0.0, position=2),
        summary("job_done", name="Demo", tags=["demo"], created_utc="2026-01-03T12:00:00.000Z"),
        summary("job_bad", name="SOC GRU", state="failed", error={"message": "NaN"}),
        summary("job_draft", name="Draft", state="draft", tasks={}, started_utc="", ended_utc=""),
    ]
    for row in rows:
        service.add_job(row)
    made = JobsPage(ctx, Detail(), QWidget())  # type: ignore[arg-type]
    made.resize(1200, 800)
    qtbot.addWidget(made)
    made.show()
    service.start()
    qtbot.waitUntil(lambda: len(made.model.ids()) == 5)
    yield made
    made.close_page()
