"""Data import: files, findings about them, and missing information before they can be read."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from vestim_core.jobs.managers.base import Manager
from vestim_core.spec.data import DataSpec
from vestim_core.spec.job import to_vestim_error
from vestim_core.spec.states import Phase, PhaseState

MAX_FINDINGS = 500  # arbitrary: bounds the job's record


class DataImportManager(Manager):
    """Needs input until each required role has files."""

    phase = Phase.DATA_IMPORT

    def review_draft(self, document: dict[str, Any]) -> bool:
        """Validate the data section alone, so that the rest of a draft may still be missing."""
        try:
            DataSpec.model_validate(document.get("data", {}))
        except ValidationError as error:
            return self.report(PhaseState.NEEDS_INPUT, 0.0, to_vestim_error(error).message)
        return self.report(PhaseState.WAITING, 0.0, "")

    def add_finding(self, finding: dict[str, Any]) -> None:
        """Add one finding of a check; beyond `MAX_FINDINGS` they are only counted."""
        stored = self.details.get("findings", [])
        if finding in stored:
            return
        findings = [*stored, finding] if len(stored) < MAX_FINDINGS else stored
        count = self.details.get("finding_count", 0) + 1
        self.details = {**self.details, "findings": findings, "finding_count": count}
