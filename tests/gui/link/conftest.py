"""A link over a scripted channel, and a recorder of everything that it delivers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.fake_channel import ScriptedChannel, ScriptedDaemon
from vestim_gui.link import Link, LinkPhase


@dataclass
class LinkRecorder:
    """Everything that a link has delivered. rows: as a client that applies every change would hold them."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    resets: int = 0
    events: dict[str, list[int]] = field(default_factory=dict)
    event_resets: list[str] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    progress: list[dict[str, Any]] = field(default_factory=list)
    phases: list[LinkPhase] = field(default_factory=list)
    unhandled_errors: list[str] = field(default_factory=list)

    def listen(self, link: Link) -> None:
        link.catalog_changed.connect(self._on_catalog)
        link.job_events.connect(self._on_events)
        link.log_pieces.connect(self._on_log)
        link.progress.connect(self.progress.extend)
        link.state_changed.connect(lambda state: self.phases.append(state.phase))
        link.unhandled_error.connect(lambda error: self.unhandled_errors.append(error.message))

    def _on_catalog(self, change: Any) -> None:
        if change.reset:
            self.rows.clear()
            self.resets += 1
        self.rows.update({row["job_id"]: row for row in change.rows})
        for job_id in change.removed:
            self.rows.pop(job_id, None)

    def _on_events(self, job_id: str, batch: Any) -> None:
        if batch.reset:
            self.events[job_id] = []
            self.event_resets.append(job_id)
        self.events.setdefault(job_id, []).extend(event["seq"] for event in batch.events)

    def _on_log(self, stream: str, piece: Any) -> None:
        self.logs[stream] = piece.text if piece.reset else self.logs.get(stream, "") + piece.text


@pytest.fixture
def daemon() -> ScriptedDaemon:
    return ScriptedDaemon()


@pytest.fixture
def channel(daemon: ScriptedDaemon) -> ScriptedChannel:
    return ScriptedChannel(daemon)


@pytest.fixture
def link(qtbot: QtBot, channel: ScriptedChannel) -> Iterator[Link]:
    link_under_test = Link(channel=lambda: channel)  # type: ignore[arg-type, return-value]
    yield link_under_test
    link_under_test.close()
    assert channel.is_closed or not channel.connect_calls


@pytest.fixture
def recorder(link: Link) -> LinkRecorder:
    listener = LinkRecorder()
    listener.listen(link)
    return listener


@pytest.fixture
def until(qtbot: QtBot) -> Callable[[Callable[[], Any]], None]:
    """Wait until a condition is true."""

    def wait(condition: Callable[[], Any]) -> None:
        qtbot.waitUntil(lambda: bool(condition()))

    return wait
