"""Figure: one promised quantity, as it was measured here and now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Figure:
    """limit, measured: with their units, for a table."""

    name: str
    limit: str
    measured: str
    passed: bool
