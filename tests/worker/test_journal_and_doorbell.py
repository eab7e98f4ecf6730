"""The worker's channels: a journal that never raises, a doorbell that never blocks, a control file that is obeyed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import zmq

from tests.patience import PATIENCE_S
from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.doorbell_messages import DoorbellMessage
from vestim_core.protocol.journal_lines import BadJournalLine, JournalLine, read_lines
from vestim_core.protocol.message_limits import OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import Intent
from vestim_core.system import Home, endpoints, write_json
from vestim_core.system.keys import key_pair
from vestim_core.worker import control as control_module
from vestim_core.worker.control import Control
from vestim_core.worker.doorbell import HIGH_WATER_MARK, Doorbell
from vestim_core.worker.journal_writer import Journal


@pytest.fixture
def home(home_folder: Path) -> Home:
    home = Home(home_folder)
    home.ensure()
    return home


def open_journal(home: Home) -> Journal:
    return Journal(home.root / "events.jsonl", Doorbell(home, "job_1/train_001/1"))


def read_journal(home: Home) -> list[JournalLine | BadJournalLine]:
    raw = (home.root / "events.jsonl").read_bytes()
    journal_lines, offset = read_lines(raw, 0)
    assert offset == len(raw)
    return journal_lines


def discovery_record(**changes: object) -> dict[str, object]:
    record = Discovery(
        state="serving",
        instance="i",
        pid=1,
        version="0",
        protocol_oldest=OLDEST_PROTOCOL_VERSION,
        protocol=PROTOCOL_VERSION,
        clients="ipc:///nowhere",
        doorbell="ipc:///nowhere",
        server_key="x" * 40,
        started_utc="",
    )
    return record.model_dump() | changes


# --- journal


def test_each_event_is_one_line_in_order(home: Home) -> None:
    journal = open_journal(home)
    for event_index in range(100):
        journal.event(EventKind.EPOCH, {"n": event_index, "text": "zwei\nZeilen"})
    journal.event(EventKind.RESULT, {"done": True})
    journal.close()
    events = read_journal(home)
    assert [line.data.get("n") for line in events[:-1]] == list(range(100))  # type: ignore[union-attr]
    assert events[-1].kind is EventKind.RESULT  # type: ignore[union-attr]


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("value", [float("nan"), "\udcff", object(), Unprintable(), {1: {2: 3}}, b"bytes", 2**80])
def test_no_reported_value_raises(home: Home, value: object) -> None:
    """training-safe: whatever is reported, the training and the journal go on."""
    journal = open_journal(home)
    journal.event(EventKind.EPOCH, {"value": value})
    journal.progress({"value": value})
    journal.event(EventKind.EPOCH, {"n": 2})
    journal.close()
    assert read_journal(home)[-1] == JournalLine(read_journal(home)[-1].time_utc, EventKind.EPOCH, {"n": 2})  # type: ignore[union-attr]


def test_a_circular_value_does_not_raise(home: Home) -> None:
    circular: dict[str, object] = {}
    circular["self"] = circular
    journal = open_journal(home)
    journal.event(EventKind.EPOCH, circular)
    journal.event(EventKind.EPOCH, {"n": 2})
    journal.close()
    assert read_journal(home)[-1].data == {"n": 2}  # type: ignore[union-attr]


def test_a_line_cut_by_a_crash_stays_separate(home: Home) -> None:
    (home.root / "events.jsonl").write_bytes(b'{"t":"x","k":"ep')
    journal = open_journal(home)
    journal.event(EventKind.EPOCH, {"n": 1})
    journal.close()
    first, second = read_journal(home)
    assert isinstance(first, BadJournalLine) and first.offset == 0
    assert isinstance(second, JournalLine) and second.data == {"n": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are POSIX's")
def test_a_full_disk_loses_events_but_never_raises(home: Home) -> None:
    """A line cut by a full disk spoils no later line, and the failure is reported once."""
    code = f"""
import resource, sys
from pathlib import Path
from vestim_core.spec.events import EventKind
from vestim_core.system import Home
from vestim_core.worker.doorbell import Doorbell
from vestim_core.worker.journal_writer import Journal
home = Home(Path({str(home.root)!r}))
journal = Journal(home.root / "events.jsonl", Doorbell(home, "a/b/1"))
journal.event(EventKind.EPOCH, {{"n": 1}})
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
for number in range(2, 5):
    journal.event(EventKind.EPOCH, {{"n": number}})
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.event(EventKind.EPOCH, {{"n": 5}})
journal.event(EventKind.EPOCH, {{"n": 6}})
journal.close()
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert completed.stderr.count("journal cannot be written") == 1
    events = read_journal(home)
    assert [line.data["n"] for line in events if isinstance(line, JournalLine)] == [1, 5, 6]


# --- doorbell


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_log_on_the_full_disk_does_not_raise(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.root / "events.jsonl").symlink_to("/dev/full")
    full_device = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115 - closing it fails like every write
    monkeypatch.setattr(sys, "stderr", full_device)
    journal = open_journal(home)
    journal.event(EventKind.EPOCH, {"epoch": 1})
    journal.event(EventKind.RESULT, {})
    journal.close()
    with suppress(OSError):
        full_device.close()


def ring_repeatedly(doorbell: Doorbell) -> None:
    """Ring more often than any queue holds; a ring that waited for a reader would never return."""
    for _ in range(20 * HIGH_WATER_MARK):
        doorbell.ring({"step": 1})


def ring_until_heard(doorbell: Doorbell, socket: zmq.Socket[bytes]) -> None:
    """Ring until something has come to the socket; a worker's first rings are lost while it is connecting."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not socket.poll(20):
        doorbell.ring({"step": 2, "value": Unprintable()})
        doorbell.ring({"step": 2})
        assert time.monotonic() < deadline_s


def test_ringing_needs_no_daemon(home: Home) -> None:
    doorbell = Doorbell(home, "job_1/train_001/1")
    ring_repeatedly(doorbell)
    doorbell.close()
    write_json(home.discovery, discovery_record())
    doorbell = Doorbell(home, "job_1/train_001/1")  # a daemon that has gone
    ring_repeatedly(doorbell)
    doorbell.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"server_key": "short"},
        {"server_key": "ä" * 40},
        {"doorbell": "nonsense"},
        {"doorbell": ""},
        {"state": "stopped"},
    ],
)
def test_no_discovery_record_raises(home: Home, changes: dict[str, object]) -> None:
    write_json(home.discovery, discovery_record(**changes))
    doorbell = Doorbell(home, "job_1/train_001/1")
    doorbell.ring()
    doorbell.ring({"step": 1})
    doorbell.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": 3}', "null"])
def test_no_damaged_discovery_file_raises(home: Home, text: str) -> None:
    home.discovery.write_text(text)
    doorbell = Doorbell(home, "job_1/train_001/1")
    doorbell.ring()
    doorbell.close()


def test_a_daemon_that_does_not_read_blocks_nobody(home: Home) -> None:
    """A full queue drops rings, and a new daemon is found through the discovery file."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    server = key_pair(home, "daemon")
    home_endpoints = endpoints(home)

    def bind_doorbell() -> zmq.Socket[bytes]:
        socket = context.socket(zmq.PULL)
        socket.set_hwm(2)
        socket.curve_server, socket.curve_publickey, socket.curve_secretkey = True, server.public, server.secret
        socket.bind(home_endpoints.doorbell)
        return socket

    unread_socket = bind_doorbell()
    record = discovery_record(
        doorbell=home_endpoints.doorbell, clients=home_endpoints.clients, server_key=server.public.decode()
    )
    write_json(home.discovery, record)
    doorbell = Doorbell(home, "job_1/train_001/1")
    ring_until_heard(doorbell, unread_socket)
    ring_repeatedly(doorbell)
    unread_socket.close(linger=0)
    reading_socket = bind_doorbell()
    write_json(home.discovery, record | {"instance": "another"})
    ring_until_heard(doorbell, reading_socket)
    assert DoorbellMessage.decode(reading_socket.recv()).attempt_key == "job_1/train_001/1"
    doorbell.close()
    reading_socket.close(linger=0)
    context.term()


# --- control


def test_the_newest_intent_counts_and_a_damaged_file_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_module, "POLL_S", 0.0)
    path = tmp_path / "control.json"
    control = Control(path)
    assert control.intent() is Intent.RUN, "no file yet"
    for stamp, (text, intent) in enumerate(
        [
            (json.dumps({"intent": "stop"}), Intent.STOP),
            ("{", Intent.STOP),
            (json.dumps({"intent": "dance"}), Intent.STOP),
            (json.dumps([]), Intent.STOP),
            (json.dumps({"intent": "run"}), Intent.RUN),
            (json.dumps({"intent": "pause"}), Intent.PAUSE),
        ],
        1,
    ):
        path.write_text(text)
        os.utime(path, ns=(stamp, stamp))
        assert control.intent() is intent
    path.unlink()
    assert control.intent() is Intent.PAUSE
