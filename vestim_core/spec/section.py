"""What every section of a spec has in common: unknown keys and NaN are refused, a valid one never changes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict


class Section(BaseModel):
    """Base of all sections. A field's `title` is its label, `description` its one line of help,
    `json_schema_extra["unit"]` its unit: template, window and documentation are made from them."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


def unit(text: str) -> JsonDict:
    """The `json_schema_extra` that carries a field's unit."""
    return {"unit": text}
