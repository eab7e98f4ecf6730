"""Data import: which files, what was found in them, and what is missing before they can be read."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from vestim_core.jobs.managers.base import Manager
from vestim_core.spec.data import DataSpec
from vestim_core.spec.job import spec_error
from vestim_core.spec.states import Phase, PhaseState

MAX_FINDINGS = 500


class DataImportManager(Manager):
    """Needs input until each role that a job cannot do without has files."""

    phase = Phase.DATA_IMPORT

    def save(self, document: dict[str, Any]) -> bool:
        """Check the data section alone, so that the rest of a draft may still be missing."""
        try:
            DataSpec.model_validate(document.get("data", {}))
        except ValidationError as error:
            return self.report(PhaseState.NEEDS_INPUT, 0.0, spec_error(error).sentence)
        return self.report(PhaseState.WAITING, 0.0, "")

    def accept(self, finding: dict[str, Any]) -> None:
        """Keep one finding of a check; beyond `MAX_FINDINGS` they are only counted."""
        found = self.details.get("findings", [])
        if finding in found:
            return
        kept = [*found, finding] if len(found) < MAX_FINDINGS else found
        count = self.details.get("finding_count", 0) + 1
        self.details = {**self.details, "findings": kept, "finding_count": count}
