"""Cursors, pending waits and commands: no-dup, order, no-loss through real sockets and dying daemons."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.daemon.daemons import (
    ROOT,
    Daemon,
    ask,
    events_until,
    has_job_ended,
    is_worker_ready,
    job_is,
    submit,
    wait_until,
)
from tests.patience import PATIENCE_MS, PATIENCE_S, PENDING_S
from tests.spec.documents import job_document_with_files
from vestim_core.protocol.cursors import Cursor, job_stream
from vestim_core.protocol.messages import Reply, Request
from vestim_core.spec.errors import ErrorCode, VestimError


def test_a_repeated_command_is_carried_out_once(daemon: Daemon, tmp_path: Path) -> None:
    spec = job_document_with_files(tmp_path, name="{}")
    command_id = uuid.uuid4().hex
    with daemon.client() as first, daemon.client() as second:
        answer = first.call("submit", command_id=command_id, spec=spec)
        assert first.call("submit", command_id=command_id, spec=spec) == answer
        assert second.call("submit", command_id=command_id, spec=spec) == answer
        assert len(first.call("list_jobs")["jobs"]) == 1
        for method, params in (("submit", {"spec": {**spec, "max_parallel_tasks": 1}}), ("create_job", {"spec": spec})):
            with pytest.raises(VestimError) as error_info:
                second.call(method, command_id=command_id, **params)
            assert error_info.value.code is ErrorCode.REFUSED and error_info.value.location == "command"
        assert len(first.call("list_jobs")["jobs"]) == 1
        with pytest.raises(VestimError):
            first.call("submit", command_id="c2", spec={})
        assert first.call("submit", command_id="c2", spec=spec)["job_id"] != answer["job_id"], "a refusal is not kept"


def test_a_command_is_known_to_the_next_daemon(vestim_home: Path, tmp_path: Path) -> None:
    daemon = Daemon(vestim_home)
    with daemon.client() as client:
        first = client.call("create_job", command_id="c1", name="x")
    daemon.kill()
    daemon = Daemon(vestim_home)
    with daemon.client() as client:
        assert client.call("create_job", command_id="c1", name="x") == first
        assert len(client.call("list_jobs")["jobs"]) == 1
    daemon.stop()


def send_wait(socket: object, daemon: Daemon, **params: object) -> bytes:
    """Send a wait that stays pending; return the request's id."""
    request = Request(os.urandom(8), "wait", {"timeout_s": PENDING_S, **params})
    socket.send(request.encode())  # type: ignore[attr-defined]
    return request.request_id


def test_a_pending_wait_is_answered_by_an_event(daemon: Daemon) -> None:
    with daemon.raw() as waiting_client, daemon.client() as client:
        job_id = client.call("create_job", name="x")["job_id"]
        seq = ask(waiting_client, "wait", cursors=[{"stream": job_stream(job_id)}]).result["streams"][0]["seq"]
        request_id = send_wait(waiting_client, daemon, cursors=[{"stream": job_stream(job_id), "seq": seq}])
        wait_until(lambda: client.call("daemon_status")["parked"] == 1, "a parked wait")
        assert not waiting_client.poll(50)
        client.call("rename", job_id=job_id, name="y")
        assert waiting_client.poll(PATIENCE_MS)
        reply = Reply.decode(waiting_client.recv())
        assert reply.request_id == request_id
        (event,) = reply.result["streams"][0]["events"]
        assert event["seq"] == seq + 1 and event["data"]["name"] == "y"
        assert client.call("daemon_status")["parked"] == 0


def test_the_second_wait_of_a_client_releases_the_first(daemon: Daemon) -> None:
    catalog = [{"stream": "catalog", "seq": 0}]
    with daemon.raw() as waiting_client, daemon.client() as client:
        first = send_wait(waiting_client, daemon, cursors=catalog)
        second = send_wait(waiting_client, daemon, cursors=catalog)
        assert waiting_client.poll(PATIENCE_MS)
        reply = Reply.decode(waiting_client.recv())
        assert reply.request_id == first and reply.result["streams"][0]["events"] == []
        wait_until(lambda: client.call("daemon_status")["parked"] == 1, "a parked wait")
        client.call("create_job", name="x")
        assert waiting_client.poll(PATIENCE_MS)
        assert Reply.decode(waiting_client.recv()).request_id == second


def test_a_wait_ends_when_its_time_is_up(daemon: Daemon) -> None:
    with daemon.client() as client:
        answer = client.call("wait", cursors=[{"stream": "catalog"}], timeout_s=0.05)
        assert answer["streams"][0]["events"] == []


def test_many_streams_share_one_answer_and_its_limit(daemon: Daemon) -> None:
    with daemon.client() as client:
        jobs = [client.call("create_job", name=str(job_index))["job_id"] for job_index in range(5)]
        cursors = [{"stream": "catalog"}, *({"stream": job_stream(job_id)} for job_id in jobs)]
        all_parts = client.call("wait", cursors=cursors)["streams"]
        assert [part["stream"] for part in all_parts] == [cursor["stream"] for cursor in cursors]
        limited_parts = client.call("wait", cursors=cursors, limit=6)["streams"]
        assert sum(len(part["events"]) for part in limited_parts) == 6
        assert limited_parts[0] == all_parts[0]


def test_a_cursor_of_another_registry_starts_over(daemon: Daemon) -> None:
    with daemon.client() as client:
        client.call("create_job", name="x")
        answer = client.call("wait", cursors=[{"stream": "catalog", "lineage": "another", "seq": 10**6}])["streams"][0]
        assert answer["reset"] and answer["events"][0]["summary"]["name"] == "x"


def test_logs_are_streams_too(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "silent"})
        events_until(client, job_id, job_is("failed"))
        log = daemon.home.jobs / job_id / "tasks" / "prepare_1" / "attempts" / "1" / "stderr.log"
        log.write_bytes(b"x" * 3_000_000)
        stream = f"log:{job_id}/prepare_1/1:err"
        log_bytes, seq = b"", 0
        while True:
            part = client.call("wait", cursors=[{"stream": stream, "seq": seq}])["streams"][0]
            if not part["data"]:
                break
            assert len(part["data"]) <= 1 << 20
            log_bytes, seq = log_bytes + part["data"], part["seq"]
        assert log_bytes == log.read_bytes()
        assert client.call("wait", cursors=[{"stream": stream, "seq": 2**63 - 1}])["streams"][0]["data"] == b""
        with pytest.raises(VestimError) as error_info:
            client.call("wait", cursors=[{"stream": f"log:{job_id}/none/1:out"}])
        assert error_info.value.code is ErrorCode.NOT_FOUND


def test_a_growing_log_answers_a_pending_wait(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client, daemon.raw() as waiting_client:
        job_id = submit(client, tmp_path, {"prepare": "obey 1"})
        events_until(client, job_id, is_worker_ready)
        log = daemon.home.jobs / job_id / "tasks" / "prepare_1" / "attempts" / "1" / "stdout.log"
        stream = f"log:{job_id}/prepare_1/1:out"
        seq = client.call("wait", cursors=[{"stream": stream}])["streams"][0]["seq"]
        request_id = send_wait(waiting_client, daemon, cursors=[{"stream": stream, "seq": seq}])
        wait_until(lambda: client.call("daemon_status")["parked"] == 1, "a parked wait")
        with log.open("ab") as file:
            file.write(b"a line\n")
        assert waiting_client.poll(PATIENCE_MS)
        reply = Reply.decode(waiting_client.recv())
        assert reply.request_id == request_id
        assert reply.result["streams"][0]["data"] == b"a line\n"
        assert reply.result["streams"][0]["seq"] == seq + 7
        client.call("stop", job_id=job_id)
        events_until(client, job_id, has_job_ended)


def test_a_cursor_survives_dying_daemons_without_gap_or_repeat(vestim_home: Path, tmp_path: Path) -> None:
    """no-loss, no-dup, order: a worker writes events until it is stopped, and three daemons are killed under it."""
    daemon = Daemon(vestim_home)
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "obey endless"})
        events, cursor = events_until(client, job_id, is_worker_ready)
    for _ in range(3):
        daemon.kill()
        daemon = Daemon(vestim_home)
        with daemon.client() as client:
            new_events, cursor = events_until(client, job_id, lambda event: event["kind"] == "epoch", cursor)
            events += new_events
    with daemon.client() as client:
        client.call("stop", job_id=job_id)
        new_events, cursor = events_until(client, job_id, has_job_ended, cursor)
        events += new_events
        all_events, _ = events_until(client, job_id, has_job_ended)
    assert events == all_events
    assert [event["seq"] for event in all_events] == list(range(1, len(all_events) + 1))
    written = [event["data"]["n"] for event in all_events if event["kind"] == "epoch"]
    assert written == list(range(1, len(written) + 1))
    assert len(written) >= 3, "at least one new event from each daemon"
    assert {event["attempt"] for event in all_events if event["task"] == "prepare_1"} <= {0, 1}, (
        "adopted, never restarted"
    )
    starts = [e for e in all_events if e["kind"] == "attempt" and e["data"]["state"] == "starting"]
    assert len(starts) == 1
    daemon.stop()


# --- one daemon per home


def read_all_files(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def test_a_second_daemon_changes_no_byte(daemon: Daemon) -> None:
    with daemon.client() as client:
        client.call("create_job", name="x")
        files_before = read_all_files(daemon.home.root)
        second = subprocess.run(
            [sys.executable, "-m", "vestim_core.daemon"],
            env=os.environ | {"VESTIM_HOME": str(daemon.home.root), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert second.returncode == 0 and "another daemon" in second.stderr
        assert read_all_files(daemon.home.root) == files_before
        assert client.call("hello")["pid"] == daemon.process.pid


def test_the_discovery_file_distinguishes_serving_from_stopped(vestim_home: Path) -> None:
    daemon = Daemon(vestim_home)
    assert json.loads(daemon.home.discovery.read_text())["state"] == "serving"
    daemon.stop()
    record = json.loads(daemon.home.discovery.read_text())
    assert record["state"] == "stopped" and record["pid"] == daemon.process.pid
    daemon = Daemon(vestim_home)
    new_record = json.loads(daemon.home.discovery.read_text())
    assert new_record["state"] == "serving" and new_record["instance"] != record["instance"]
    daemon.process.terminate()
    assert daemon.process.wait(PATIENCE_S) == 0
    assert json.loads(daemon.home.discovery.read_text())["state"] == "serving", "a signal is no order to stay away"


def test_a_deliberate_stop_is_reported_to_pending_waits(daemon: Daemon) -> None:
    with daemon.raw() as waiting_client, daemon.client() as client:
        request_id = send_wait(waiting_client, daemon, cursors=[{"stream": "catalog", "seq": 0}])
        wait_until(lambda: client.call("daemon_status")["parked"] == 1, "a parked wait")
        assert client.call("shutdown")["stopping"]
        assert waiting_client.poll(PATIENCE_MS)
        reply = Reply.decode(waiting_client.recv())
        assert reply.request_id == request_id
        assert reply.error is not None and reply.error.code is ErrorCode.STOPPED
        assert daemon.process.wait(PATIENCE_S) == 0
        with pytest.raises(VestimError) as error_info:
            client.call("hello")
        assert error_info.value.code is ErrorCode.STOPPED


def test_nothing_new_is_started_while_jobs_are_being_ended(vestim_home: Path, tmp_path: Path) -> None:
    daemon = Daemon(vestim_home, ask_s=5.0, terminate_s=0.2)  # the other client is asked in the first 5 s
    with daemon.client() as client, daemon.client() as second_client:
        job_id = submit(client, tmp_path, {"prepare": "stubborn"})
        events_until(client, job_id, is_worker_ready)
        client.call("shutdown", stop_jobs=True)
        with pytest.raises(VestimError) as error_info:
            second_client.call("create_job", name="too late")
        assert error_info.value.code is ErrorCode.REFUSED
        cursor = Cursor(stream=job_stream(job_id))
        events, _ = events_until(second_client, job_id, job_is("stopped"), cursor)
        assert events
    assert daemon.process.wait(PATIENCE_S) == 0
