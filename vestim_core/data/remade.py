"""Prepares a file again from its measured rows, so that the measurement can be changed and every step rerun.

Unchanged rows reproduce the file bit for bit. Augmented files are the exception: their random changes are treated as
measured.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from vestim_core.data.pipeline import Pipeline, run_steps
from vestim_core.data.prepared import PreparedFile
from vestim_core.data.segment import Segment
from vestim_core.data.steps.even import EvenRows
from vestim_core.data.table import Table
from vestim_core.spec.columns import makes, reads


def measured_rows(file: PreparedFile, pipeline: Pipeline) -> EvenRows:
    """The rows of a file on their grid, without rested rows and without columns that steps created."""
    created_columns = {makes(step) for step in pipeline.steps}
    rows = np.concatenate([np.arange(segment.scored_from, segment.stop) for segment in file.segments])
    return EvenRows(
        time_s=file.time_s[rows],
        columns={name: file.column(name)[rows] for name in file.columns if name not in created_columns},
        segments=segments_of([segment.stop - segment.scored_from for segment in file.segments]),
    )


def segments_of(lengths: list[int]) -> tuple[Segment, ...]:
    """Build consecutive segments of the given lengths; empty ones are omitted."""
    stops = np.cumsum(lengths).tolist()
    return tuple(Segment(stop - rows, stop, stop - rows) for rows, stop in zip(lengths, stops, strict=True) if rows)


def prepared_again(file: PreparedFile, rows: EvenRows, pipeline: Pipeline) -> PreparedFile:
    """Prepare `file` again from `rows`.

    Raises wrong_input where a formula yields no number.
    """
    table = Table(Path(file.source), file.name, file.sha256, {})
    arrays = pipeline.scale(run_steps(pipeline.steps, rows, table, training=False)[0])
    return replace(file, **vars(arrays))


def columns_behind(pipeline: Pipeline) -> set[str]:
    """All columns that influence the model's input: its features and the columns that steps compute them from."""
    columns = set(pipeline.signals.features)
    for step in reversed(pipeline.steps):
        if makes(step) in columns:
            columns |= set(reads(step))
    return columns
