"""Preflight checks: reject data that cannot be trained on, warn of settings that will not have the expected effect."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from vestim_core.data.prepared_set import PreparedFile, PreparedSet
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.job import Trial
from vestim_core.spec.training import TbpttTraining, WindowsTraining


def require_trainable(prepared: PreparedSet) -> None:
    """Raise `VestimError` for a role without rows and for the first value that is not finite (file, row, column)."""
    for role in ("train", "validation"):
        if not sum(file.scored_rows for file in prepared.files_of_role(role)):
            raise wrong_input(f"The {role} files have no rows left after preparation: give longer files")
        for file in prepared.files_of_role(role):
            _require_finite(file, prepared)


def training_warnings(trial: Trial, prepared: PreparedSet, threads: int, max_updates: int) -> Iterator[str]:
    """Yield a message for each setting that will not do what it seems to. max_updates: of the whole search."""
    cores = os.cpu_count() or 1
    if threads > cores:
        yield f"training.threads is {threads}, but this machine has {cores} cores: more threads than cores only wait."
    if (warm_up := trial.training.warm_up_steps) > max_updates:
        yield (
            f"training.warm_up_steps is {warm_up:,}, but there are {max_updates:,} updates at most: the learning rate "
            f"never gets to what the schedule says."
        )
    for file in prepared.files_of_role("train"):
        if not file.segments:
            continue
        longest = max(segment.stop - segment.start for segment in file.segments)
        yield from _length_warnings(trial, file.name, longest)


def _length_warnings(trial: Trial, name: str, rows: int) -> Iterator[str]:
    match trial.training:
        case WindowsTraining(lookback=lookback) if rows < lookback:
            yield f"{name} has no {lookback} rows in one piece, as a window needs them: it is not learned from."
        case TbpttTraining(sequence_length=chunk) if rows < chunk:
            yield f"{name} has no {chunk} rows in one piece, the length of a chunk: its chunks are only partly filled."


def _require_finite(file: PreparedFile, prepared: PreparedSet) -> None:
    values = (*file.features.T, file.target)
    for name, column in zip((*prepared.signals.features, prepared.signals.target), values, strict=True):
        bad_rows = np.flatnonzero(~np.isfinite(column))
        if len(bad_rows):
            raise wrong_input(
                f"{file.name}: '{name}' is no number at {file.time_s[bad_rows[0]]:g} s and in {len(bad_rows):,} rows "
                f"in all after preparation: repair the file, or mend the step that makes '{name}'",
                location=name,
            )
