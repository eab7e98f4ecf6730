"""Request to evaluate a finished job's models on other files, or with sensor errors added."""

from __future__ import annotations

from pydantic import Field

from vestim_core.spec.data import FileRepair
from vestim_core.spec.section import Section

MAX_EVALUATION_FILES = 1000  # files per request; arbitrary, bounds the size of a request


class EvaluationSpec(Section):
    """Files to evaluate on, and the training tasks whose models are evaluated on each of them.

    files: paths of files or folders; empty: the job's test files, or its validation files if it has no test files.
    training_task_ids: ids of the training tasks.
    columns: canonical name to name in the file; empty: as in the job's files.
    robustness: if true, measure how sensor errors degrade the results on these files.
    """

    files: list[str] = Field(default_factory=list, max_length=MAX_EVALUATION_FILES)
    training_task_ids: list[str] = Field(min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    repairs: list[FileRepair] = Field(default_factory=list)
    robustness: bool = False
