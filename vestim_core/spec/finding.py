"""Findings of data checks and their repairs: plain records that all user interfaces show the same way."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vestim_core.spec.schema_upgrade import upgrade_record


class Severity(StrEnum):
    """Severity of a finding. `error`: results would be wrong; `warning`: needs a look; `info`: good to know."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Repair(BaseModel):
    """A proposed change of the data, stored as data so that it can be shown, applied, recorded and replayed."""

    model_config = ConfigDict(frozen=True)

    kind: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class Finding(BaseModel):
    """One result of a check: location, severity, a message with numbers, and a repair if one is known.

    rows: first and last affected row, both inclusive, counted from 0 at the first data row; None for a whole file.
    spans: the affected row ranges within `rows` if there are several; at most the first thousand.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity
    message: str
    file: str = ""
    column: str = ""
    rows: tuple[int, int] | None = None
    spans: tuple[tuple[int, int], ...] = ()
    repair: Repair | None = None

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Read findings that earlier versions stored."""
        return upgrade_record(record)
