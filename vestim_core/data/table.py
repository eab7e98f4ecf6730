"""Table: one file as read, in canonical columns and units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vestim_core.spec.finding import Finding, Repair


def _default_row_location(row: int) -> str:
    return f"row {row + 1}"


@dataclass(frozen=True)
class Table:
    """Rows of one file, one per data row, in file order.

    sha256: hash of the file's bytes.
    columns: float64 arrays of one length by canonical name. `time_s` counts from the file's first row; charge current
    is positive. As loaded, NaN marks a missing number and time may repeat or decrease; after `read_table` or `usable`
    there is no NaN and time strictly increases.
    findings: issues found while reading. vendor, vendor_evidence: the detected vendor and the evidence.
    headers: all column names of the file; sources: the header that each canonical column was read from.
    start_s: the first row on the file's own clock in seconds, since 1970 if that is a date.
    row_location: maps a row (from 0) to its location in the file in words, e.g. `line 413`.
    repairs: applied repairs, in order.
    """

    path: Path
    name: str
    sha256: str
    columns: dict[str, np.ndarray]
    findings: tuple[Finding, ...] = ()
    vendor: str = ""
    vendor_evidence: str = ""
    headers: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    start_s: float = 0.0
    row_location: Callable[[int], str] = _default_row_location
    repairs: tuple[Repair, ...] = ()

    def with_name(self, name: str) -> Table:
        """Return the table under another name, in its findings too."""
        if name == self.name:
            return self
        return replace(
            self, name=name, findings=tuple(rename_in_finding(finding, self.name, name) for finding in self.findings)
        )

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns["time_s"])


def rename_in_finding(finding: Finding, old: str, new: str) -> Finding:
    """Replace the file name `old` by `new` in `finding`."""
    return finding.model_copy(update={"file": new, "message": finding.message.replace(f'"{old}"', f'"{new}"')})
