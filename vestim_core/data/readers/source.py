"""Source: what a format's reader offers, before anything is known of quantities and units."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from vestim_core.spec.finding import Finding


class Source(Protocol):
    """An opened file with named columns."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def headers(self) -> list[str]:
        """Names of its columns."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What opening noticed."""

    def read(self, positions: Sequence[int], time: int) -> dict[int, np.ndarray]:
        """The columns at `positions`, all of one length: float64 with NaN where there is no value.

        Only the column at `time` may come as text instead (object array of str or None).
        """

    def place(self, row: int) -> str:
        """Words for where row `row` (from 0) stands, e.g. `line 413`."""
