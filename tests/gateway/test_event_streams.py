"""Server-sent events are complete, in order, and resume after any interruption."""

from __future__ import annotations

import os
import signal
import threading
from itertools import islice
from pathlib import Path

import pytest

from tests.gateway.gateway_process import GatewayProcess
from tests.gateway.sse import SseMessage, open_event_stream
from vestim_core.client import Client
from vestim_core.client.daemon_discovery import read_discovery, start_daemon


def write_remarks(client: Client, job_id: str, count: int, pause: threading.Event | None = None) -> None:
    for index in range(count):
        client.call("add_message", job_id=job_id, message=f"remark {index}")
        if pause is not None:
            pause.wait(0.002)


def test_stream_cut_a_hundred_times_is_complete(gateway: GatewayProcess) -> None:
    with gateway.client() as client:
        job_id = client.call("create_job", name="talkative")["job_id"]
        writer = threading.Thread(target=write_remarks, args=(client, job_id, 600, threading.Event()))
        writer.start()
        received: list[SseMessage] = []
        for cut in range(100):
            with open_event_stream(
                gateway, f"/v1/jobs/{job_id}/events", received[-1].event_id if received else None
            ) as messages:
                first = next(messages)
                assert first.event == "lineage" and first.data["reset"] is False
                received += islice(messages, 1 + cut % 5)
        writer.join()
        with open_event_stream(gateway, f"/v1/jobs/{job_id}/events", received[-1].event_id, live=False) as messages:
            received += [message for message in messages if message.event_id]
        events = client.call("wait", cursors=[{"stream": f"job:{job_id}", "seq": 0}], limit=5000)["streams"][0][
            "events"
        ]
    assert [message.event_id for message in received] == list(range(1, len(events) + 1)) and len(events) >= 600
    assert [message.data for message in received] == events


def test_catalog_stream_reports_changes_and_deletions(gateway: GatewayProcess) -> None:
    job_id = gateway.post("/v1/jobs", {"name": "one"})["job_id"]
    with open_event_stream(gateway, "/v1/events") as messages:
        assert next(messages).event == "lineage"
        first = next(messages)
        assert first.data["job_id"] == job_id and first.data["summary"]["name"] == "one"
        gateway.post(f"/v1/jobs/{job_id}/rename", {"name": "two"})
        second = next(messages)
        assert second.data["summary"]["name"] == "two" and second.event_id > first.event_id
        assert gateway.call("DELETE", f"/v1/jobs/{job_id}").status_code == 200
        assert next(messages).data["summary"] is None


def test_changed_lineage_restarts_the_stream(gateway: GatewayProcess) -> None:
    job_id = gateway.post("/v1/jobs", {"name": "one"})["job_id"]
    with open_event_stream(gateway, f"/v1/jobs/{job_id}/events", live=False) as messages:
        lineage = next(messages).data["lineage"]
    path = f"/v1/jobs/{job_id}/events"
    with open_event_stream(gateway, path, 1, live=False, lineage=lineage) as messages:
        assert next(messages).data == {"lineage": lineage, "reset": False}
    with open_event_stream(gateway, path, 1, live=False, lineage="another") as messages:
        assert next(messages).data == {"lineage": lineage, "reset": True}
        assert next(messages).event_id == 1


def test_stream_of_an_unknown_job_is_a_404(gateway: GatewayProcess) -> None:
    assert gateway.call("GET", "/v1/jobs/job_none/events").status_code == 404
    assert gateway.call("GET", "/v1/jobs/job_none/events", headers={"Last-Event-ID": "x"}).status_code == 422


def test_streams_survive_a_killed_daemon(gateway: GatewayProcess) -> None:
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("needs kill -9")
    job_id = gateway.post("/v1/jobs", {"name": "survivor"})["job_id"]
    statuses: set[int] = set()
    done = threading.Event()

    def send_requests() -> None:
        while not done.is_set():
            statuses.add(gateway.call("GET", f"/v1/jobs/{job_id}").status_code)

    load_threads = [threading.Thread(target=send_requests) for _ in range(4)]
    with open_event_stream(gateway, f"/v1/jobs/{job_id}/events") as messages:
        first_messages = [next(messages), next(messages)]
        for thread in load_threads:
            thread.start()
        for _ in range(3):
            daemon = read_discovery(gateway.home)
            assert daemon is not None
            os.kill(daemon.pid, signal.SIGKILL)
            assert gateway.get_when_available(f"/v1/jobs/{job_id}").json()["name"] == "survivor"
        done.set()
        for thread in load_threads:
            thread.join()
        gateway.post(f"/v1/jobs/{job_id}/messages", {"message": "after"})
        event_ids = [first_messages[1].event_id]
        for message in messages:
            if message.event_id:
                event_ids.append(message.event_id)
                if message.data["data"].get("message") == "after":
                    break
    assert event_ids == list(range(1, len(event_ids) + 1))
    assert statuses <= {200, 503} and 200 in statuses


def test_stopped_daemon_ends_the_stream(gateway: GatewayProcess) -> None:
    with open_event_stream(gateway, "/v1/events") as messages:
        next(messages)
        gateway.post("/v1/daemon/shutdown", {})
        last = list(messages)[-1]
    assert last.event == "bye" and last.data["code"] == "stopped"
    assert gateway.call("GET", "/v1/events").status_code == 503
    start_daemon(gateway.home)
    assert gateway.get_when_available("/v1/jobs").status_code == 200


def test_data_set_stream_reports_changes(gateway: GatewayProcess, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv")]
    for file in files:
        file.write_text("time_s,voltage_V\n0,3.7\n")
    spec = {"train": [str(files[0])], "validation": [str(files[1])]}
    with open_event_stream(gateway, "/v1/events/data_sets") as messages:
        assert next(messages).event == "lineage"
        answer = gateway.post("/v1/data_sets", {"name": "cells", "spec": spec})
        assert next(messages).data["data_set_id"] == answer["data_set_id"]
