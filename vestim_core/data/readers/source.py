"""Source: the interface of every format's reader, before quantities and units are assigned."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from vestim_core.spec.finding import Finding


@dataclass(frozen=True)
class ReadIssue:
    """Rows in which a file is malformed. position: affected column, None for entire rows. excerpt: the text to show."""

    code: str
    rows: np.ndarray
    excerpt: str = ""
    position: int | None = None


@dataclass(frozen=True)
class RawColumns:
    """Columns by position, all of one length: float64 with NaN where there is no number, or object arrays of str and
    None where text was requested; and the issues met while reading."""

    columns: dict[int, np.ndarray]
    issues: list[ReadIssue] = field(default_factory=list)


class Source(Protocol):
    """An opened file with named columns."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def headers(self) -> list[str]:
        """Column names."""

    @property
    def preamble(self) -> str:
        """Text above the column names; empty where the format has none."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings from opening the file."""

    def sample(self, position: int) -> list[str]:
        """First values of a column as text, at most a few hundred; "" for an empty one."""

    def estimated_rows(self) -> int:
        """Approximate number of data rows, without reading them."""

    def read(self, positions: Sequence[int], texts: Collection[int]) -> RawColumns:
        """Read the columns at `positions`, those also in `texts` as text."""

    def row_location(self, row: int) -> str:
        """Location of row `row` (from 0) in words, e.g. `line 413`."""
