"""fail-closed and bounded: who may connect, what they may send, and how little a bad client costs the others."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from tests.daemon.daemons import Daemon, ask, events_until, is_worker_ready, submit, wait_until
from tests.patience import PATIENCE_MS, PATIENCE_S, PENDING_S
from vestim_core.daemon.sockets import Sockets
from vestim_core.protocol.codec import encode
from vestim_core.protocol.cursors import job_stream
from vestim_core.protocol.doorbell_messages import DoorbellMessage
from vestim_core.protocol.message_limits import MAX_REQUEST_BYTES
from vestim_core.protocol.messages import Reply, Request
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home, endpoints
from vestim_core.system.keys import key_pair

REFUSED_EVENTS = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
CLOSED_EVENTS = REFUSED_EVENTS | zmq.EVENT_DISCONNECTED


def is_accepted(socket: Any, endpoint: str) -> bool:
    """Connect, and report whether the handshake was accepted, as the socket's own monitor says."""
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | CLOSED_EVENTS)
    socket.connect(endpoint)
    try:
        assert monitor.poll(PATIENCE_MS), "neither accepted nor refused"
        return bool(recv_monitor_message(monitor)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED)
    finally:
        socket.disable_monitor()


def connect_with(daemon_key: bytes, endpoint: str, keys: tuple[bytes, bytes] | None) -> bool:
    """True when a client with these keys is accepted."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.DEALER)
    if keys is not None:
        socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = *keys, daemon_key
    try:
        return is_accepted(socket, endpoint)
    finally:
        socket.close(linger=0)
        context.term()


def test_each_socket_accepts_only_its_own_key(daemon: Daemon) -> None:
    discovery, key = daemon.discovery, daemon.discovery.server_key.encode()
    client, worker = (key_pair(daemon.home, name) for name in ("client", "worker"))
    unknown_keys = zmq.curve_keypair()
    assert connect_with(key, discovery.clients, (client.public, client.secret))
    assert not connect_with(key, discovery.clients, unknown_keys)
    assert not connect_with(key, discovery.clients, (worker.public, worker.secret)), (
        "a worker's key opens the doorbell alone"
    )
    assert not connect_with(key, discovery.clients, None), "no CURVE at all"
    assert not connect_with(unknown_keys[0], discovery.clients, (client.public, client.secret)), "another daemon's key"
    assert not connect_with(key, discovery.doorbell, (client.public, client.secret))
    assert not connect_with(key, discovery.doorbell, None)
    with daemon.client() as accepted_client:
        assert accepted_client.call("hello")["pid"] == daemon.process.pid


def test_a_dead_authenticator_accepts_nobody(vestim_home: Path) -> None:
    home = Home(vestim_home)
    home.ensure()
    home_endpoints = endpoints(home)
    sockets = Sockets(home, home_endpoints)
    client = key_pair(home, "client")
    try:
        assert connect_with(sockets.server_key, home_endpoints.clients, (client.public, client.secret))
        sockets.authenticator.stop()
        assert not connect_with(sockets.server_key, home_endpoints.clients, (client.public, client.secret))
        assert not connect_with(sockets.server_key, home_endpoints.clients, zmq.curve_keypair())
        assert not sockets.clients.poll(50), "nothing came through"
    finally:
        sockets.close()


# --- garbage


def test_garbage_is_dropped_and_other_clients_are_served(daemon: Daemon) -> None:
    valid_request = Request(b"1", "hello").encode()
    with daemon.raw() as bad_client, daemon.raw() as good_client:
        for frames in (
            [b""],
            [b"\xc1"],
            [os.urandom(300)],
            [encode([1, 2])],
            [encode({"v": 1})],
            [b"\x91" * 5000],
            [valid_request, b"", os.urandom(9)],
            [b""] * 50,
        ):
            bad_client.send_multipart(frames)
        assert ask(good_client, "hello").error is None
        assert ask(bad_client, "hello").error is None, "one who comes to reason is served, too"


def test_a_message_beyond_the_limit_is_never_received(daemon: Daemon) -> None:
    memory_before = psutil.Process(daemon.process.pid).memory_info().rss
    with daemon.raw() as bad_client, daemon.raw() as good_client:
        bad_client.send(bytes(MAX_REQUEST_BYTES + 1))
        assert ask(good_client, "hello").error is None
        assert not bad_client.poll(50)
    assert psutil.Process(daemon.process.pid).memory_info().rss < memory_before + MAX_REQUEST_BYTES


BAD_WAITS: list[dict[str, Any]] = [
    {},
    {"cursors": "all"},
    {"cursors": [{"stream": "catalog", "seq": -1}]},
    {"cursors": [{"stream": "catalog", "seq": 2**63}]},
    {"cursors": [{"stream": "catalog", "seq": 2**64 - 1}]},
    {"cursors": [{"stream": "everything"}]},
    {"cursors": [{"stream": "job:job_none"}]},
    {"cursors": [{"stream": "log:job_none/a/1:out"}]},
    {"cursors": [{"stream": "catalog"}] * 65},
    {"cursors": [], "timeout_s": 1e9},
    {"cursors": [], "timeout_s": float("nan")},
    {"cursors": [], "limit": 0},
    {"cursors": [], "limit": 10**9},
    {"cursors": [], "progress_seq": -1},
    {"cursors": [], "surprise": 1},
    {"cursors": [{b"stream": b"catalog"}]},
]


def test_an_invalid_wait_is_refused_in_one_sentence(daemon: Daemon) -> None:
    with daemon.raw() as socket:
        for params in BAD_WAITS:
            error = ask(socket, "wait", **params).error
            assert error is not None and error.code in {ErrorCode.WRONG_INPUT, ErrorCode.NOT_FOUND}, params
            assert error.message and "\n" not in error.message
        assert ask(socket, "hello").error is None


def test_wrong_calls_are_refused_in_one_sentence(daemon: Daemon, tmp_path: Path) -> None:
    calls: list[tuple[ErrorCode, str, str, dict[str, Any]]] = [
        (ErrorCode.NOT_FOUND, "destroy", "", {}),
        (ErrorCode.WRONG_INPUT, "list_jobs", "", {"state": 3}),
        (ErrorCode.WRONG_INPUT, "list_jobs", "", {"stat": "done"}),
        (ErrorCode.WRONG_INPUT, "show_job", "", {}),
        (ErrorCode.WRONG_INPUT, "show_job", "", {"job_id": "x" * 25}),
        (ErrorCode.NOT_FOUND, "show_job", "", {"job_id": "../../etc"}),
        (ErrorCode.NOT_FOUND, "read_artifact", "", {"job_id": "job_none", "path": "x"}),
        (ErrorCode.WRONG_INPUT, "create_job", "", {}),  # changes something and has no command id
        (ErrorCode.WRONG_INPUT, "create_job", "c1", {"spec": {"name": b"\xff"}}),
        (ErrorCode.WRONG_INPUT, "create_job", "c2", {"spec": {"training": {"learning_rate": float("inf")}}}),
        (ErrorCode.WRONG_INPUT, "create_job", "c3", {"spec": {"a": {b"key": 1}}}),
        (ErrorCode.WRONG_INPUT, "submit", "c4", {"spec": {}}),
    ]
    with daemon.raw() as socket:
        for call_index, (code, method, command_id, params) in enumerate(calls):
            error = ask(socket, method, command_id, **params).error
            assert error is not None and error.code is code, (call_index, error)
            assert error.message and "\n" not in error.message
        request = Request(b"old", "hello", protocol=99)
        socket.send(request.encode())
        error = Reply.decode(socket.recv()).error
        assert error is not None and error.code is ErrorCode.VERSION
        assert ask(socket, "list_jobs").result == {"jobs": [], "next": ""}, "nothing was made"


def test_invalid_rings_are_harmless(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "obey"})
        events_until(client, job_id, is_worker_ready)
        memory_before = psutil.Process(daemon.process.pid).memory_info().rss
        keys = ["", "x", f"{job_id}/prepare_1/x", f"{job_id}//1", f"{job_id}/none/1", f"{job_id}/../1", "a/b/c/d"]
        with daemon.raw("worker", daemon.discovery.doorbell, zmq.PUSH) as doorbell:
            for raw in (b"", b"\xc1", os.urandom(100), encode([1])):
                doorbell.send(raw)
            for key in keys:
                doorbell.send(DoorbellMessage(key).encode())
                doorbell.send(DoorbellMessage(key, {"step": 1}).encode())
            for attempt_number in range(2, 5000):
                doorbell.send(DoorbellMessage(f"{job_id}/prepare_1/{attempt_number}", {"text": "x" * 1000}).encode())
            doorbell.send(DoorbellMessage(f"{job_id}/prepare_1/1", {"step": 7, "attempt": "forged"}).encode())
            cursor = {"stream": job_stream(job_id), "seq": 10**6}
            answer = client.call("wait", cursors=[cursor], timeout_s=PENDING_S, progress_seq=0)
        assert answer["progress"] == [{"step": 7, "attempt": f"{job_id}/prepare_1/1"}]
        assert psutil.Process(daemon.process.pid).memory_info().rss < memory_before + 3_000_000


# --- clients that do not read


def test_a_client_that_never_reads_uses_little_memory_and_blocks_nobody(daemon: Daemon, tmp_path: Path) -> None:
    """bounded: thousands of unread replies of 1 MiB do not grow the daemon's memory."""
    with daemon.client() as client:
        job_id = client.call("create_job", name="big")["job_id"]
        big_file = daemon.home.jobs / job_id / "big.bin"
        big_file.write_bytes(bytes(1 << 20))
        process = psutil.Process(daemon.process.pid)
        memory_before = process.memory_info().rss
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        stalled_socket = context.socket(zmq.DEALER)
        stalled_socket.set_hwm(1)
        keys = key_pair(daemon.home, "client")
        stalled_socket.curve_publickey, stalled_socket.curve_secretkey = keys.public, keys.secret
        stalled_socket.curve_serverkey = daemon.discovery.server_key.encode()
        stalled_socket.connect(daemon.discovery.clients)
        sent_count, deadline_s = 0, time.monotonic() + PATIENCE_S
        while sent_count < 3000 and time.monotonic() < deadline_s:
            request = Request(b"x", "read_artifact", {"job_id": job_id, "path": "big.bin"}).encode()
            try:
                stalled_socket.send(request, zmq.DONTWAIT)
                sent_count += 1
            except zmq.Again:
                stalled_socket.poll(5, zmq.POLLOUT)
            if sent_count % 100 == 0:
                client.call("hello")
        assert sent_count == 3000
        assert process.memory_info().rss < memory_before + 80_000_000
        stalled_socket.close(linger=0)
        context.term()
        assert client.call("hello")


def test_an_answer_that_cannot_be_encoded_is_an_error_at_once(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file name that is not UTF-8 makes the list of files impossible to encode, and the client is told so."""
    with daemon.client() as client:
        job_id = client.call("create_job", name="x")["job_id"]
        folder = daemon.home.jobs / job_id
        (Path(os.fsdecode(os.fsencode(folder) + b"/bad-\xff"))).touch()
        with pytest.raises(VestimError, match="cannot be sent"):  # not that no answer came in time
            client.call("list_artifacts", job_id=job_id)


def test_a_hundred_clients_at_once(daemon: Daemon) -> None:
    failures: list[BaseException] = []

    def call_repeatedly() -> None:
        try:
            with daemon.client() as client:
                for _ in range(5):
                    client.call("list_jobs")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=call_repeatedly) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert wait_until(lambda: psutil.Process(daemon.process.pid).num_fds() < 60, "connections that are closed")


logging.getLogger("zmq.auth").setLevel(logging.CRITICAL)


def test_the_status_has_machine_home_and_counts(daemon: Daemon) -> None:
    with daemon.client() as client:
        client.call("create_job", name="x")
        status = client.call("daemon_status")
        assert status["home"] == str(daemon.home.root) and status["workspace"] == str(daemon.home.workspace)
        assert (status["jobs"], status["running_jobs"], status["queued_jobs"]) == ({"draft": 1}, 0, 0)
        machine = status["machine"]
        assert 0 < machine["memory_used_MB"] <= machine["memory_total_MB"] and machine["cores"] >= 1
        assert isinstance(machine["gpus"], list)
