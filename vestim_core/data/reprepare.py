"""Prepares a file again from its measured rows, so that the measurement can be changed and every step rerun.

Unchanged rows reproduce the file bit for bit. Augmented files are the exception: their random changes are treated as
measured.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from vestim_core.data.pipeline import Pipeline, run_steps
from vestim_core.data.prepared_set import PreparedFile
from vestim_core.data.segment import Segment
from vestim_core.data.steps.resampled_table import ResampledTable
from vestim_core.data.table import Table
from vestim_core.spec.step_columns import step_input_columns, step_output_column


def measured_rows(file: PreparedFile, pipeline: Pipeline) -> ResampledTable:
    """The rows of a file on their grid, without rested rows and without columns that steps created."""
    created_columns = {step_output_column(step) for step in pipeline.steps}
    rows = np.concatenate([np.arange(segment.scored_from, segment.stop) for segment in file.segments])
    return ResampledTable(
        time_s=file.time_s[rows],
        columns={name: file.column(name)[rows] for name in file.columns if name not in created_columns},
        segments=consecutive_segments([segment.stop - segment.scored_from for segment in file.segments]),
    )


def consecutive_segments(lengths: list[int]) -> tuple[Segment, ...]:
    """Build consecutive segments of the given lengths; empty ones are omitted."""
    stops = np.cumsum(lengths).tolist()
    return tuple(Segment(stop - rows, stop, stop - rows) for rows, stop in zip(lengths, stops, strict=True) if rows)


def reprepare(file: PreparedFile, rows: ResampledTable, pipeline: Pipeline) -> PreparedFile:
    """Prepare `file` again from `rows`.

    Raises wrong_input where a formula yields no number.
    """
    table = Table(Path(file.source), file.name, file.sha256, {})
    arrays = pipeline.scale(run_steps(pipeline.steps, rows, table, is_training=False)[0])
    return replace(file, **vars(arrays))


def upstream_columns(pipeline: Pipeline) -> set[str]:
    """All columns that influence the model's input: its features and the columns that steps compute them from."""
    columns = set(pipeline.signals.features)
    for step in reversed(pipeline.steps):
        if step_output_column(step) in columns:
            columns |= set(step_input_columns(step))
    return columns
