"""Source: what a format's reader offers, before anything is known of quantities and units."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from vestim_core.spec.finding import Finding


@dataclass(frozen=True)
class Trouble:
    """Rows at which a file is not as it should be. position: the column it concerns, None for whole rows."""

    code: str
    rows: np.ndarray
    said: str = ""
    position: int | None = None


@dataclass(frozen=True)
class Raw:
    """Columns by position, all of one length: float64 with NaN where there is no number, object arrays of str or None
    where text was asked for; and what was met on the way."""

    columns: dict[int, np.ndarray]
    troubles: list[Trouble] = field(default_factory=list)


class Source(Protocol):
    """An opened file with named columns."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def headers(self) -> list[str]:
        """Names of its columns."""

    @property
    def preamble(self) -> str:
        """The text before the names; empty where the format has none."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What opening noticed."""

    def sample(self, position: int) -> list[str]:
        """The first values of a column as text, at most some hundred; "" where there is none."""

    def estimated_rows(self) -> int:
        """About how many data rows there are, without reading them."""

    def read(self, positions: Sequence[int], texts: Collection[int]) -> Raw:
        """The columns at `positions`, those of them in `texts` as text."""

    def place(self, row: int) -> str:
        """Words for where row `row` (from 0) stands, e.g. `line 413`."""
