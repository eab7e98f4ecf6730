"""The presets: whole settings of a job but for its data, written as files among the assets.

A preset is data: a new one is one file `assets/presets/<id>.toml`, which every surface shows.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from vestim_core.spec.errors import not_found
from vestim_core.spec.section import Section


class Preset(Section):
    """One preset. takes: the time that it takes on one CPU core, in words. job: signals, preparation, model and
    training of a job document."""

    preset_id: str
    name: str = Field(min_length=1)
    order: int
    takes: str = Field(min_length=1)
    description: str = Field(min_length=1)
    job: dict[str, Any]

    @property
    def target(self) -> str:
        """The quantity that its models estimate, by canonical name."""
        return str(self.job["signals"]["target"])

    def to_record(self) -> dict[str, Any]:
        """What clients are told."""
        record = self.model_dump(exclude={"order", "job"})
        return {**record, "target": self.target, "spec": self.job}


@cache
def presets() -> tuple[Preset, ...]:
    """Every preset that was installed with this version, in the order in which they are shown."""
    found = [
        Preset.model_validate({"preset_id": file.name.removesuffix(".toml"), **tomllib.loads(file.read_text("utf-8"))})
        for file in files("vestim_assets").joinpath("presets").iterdir()
        if file.name.endswith(".toml")
    ]
    return tuple(sorted(found, key=lambda preset: preset.order))


def preset_called(given: str) -> Preset:
    """The preset of that id, whatever its case and with any of ` -_` between words. `VestimError` for none."""
    wanted = given.strip().lower().replace(" ", "_").replace("-", "_")
    for preset in presets():
        if preset.preset_id == wanted:
            return preset
    ids = ", ".join(preset.preset_id for preset in presets())
    raise not_found(f"there is no preset '{given}': use {ids}", place="preset")
