"""A client of PyBattML's REST paths: sends the requests of its scripts and checks the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vestim_core.verify.check_groups import expect
from vestim_core.verify.public_interface import TIMEOUT_S, Answer, PublicInterface

POLL_S = 0.1  # interval of a script's requests; arbitrary, 0.05 to 1 works


@dataclass(slots=True)
class LegacyRestClient:
    """State of one run of a PyBattML script.

    job_id: job that trains until it is stopped. short_job_id: job that ends by itself. stop_job_ids: jobs to be
    stopped, newest last; with few cores the newest still waits to start.
    """

    interface: PublicInterface
    files: dict[str, list[str]]
    job_id: str = ""
    short_job_id: str = ""
    stop_job_ids: list[str] = field(default_factory=list)
    job: dict[str, Any] = field(default_factory=dict)

    @property
    def selections(self) -> dict[str, Any]:
        """Selections as the screens of PyBattML send them."""
        files_by_key = zip(("train_files", "val_files", "test_files"), self.files.values(), strict=True)
        return {**dict(files_by_key), "data_source": "Arbin"}

    def request(self, verb: str, path: str, body: Any = None, fields: tuple[str, ...] = ()) -> Any:
        """Send a request and return the body. It must succeed and have these fields."""
        expect("//" not in path and not path.endswith("/jobs/"), "there is no job to ask about")
        answer = self.interface.rest(verb, path, body)
        expect(answer.status == 200, f"{verb} {path} answers {answer_text(answer)}")
        for name in fields:
            expect(isinstance(answer.body, dict) and name in answer.body, f"its answer has no '{name}'")
        return answer.body

    def expect_refusal(self, verb: str, path: str, body: Any = None) -> Answer:
        """Send a request that must be refused with problem details, and return the answer."""
        answer = self.interface.rest(verb, path, body)
        expect(answer.status >= 400, f"{verb} {path} takes what cannot be done")
        reason = answer.body.get("detail") if isinstance(answer.body, dict) else ""
        expect(isinstance(reason, str) and len(reason) > 10, f"{verb} {path} refuses without a sentence")
        return answer

    def poll(self, path: str, until: Callable[[dict[str, Any]], bool], description: str) -> dict[str, Any]:
        """Repeat a request until `until` accepts the body."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while not until(answer := self.request("GET", path)):
            expect(
                time.monotonic() < deadline_s,
                f"{description} did not come: GET {path} answers '{answer.get('status')}'",
            )
            time.sleep(POLL_S)
        body: dict[str, Any] = answer
        return body

    def expect_stop(self, job_id: str, path: str, *fields: str) -> dict[str, Any]:
        """Stop a running job through a path and wait until it has stopped."""
        answer: dict[str, Any] = self.request("POST", path, fields=("message", *fields))
        self.poll(f"/jobs/{job_id}/status", lambda status: status["status"] == "stopped", "the stop")
        return answer

    def next_stop_job(self) -> str:
        """Next job to be stopped."""
        expect(self.stop_job_ids, "there is no job to stop")
        return self.stop_job_ids.pop()

    @property
    def task_id(self) -> str:
        """First training task of the job that trains."""
        return self.first_task_id(self.job_id)

    def first_task_id(self, job_id: str) -> str:
        """First training task of a job."""
        tasks = self.request("GET", f"/jobs/{job_id}")["details"]["training_tasks"]
        expect(tasks, "the job has no training tasks")
        return str(tasks[0]["task_id"])


def answer_text(answer: Answer) -> str:
    """Status and reason of an answer as text."""
    detail = answer.body.get("detail") if isinstance(answer.body, dict) else None
    return f"{answer.status}" + (f" ({detail})" if detail else "")
