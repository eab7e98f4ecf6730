"""Brought: what became of each job that was to be imported, and how it is told. Pure.

The same sentences as on the command line, as plain text that can be copied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Brought:
    """imported, known, skipped: as the service lists them. done, count: jobs looked at, and in all. stopped: the user
    wanted no more of them."""

    imported: list[dict[str, Any]] = field(default_factory=list)
    known: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    done: int = 0
    count: int = 0
    stopped: bool = False

    def take(self, page: dict[str, Any]) -> None:
        """Add what one answer tells."""
        self.imported += page["imported"]
        self.known += page["known"]
        self.skipped += page["skipped"]
        self.done, self.count = page["done"], page["count"]

    @property
    def job_id(self) -> str:
        """The job to show now: the first that came in, else the first that was there already, else none."""
        return next((str(job["job_id"]) for job in [*self.imported, *self.known]), "")

    @property
    def headline(self) -> str:
        """All of it in one sentence."""
        known, skipped = len(self.known), len(self.skipped)
        parts = [
            f"{_jobs(len(self.imported))} imported" if self.imported else "",
            f"{known} {'was' if known == 1 else 'were'} there already" if known else "",
            f"{skipped} could not be imported" if skipped else "",
            f"stopped before {self.count - self.done} more" if self.stopped and self.count > self.done else "",
        ]
        return ", ".join(filter(None, parts)) + "." if any(parts) else "There was nothing to import."

    @property
    def report(self) -> str:
        """Job by job: what came in and how, what did not and why."""
        came = [line for job in self.imported for line in _came(job)]
        known = [f"  {job['job_id']}" for job in self.known]
        skipped = [f"  {_reason(one)}" for one in self.skipped]
        parts = (
            ("Imported", came),
            ("There already, and left as they were", known),
            ("Not imported", skipped),
        )
        return "\n\n".join("\n".join([f"{title}:", *lines]) for title, lines in parts if lines)


def _came(job: dict[str, Any]) -> list[str]:
    models = job["models"]
    tested = "no model that can be tested" if not models else f"{models} model{'s' if models > 1 else ''} to test"
    return [f"  {job['job_id']}: {job['state']}, {tested}", *(f"    {note}" for note in job["notes"])]


def _reason(skipped: dict[str, Any]) -> str:
    sentence = str(skipped["sentence"]).rstrip(".") + "."
    return sentence if skipped["source"] in sentence else f"{skipped['source']}: {sentence}"


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
