"""Testing section: which baseline the trained models are compared with, and what is written."""

from __future__ import annotations

from pydantic import Field

from vestim_core.spec.section import Section


class TestingSpec(Section):
    """Settings for testing trained models. Every model is tested on validation and test files, reported by role."""

    __test__ = False  # keeps pytest from collecting it because of its name

    baseline: bool = Field(
        True,
        title="Baseline",
        description="Test beside the models: for voltage an equivalent circuit, for SOC a Kalman filter on it and "
        "coulomb counting.",
    )
    circuit_elements: int = Field(
        1, ge=1, le=3, title="RC elements", description="Of the circuit; more are fitted slowly and seldom determined."
    )
    circuit_temperature: bool = Field(
        False, title="Circuit temperature", description="Let its resistance depend on temperature."
    )
    circuit_hysteresis: bool = Field(
        False,
        title="Circuit hysteresis",
        description="Let its voltage depend on the direction of the current, and fit it on charges too.",
    )
    predictions_csv: bool = Field(
        True, title="Predictions as CSV", description="Write each file's predictions as .csv beside the .npz."
    )
