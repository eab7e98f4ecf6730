"""Server-sent events: complete, in order, and resumed where they were cut, whatever is cut."""

from __future__ import annotations

import os
import signal
import threading
from itertools import islice
from pathlib import Path

import pytest

from tests.gateway.gateway_process import Gateway
from tests.gateway.sse import Message, listening
from vestim_core.client import Client
from vestim_core.client.discover import read_discovery, start_daemon


def remark(client: Client, job_id: str, count: int, pause: threading.Event | None = None) -> None:
    for number in range(count):
        client.call("remark", job_id=job_id, text=f"remark {number}")
        if pause is not None:
            pause.wait(0.002)


def test_a_stream_that_is_cut_a_hundred_times_loses_and_doubles_nothing(gateway: Gateway) -> None:
    with gateway.client() as client:
        job_id = client.call("create_job", name="talkative")["job_id"]
        writer = threading.Thread(target=remark, args=(client, job_id, 600, threading.Event()))
        writer.start()
        seen: list[Message] = []
        for cut in range(100):
            with listening(gateway, f"/v1/jobs/{job_id}/events", seen[-1].number if seen else None) as messages:
                first = next(messages)
                assert first.event == "lineage" and first.data["reset"] is False
                seen += islice(messages, 1 + cut % 5)
        writer.join()
        with listening(gateway, f"/v1/jobs/{job_id}/events", seen[-1].number, live=False) as messages:
            seen += [message for message in messages if message.number]
        events = client.call("wait", cursors=[{"stream": f"job:{job_id}", "seq": 0}], limit=5000)["streams"][0][
            "events"
        ]
    assert [message.number for message in seen] == list(range(1, len(events) + 1)) and len(events) >= 600
    assert [message.data for message in seen] == events


def test_the_stream_of_all_jobs_tells_of_changes_and_deletions(gateway: Gateway) -> None:
    job_id = gateway.post("/v1/jobs", {"name": "one"})["job_id"]
    with listening(gateway, "/v1/events") as messages:
        assert next(messages).event == "lineage"
        first = next(messages)
        assert first.data["job_id"] == job_id and first.data["summary"]["name"] == "one"
        gateway.post(f"/v1/jobs/{job_id}/rename", {"name": "two"})
        second = next(messages)
        assert second.data["summary"]["name"] == "two" and second.number > first.number
        assert gateway.call("DELETE", f"/v1/jobs/{job_id}").status_code == 200
        assert next(messages).data["summary"] is None


def test_a_changed_lineage_says_so_and_starts_over(gateway: Gateway) -> None:
    job_id = gateway.post("/v1/jobs", {"name": "one"})["job_id"]
    with listening(gateway, f"/v1/jobs/{job_id}/events", live=False) as messages:
        lineage = next(messages).data["lineage"]
    path = f"/v1/jobs/{job_id}/events"
    with listening(gateway, path, 1, live=False, lineage=lineage) as messages:
        assert next(messages).data == {"lineage": lineage, "reset": False}
    with listening(gateway, path, 1, live=False, lineage="another") as messages:
        assert next(messages).data == {"lineage": lineage, "reset": True}
        assert next(messages).number == 1


def test_a_stream_of_what_does_not_exist_is_a_404(gateway: Gateway) -> None:
    assert gateway.call("GET", "/v1/jobs/job_none/events").status_code == 404
    assert gateway.call("GET", "/v1/jobs/job_none/events", headers={"Last-Event-ID": "x"}).status_code == 422


def test_a_killed_daemon_is_a_503_for_a_moment_and_streams_go_on(gateway: Gateway) -> None:
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("needs kill -9")
    job_id = gateway.post("/v1/jobs", {"name": "survivor"})["job_id"]
    statuses: set[int] = set()
    done = threading.Event()

    def load() -> None:
        while not done.is_set():
            statuses.add(gateway.call("GET", f"/v1/jobs/{job_id}").status_code)

    loads = [threading.Thread(target=load) for _ in range(4)]
    with listening(gateway, f"/v1/jobs/{job_id}/events") as messages:
        before = [next(messages), next(messages)]
        for thread in loads:
            thread.start()
        for _ in range(3):
            daemon = read_discovery(gateway.home)
            assert daemon is not None
            os.kill(daemon.pid, signal.SIGKILL)
            assert gateway.when_there(f"/v1/jobs/{job_id}").json()["name"] == "survivor"
        done.set()
        for thread in loads:
            thread.join()
        gateway.post(f"/v1/jobs/{job_id}/remarks", {"text": "after"})
        numbers = [before[1].number]
        for message in messages:
            if message.number:
                numbers.append(message.number)
                if message.data["data"].get("text") == "after":
                    break
    assert numbers == list(range(1, len(numbers) + 1))
    assert statuses <= {200, 503} and 200 in statuses


def test_a_daemon_that_is_told_to_stop_says_bye(gateway: Gateway) -> None:
    with listening(gateway, "/v1/events") as messages:
        next(messages)
        gateway.post("/v1/daemon/shutdown", {})
        last = list(messages)[-1]
    assert last.event == "bye" and last.data["code"] == "stopped"
    assert gateway.call("GET", "/v1/events").status_code == 503
    start_daemon(gateway.home)
    assert gateway.when_there("/v1/jobs").status_code == 200


def test_the_stream_of_data_sets_tells_of_them(gateway: Gateway, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv")]
    for file in files:
        file.write_text("time_s,voltage_V\n0,3.7\n")
    spec = {"train": [str(files[0])], "validation": [str(files[1])]}
    with listening(gateway, "/v1/events/data_sets") as messages:
        assert next(messages).event == "lineage"
        made = gateway.post("/v1/data_sets", {"name": "cells", "spec": spec})
        assert next(messages).data["data_set_id"] == made["data_set_id"]
