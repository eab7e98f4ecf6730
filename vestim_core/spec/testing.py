"""What is tested after training, and against what."""

from __future__ import annotations

from pydantic import Field

from vestim_core.spec.section import Section


class TestingSpec(Section):
    """Every trained model is tested on the validation and the test files, each file reported with its role."""

    __test__ = False  # not a test class, whatever its name makes pytest believe

    baseline: bool = Field(
        True, title="Baseline", description="Fit and test a one-RC equivalent circuit beside the models (voltage only)."
    )
    predictions_csv: bool = Field(
        True, title="Predictions as CSV", description="Write each file's predictions as .csv beside the .npz."
    )
