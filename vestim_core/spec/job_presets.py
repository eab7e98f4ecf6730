"""Job presets: all settings of a job except its data, stored as asset files.

A new preset is one more file `assets/presets/<id>.toml`; all user interfaces list it.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from vestim_core.spec.errors import not_found
from vestim_core.spec.section import Section


class JobPreset(Section):
    """One job preset.

    takes: text for users: how long it takes on one CPU core.
    job: sections signals, preparation, model and training of a job document.
    """

    preset_id: str
    name: str = Field(min_length=1)
    order: int
    takes: str = Field(min_length=1)
    description: str = Field(min_length=1)
    job: dict[str, Any]

    @property
    def target(self) -> str:
        """Canonical name of the quantity that the models estimate."""
        return str(self.job["signals"]["target"])

    def to_record(self) -> dict[str, Any]:
        """Return the plain values sent to clients."""
        record = self.model_dump(exclude={"order", "job"})
        return {**record, "target": self.target, "spec": self.job}


@cache
def installed_presets() -> tuple[JobPreset, ...]:
    """All presets installed with this version, in display order."""
    unsorted_presets = [
        JobPreset.model_validate(
            {"preset_id": file.name.removesuffix(".toml"), **tomllib.loads(file.read_text("utf-8"))}
        )
        for file in files("vestim_assets").joinpath("presets").iterdir()
        if file.name.endswith(".toml")
    ]
    return tuple(sorted(unsorted_presets, key=lambda preset: preset.order))


def find_preset(text: str) -> JobPreset:
    """Find a preset by id, ignoring case and with any of ` -_` between words. Raises `VestimError` if there is none."""
    preset_id = text.strip().lower().replace(" ", "_").replace("-", "_")
    for preset in installed_presets():
        if preset.preset_id == preset_id:
            return preset
    ids = ", ".join(preset.preset_id for preset in installed_presets())
    raise not_found(f"there is no preset '{text}': use {ids}", location="preset")
