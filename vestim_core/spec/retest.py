"""Retest: what is asked when a finished job's models are to be tested on new files, or on disturbed ones."""

from __future__ import annotations

from pydantic import Field

from vestim_core.spec.data import FileRepair
from vestim_core.spec.section import Section

MAX_FILES = 1000


class Retest(Section):
    """Files to test on, and the trainings whose models are tested on each of them.

    files: paths of files or folders; none: the job's own test files, or validation files where it has no others.
    columns: canonical name to the name in the file; empty: as in the job's own files. robustness: whether to find out
    what errors of the sensors cost on these files.
    """

    files: list[str] = Field(default_factory=list, max_length=MAX_FILES)
    trained: list[str] = Field(min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    repairs: list[FileRepair] = Field(default_factory=list)
    robustness: bool = False
