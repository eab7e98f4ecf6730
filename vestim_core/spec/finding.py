"""What a check found in data, and what can be done about it: plain records that every surface shows the same way."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Severity(StrEnum):
    """`error`: the numbers would be wrong; `warning`: look at it; `info`: good to know."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Repair(BaseModel):
    """A proposed change of the data, as data, so that it can be shown, applied, recorded and replayed."""

    model_config = ConfigDict(frozen=True)

    kind: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class Finding(BaseModel):
    """One thing that a check found: where, how bad, one sentence with numbers, and a repair if there is one.

    rows: first and last row it concerns, counted from 0 at the first data row, both included; None for a whole file.
    spans: the single stretches of rows within `rows` where there are several, the first thousand of them.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity
    sentence: str
    file: str = ""
    column: str = ""
    rows: tuple[int, int] | None = None
    spans: tuple[tuple[int, int], ...] = ()
    repair: Repair | None = None
