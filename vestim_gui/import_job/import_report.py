"""ImportReport: the result of an import per job, and its text. Pure.

The messages are those of the command line, as plain text that can be copied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ImportReport:
    """Jobs of one import by result.

    imported, existing, skipped: jobs as the daemon lists them. done, count: jobs processed, and in all. is_stopped: the
    user stopped the import.
    """

    imported: list[dict[str, Any]] = field(default_factory=list)
    existing: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    done: int = 0
    count: int = 0
    is_stopped: bool = False

    def add_page(self, page: dict[str, Any]) -> None:
        """Add one reply of the daemon."""
        self.imported += page["imported"]
        self.existing += page["known"]
        self.skipped += page["skipped"]
        self.done, self.count = page["done"], page["count"]

    @property
    def job_id(self) -> str:
        """The job to open: the first imported one, else the first existing one, else ""."""
        return next((str(job["job_id"]) for job in [*self.imported, *self.existing]), "")

    @property
    def headline(self) -> str:
        """The result in one sentence."""
        existing_count, skipped_count = len(self.existing), len(self.skipped)
        parts = [
            f"{_count_jobs(len(self.imported))} imported" if self.imported else "",
            f"{existing_count} {'was' if existing_count == 1 else 'were'} there already" if existing_count else "",
            f"{skipped_count} could not be imported" if skipped_count else "",
            f"stopped before {self.count - self.done} more" if self.is_stopped and self.count > self.done else "",
        ]
        return ", ".join(filter(None, parts)) + "." if any(parts) else "There was nothing to import."

    @property
    def text(self) -> str:
        """The result job by job: notes on imported jobs, reasons for skipped ones."""
        imported_lines = [line for job in self.imported for line in _imported_lines(job)]
        existing_lines = [f"  {job['job_id']}" for job in self.existing]
        skipped_lines = [f"  {_skip_reason(job)}" for job in self.skipped]
        parts = (
            ("Imported", imported_lines),
            ("There already, and left as they were", existing_lines),
            ("Not imported", skipped_lines),
        )
        return "\n\n".join("\n".join([f"{title}:", *lines]) for title, lines in parts if lines)


def _imported_lines(job: dict[str, Any]) -> list[str]:
    models = job["models"]
    models_text = "no model that can be tested" if not models else f"{models} model{'s' if models > 1 else ''} to test"
    return [f"  {job['job_id']}: {job['state']}, {models_text}", *(f"    {note}" for note in job["notes"])]


def _skip_reason(job: dict[str, Any]) -> str:
    message = str(job["message"]).rstrip(".") + "."
    return message if job["source"] in message else f"{job['source']}: {message}"


def _count_jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
