"""Base of all spec sections: unknown keys and NaN are rejected, and a valid section is immutable."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict


class Section(BaseModel):
    """Base of all sections. A field's `title` is its label, `description` its help text of one line, and
    `json_schema_extra["unit"]` its unit. Template, window and documentation are generated from them."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


def unit(text: str) -> JsonDict:
    """Build the `json_schema_extra` that carries a field's unit."""
    return {"unit": text}
