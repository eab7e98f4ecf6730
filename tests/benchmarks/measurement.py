"""Measurement of one promised quantity on this machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Measurement:
    """limit, measured: texts with units, for a table."""

    name: str
    limit: str
    measured: str
    passed: bool
