"""A script of the old days: what it asks the gateway, and what must stand in the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vestim_core.verify.check_groups import expect
from vestim_core.verify.public_interface import PATIENCE_S, Answer, Doors

LOOK_S = 0.1


@dataclass(slots=True)
class Script:
    """A script of the old days. job_id: of a job that trains until it is told to stop; short_id: of one that ends by
    itself; others: of jobs to be stopped, the newest first: where there are few cores that one still waits its turn."""

    doors: Doors
    files: dict[str, list[str]]
    job_id: str = ""
    short_id: str = ""
    others: list[str] = field(default_factory=list)
    job: dict[str, Any] = field(default_factory=dict)

    @property
    def selections(self) -> dict[str, Any]:
        """What its screens had chosen."""
        named = zip(("train_files", "val_files", "test_files"), self.files.values(), strict=True)
        return {**dict(named), "data_source": "Arbin"}

    def ask(self, verb: str, path: str, body: Any = None, fields: tuple[str, ...] = ()) -> Any:
        """What a path answers; it must be there, and its answer must have these fields."""
        expect("//" not in path and not path.endswith("/jobs/"), "there is no job to ask about")
        answer = self.doors.rest(verb, path, body)
        expect(answer.status == 200, f"{verb} {path} answers {said(answer)}")
        for name in fields:
            expect(isinstance(answer.body, dict) and name in answer.body, f"its answer has no '{name}'")
        return answer.body

    def refused(self, verb: str, path: str, body: Any = None) -> Answer:
        """What a path answers to what cannot be done: a problem with a sentence."""
        answer = self.doors.rest(verb, path, body)
        expect(answer.status >= 400, f"{verb} {path} takes what cannot be done")
        reason = answer.body.get("detail") if isinstance(answer.body, dict) else ""
        expect(isinstance(reason, str) and len(reason) > 10, f"{verb} {path} refuses without a sentence")
        return answer

    def poll(self, path: str, until: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Ask again and again, as scripts did."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not until(answer := self.ask("GET", path)):
            expect(time.monotonic() < deadline_s, f"{what} did not come: GET {path} answers '{answer.get('status')}'")
            time.sleep(LOOK_S)
        found: dict[str, Any] = answer
        return found

    def stops(self, job_id: str, path: str, *fields: str) -> dict[str, Any]:
        """Have a job that is under way stopped by a path, and see that it is."""
        answer: dict[str, Any] = self.ask("POST", path, fields=("message", *fields))
        self.poll(f"/jobs/{job_id}/status", lambda now: now["status"] == "stopped", "the stop")
        return answer

    def other(self) -> str:
        """The next job that is to be stopped."""
        expect(self.others, "there is no job to stop")
        return self.others.pop()

    @property
    def task_id(self) -> str:
        """The training of the job that trains."""
        return self.task_of(self.job_id)

    def task_of(self, job_id: str) -> str:
        """The first training of a job."""
        tasks = self.ask("GET", f"/jobs/{job_id}")["details"]["training_tasks"]
        expect(tasks, "the job has no training tasks")
        return str(tasks[0]["task_id"])


def said(answer: Answer) -> str:
    """Status and reason of an answer in words."""
    detail = answer.body.get("detail") if isinstance(answer.body, dict) else None
    return f"{answer.status}" + (f" ({detail})" if detail else "")
