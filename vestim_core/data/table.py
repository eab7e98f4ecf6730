"""Table: one file as it was read, in canonical columns and SI units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vestim_core.spec.finding import Finding, Repair


def _row_words(row: int) -> str:
    return f"row {row + 1}"


@dataclass(frozen=True)
class Table:
    """Rows of one file, one for each of its data rows, in its order.

    sha256: hash of the file's bytes.
    columns: float64 arrays of one length by canonical name; `time_s` counts from the file's first row; charge current
    is positive. As loaded, NaN stands where the file has no number and time may stand still or run backwards; what
    `read_table` and `usable` give is free of NaN and strictly increases.
    findings: what reading noticed. vendor, why: whose file it was taken for, and by which words.
    headers: every column of the file; sources: the one that each canonical column comes from, as the file writes it.
    start_s: the first row on the file's own clock (seconds; since 1970 where that is a date).
    place: words for where a row (from 0) stands in the file, e.g. `line 413`.
    repairs: what was changed since reading, in order.
    """

    path: Path
    name: str
    sha256: str
    columns: dict[str, np.ndarray]
    findings: tuple[Finding, ...] = ()
    vendor: str = ""
    why: str = ""
    headers: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    start_s: float = 0.0
    place: Callable[[int], str] = _row_words
    repairs: tuple[Repair, ...] = ()

    def called(self, name: str) -> Table:
        """The same by another name, where its file's own is not enough."""
        if name == self.name:
            return self
        return replace(self, name=name, findings=tuple(called(one, self.name, name) for one in self.findings))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns["time_s"])


def called(finding: Finding, old: str, new: str) -> Finding:
    """`finding` about the file of the name `new`, which it calls `old`."""
    return finding.model_copy(update={"file": new, "sentence": finding.sentence.replace(f'"{old}"', f'"{new}"')})
