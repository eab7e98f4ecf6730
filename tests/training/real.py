"""The shared real data, prepared as a job would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vestim_core.data.prepare_data import prepare
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.spec.data import DataSpec
from vestim_core.spec.preparation import Step, default_preparation
from vestim_core.spec.signals import SignalsSpec


def real_set(
    shared: Path,
    cache: Path,
    *,
    train: Sequence[int] = (10, 12, 14, 16),
    validation: Sequence[int] = (18,),
    test: Sequence[int] = (),
    signals: SignalsSpec | None = None,
    steps: Sequence[Step] | None = None,
) -> PreparedSet:
    """Prepare drives 10, 12, 14 and 16 for training and 18 for validation, unless told otherwise."""
    data = DataSpec(train=_paths(shared, *train), validation=_paths(shared, *validation), test=_paths(shared, *test))
    return prepare(
        data,
        signals or SignalsSpec(),
        default_preparation() if steps is None else list(steps),
        cache,
        on_progress=lambda phase, state, fraction, message: None,
        on_finding=lambda finding: None,
        is_canceled=lambda: False,
    )


def _paths(shared: Path, *drive_numbers: int) -> list[str]:
    return [
        str(path)
        for drive_number in drive_numbers
        for path in (shared / "data" / "tesla_m80").glob(f"{drive_number}_*.mat")
    ]
