"""A prepared file once more from what was measured, so that the measurement can be changed and every step run on it.

Unchanged rows give the file that there was, to the last bit. Augmented files are the exception: what was drawn for them
is taken for measured.
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
    """The rows of a file on their grid, without rested ones, and its columns without those that steps have made."""
    made = {makes(step) for step in pipeline.steps}
    kept = np.concatenate([np.arange(segment.scored_from, segment.stop) for segment in file.segments])
    return EvenRows(
        time_s=file.time_s[kept],
        columns={name: file.column(name)[kept] for name in file.columns if name not in made},
        segments=segments_of([segment.stop - segment.scored_from for segment in file.segments]),
    )


def segments_of(lengths: list[int]) -> tuple[Segment, ...]:
    """Segments of so many rows, one after the other; those of no rows are left out."""
    stops = np.cumsum(lengths).tolist()
    return tuple(Segment(stop - rows, stop, stop - rows) for rows, stop in zip(lengths, stops, strict=True) if rows)


def prepared_again(file: PreparedFile, rows: EvenRows, pipeline: Pipeline) -> PreparedFile:
    """`file` as it is prepared from these rows.

    Raises wrong_input where a formula gives no number.
    """
    table = Table(Path(file.source), file.name, file.sha256, {})
    arrays = pipeline.scale(run_steps(pipeline.steps, rows, table, training=False)[0])
    return replace(file, **vars(arrays))


def columns_behind(pipeline: Pipeline) -> set[str]:
    """Every column that decides what the model reads: its features, and what steps make them of."""
    behind = set(pipeline.signals.features)
    for step in reversed(pipeline.steps):
        if makes(step) in behind:
            behind |= set(reads(step))
    return behind
