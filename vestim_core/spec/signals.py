"""Quantities and their units, and the signals section: a model's inputs and output."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from vestim_core.spec.section import Section

QUANTITIES: dict[str, str] = {
    "time_s": "s",
    "voltage_V": "V",
    "current_A": "A",
    "temperature_degC": "degC",
    "soc": "1",
    "power_W": "W",
    "charge_Ah": "Ah",
    "energy_Wh": "Wh",
    "ambient_degC": "degC",
    "step": "",
    "cycle": "",
}
"""Canonical column names and their units. Charge current is positive, SOC is a fraction."""


def error_scale(target: str) -> tuple[str, float]:
    """Metric name suffix for a target's errors, and the factor that converts from the target's unit.

    Voltage in mV, SOC in percentage points, temperature in K, other known quantities in their own unit; a target
    without a known unit has no suffix (`rmse`).
    """
    if target.endswith("_V"):
        return "_mV", 1000.0
    if target == "soc":
        return "_percent", 100.0
    if target.endswith("_degC"):
        return "_K", 1.0
    _, _, suffix = target.rpartition("_")
    return (f"_{suffix}", 1.0) if QUANTITIES.get(target) else ("", 1.0)


class SignalsSpec(Section):
    """A model's inputs, in order, and its only output."""

    features: list[str] = Field(
        ["soc", "current_A", "temperature_degC"],
        min_length=1,
        title="Inputs",
        description="Columns that the model reads, by canonical name (soc, current_A, temperature_degC, ...).",
    )
    target: str = Field(
        "voltage_V", title="Output", description="Column that the model predicts, e.g. voltage_V or soc."
    )

    @model_validator(mode="after")
    def _check_distinct(self) -> Self:
        if self.target in self.features:
            raise ValueError(f"the target '{self.target}' is also among the features: remove it from one of them")
        duplicates = sorted({name for name in self.features if self.features.count(name) > 1})
        if duplicates:
            raise ValueError(f"features named twice: {', '.join(duplicates)}")
        if "time_s" in (*self.features, self.target):
            raise ValueError("time_s orders the rows and cannot be a feature or the target")
        return self
