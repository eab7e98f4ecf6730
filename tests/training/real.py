"""The shared real data, prepared as a job would."""

from __future__ import annotations

from pathlib import Path

from vestim_core.data.prepare import prepare
from vestim_core.data.prepared import PreparedSet
from vestim_core.spec.data import DataSpec
from vestim_core.spec.preparation import default_preparation
from vestim_core.spec.signals import SignalsSpec


def real_set(shared: Path, cache: Path) -> PreparedSet:
    """Drives 10, 12, 14 and 16 for training, 18 for validation, with the default signals and steps."""
    data = DataSpec(train=_paths(shared, 10, 12, 14, 16), validation=_paths(shared, 18))
    return prepare(
        data,
        SignalsSpec(),
        default_preparation(),
        cache,
        report=lambda phase, state, fraction, message: None,
        found=lambda finding: None,
        cancelled=lambda: False,
    )


def _paths(shared: Path, *numbers: int) -> list[str]:
    return [str(path) for number in numbers for path in (shared / "data" / "tesla_m80").glob(f"{number}_*.mat")]
