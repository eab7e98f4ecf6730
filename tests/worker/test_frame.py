"""The worker's frame: a journal that never raises, a doorbell that never blocks, a control file that is obeyed."""

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

from vestim_core.protocol.bell import Bell
from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.journal import BadLine, Line, read_lines
from vestim_core.protocol.limits import OLDEST_PROTOCOL, PROTOCOL_VERSION
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import Intent
from vestim_core.system import Home, endpoints, write_json
from vestim_core.system.keys import key_pair
from vestim_core.worker import control as control_module
from vestim_core.worker.control import Control
from vestim_core.worker.doorbell import Doorbell
from vestim_core.worker.journal import Journal


@pytest.fixture
def home(vestim_home: Path) -> Home:
    made = Home(vestim_home)
    made.ensure()
    return made


def journal(home: Home) -> Journal:
    return Journal(home.root / "events.jsonl", Doorbell(home, "job_1/train_001/1"))


def lines(home: Home) -> list[Line | BadLine]:
    raw = (home.root / "events.jsonl").read_bytes()
    found, offset = read_lines(raw, 0)
    assert offset == len(raw)
    return found


def discovery(**changes: object) -> dict[str, object]:
    record = Discovery(
        state="serving",
        instance="i",
        pid=1,
        version="0",
        protocol_oldest=OLDEST_PROTOCOL,
        protocol=PROTOCOL_VERSION,
        clients="ipc:///nowhere",
        doorbell="ipc:///nowhere",
        server_key="x" * 40,
        started_utc="",
    )
    return record.model_dump() | changes


# --- journal


def test_each_event_is_one_line_in_order(home: Home) -> None:
    written = journal(home)
    for number in range(100):
        written.event(EventKind.EPOCH, {"n": number, "text": "zwei\nZeilen"})
    written.event(EventKind.RESULT, {"done": True})
    written.close()
    found = lines(home)
    assert [line.data.get("n") for line in found[:-1]] == list(range(100))  # type: ignore[union-attr]
    assert found[-1].kind is EventKind.RESULT  # type: ignore[union-attr]


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("value", [float("nan"), "\udcff", object(), Unspeakable(), {1: {2: 3}}, b"bytes", 2**80])
def test_nothing_that_is_reported_raises(home: Home, value: object) -> None:
    """training-safe: whatever is reported, the training goes on and so does the journal."""
    written = journal(home)
    written.event(EventKind.EPOCH, {"value": value})
    written.progress({"value": value})
    written.event(EventKind.EPOCH, {"n": 2})
    written.close()
    assert lines(home)[-1] == Line(lines(home)[-1].time_utc, EventKind.EPOCH, {"n": 2})  # type: ignore[union-attr]


def test_a_circle_does_not_raise(home: Home) -> None:
    circle: dict[str, object] = {}
    circle["self"] = circle
    written = journal(home)
    written.event(EventKind.EPOCH, circle)
    written.event(EventKind.EPOCH, {"n": 2})
    written.close()
    assert lines(home)[-1].data == {"n": 2}  # type: ignore[union-attr]


def test_a_line_that_a_crash_cut_stays_a_line_of_its_own(home: Home) -> None:
    (home.root / "events.jsonl").write_bytes(b'{"t":"x","k":"ep')
    written = journal(home)
    written.event(EventKind.EPOCH, {"n": 1})
    written.close()
    first, second = lines(home)
    assert isinstance(first, BadLine) and first.offset == 0
    assert isinstance(second, Line) and second.data == {"n": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are POSIX's")
def test_a_full_disk_costs_events_never_the_work(home: Home) -> None:
    """What a full disk cuts spoils no line after it, and is said once."""
    code = f"""
import resource, sys
from pathlib import Path
from vestim_core.spec.events import EventKind
from vestim_core.system import Home
from vestim_core.worker.doorbell import Doorbell
from vestim_core.worker.journal import Journal
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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr.count("journal cannot be written") == 1
    found = lines(home)
    assert [line.data["n"] for line in found if isinstance(line, Line)] == [1, 5, 6]


# --- doorbell


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_log_on_the_full_disk_raises_nothing_either(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.root / "events.jsonl").symlink_to("/dev/full")
    full = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115 - closing it fails, as does all else
    monkeypatch.setattr(sys, "stderr", full)
    written = journal(home)
    written.event(EventKind.EPOCH, {"epoch": 1})
    written.event(EventKind.RESULT, {})
    written.close()
    with suppress(OSError):
        full.close()


def ring_for(bell: Doorbell, seconds: float) -> float:
    """Ring without pause for so long; the longest that one ring took."""
    longest, end = 0.0, time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        bell.ring({"step": 1})
        longest = max(longest, time.perf_counter() - start)
    return longest


def test_ringing_costs_nothing_without_a_daemon(home: Home) -> None:
    bell = Doorbell(home, "job_1/train_001/1")
    assert ring_for(bell, 0.2) < 0.1
    bell.close()
    write_json(home.discovery, discovery())
    bell = Doorbell(home, "job_1/train_001/1")  # a daemon that was, and is not there any more
    assert ring_for(bell, 0.2) < 0.1
    start = time.perf_counter()
    bell.close()
    assert time.perf_counter() - start < 1.0


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
def test_no_discovery_file_can_raise_in_a_training(home: Home, changes: dict[str, object]) -> None:
    write_json(home.discovery, discovery(**changes))
    bell = Doorbell(home, "job_1/train_001/1")
    bell.ring()
    bell.ring({"step": 1})
    bell.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": 3}', "null"])
def test_no_damaged_discovery_file_either(home: Home, text: str) -> None:
    home.discovery.write_text(text)
    bell = Doorbell(home, "job_1/train_001/1")
    bell.ring()
    bell.close()


def test_a_daemon_that_does_not_listen_blocks_nobody(home: Home) -> None:
    """A full queue drops rings, and a new daemon is found through the discovery file."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    server = key_pair(home, "daemon")
    places = endpoints(home)

    def bound() -> zmq.Socket[bytes]:
        socket = context.socket(zmq.PULL)
        socket.set_hwm(2)
        socket.curve_server, socket.curve_publickey, socket.curve_secretkey = True, server.public, server.secret
        socket.bind(places.doorbell)
        return socket

    deaf = bound()
    record = discovery(doorbell=places.doorbell, clients=places.clients, server_key=server.public.decode())
    write_json(home.discovery, record)
    bell = Doorbell(home, "job_1/train_001/1")
    assert ring_for(bell, 0.3) < 0.2
    deaf.close(linger=0)
    hearing = bound()
    write_json(home.discovery, record | {"instance": "another"})
    deadline = time.monotonic() + 10
    while not hearing.poll(20):
        bell.ring({"step": 2, "value": Unspeakable()})
        bell.ring({"step": 2})
        assert time.monotonic() < deadline
    assert Bell.decode(hearing.recv()).attempt_key == "job_1/train_001/1"
    bell.close()
    hearing.close(linger=0)
    context.term()


# --- control


def test_the_newest_intent_counts_and_damage_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_module, "LOOK_S", 0.0)
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
