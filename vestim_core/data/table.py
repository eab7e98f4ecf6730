"""Table: one file as it was read, in canonical columns and SI units."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vestim_core.spec.finding import Finding


@dataclass(frozen=True)
class Table:
    """Rows of one file.

    sha256: hash of the file's bytes.
    columns: float64 arrays of one length by canonical name, free of NaN and infinity; `time_s` counts from the file's
    first row and strictly increases; charge current is positive.
    findings: what reading noticed, such as rows that it left out.
    """

    path: Path
    name: str
    sha256: str
    columns: dict[str, np.ndarray]
    findings: tuple[Finding, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns["time_s"])
