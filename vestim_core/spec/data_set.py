"""A named data set: which files with which roles, how their columns are named and mended, and what was in them.

`DataSetSpec` is what the user says, with folders, patterns and a split at random. `DataSetContent` is what a worker
found there: whole files, each with one role and the hash of its bytes. A job takes the content as it is at its start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from vestim_core.spec.data import FileRepair, Role
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.section import Section

MAX_FILES = 5_000
MAX_FINDINGS = 500
MAX_FINDING_BYTES = 1 << 20
"""Bounds of what is kept of a check, so that a data set fits into one answer."""
WHY_WHOLE_FILES = (
    "a split inside a file is refused, since rows beside each other are almost equal and hidden states would reach "
    "across the border, so that results would look too good: split by whole files"
)


class Split(Section):
    """Whole files dealt out at random. The same files with the same seed give the same split on every machine; one file
    more or less moves few of the others."""

    by: Literal["file"] = Field("file", title="Split by", description="Whole files; nothing else is allowed.")
    validation: float = Field(
        0.2,
        ge=0,
        title="Validation",
        description="Share of the files, or from 1 on their number; training has the rest.",
    )
    test: float = Field(0.0, ge=0, title="Test", description="Share of the files, or from 1 on their number.")
    seed: int = Field(1, ge=0, title="Seed", description="Another seed gives another split.")

    @field_validator("by", mode="before")
    @classmethod
    def _whole_files(cls, value: Any) -> Any:
        if value != "file":
            raise ValueError(WHY_WHOLE_FILES)
        return value

    @field_validator("validation", "test")
    @classmethod
    def _share_or_number(cls, value: float) -> float:
        if value >= 1 and value != int(value):
            raise ValueError("is neither a share below 1 nor a whole number of files")
        return value


class DataSetSpec(Section):
    """Files by role. Each entry is a file, a folder, or a pattern such as `cells/*_25C.csv`."""

    files: list[str] = Field(
        [],
        max_length=MAX_FILES,
        title="Files",
        description="Files whose role is left open: split at random where `split` is given, else for training.",
    )
    train: list[str] = Field([], max_length=MAX_FILES, title="Training files", description="Learned from.")
    validation: list[str] = Field(
        [], max_length=MAX_FILES, title="Validation files", description="Choose the best weights; never learned from."
    )
    test: list[str] = Field([], max_length=MAX_FILES, title="Test files", description="Held out for the final figures.")
    split: Split | None = Field(None, title="Split", description="Deals `files` out at random.")
    columns: dict[str, str] = Field(
        {}, title="Columns", description='Canonical name = name in the file, e.g. voltage_V = "U[V]".'
    )
    repairs: list[FileRepair] = Field(
        [], max_length=10_000, title="Repairs", description="Changes of files before they are used, from the findings."
    )

    @model_validator(mode="after")
    def _every_role_that_is_needed(self) -> Self:
        if self.split and not self.files:
            raise ValueError("there is nothing to split: name the files or folders under 'files'")
        if not self.files and not self.train:
            raise ValueError("no files to learn from: name some under 'train', or leave roles open under 'files'")
        if not self.validation and not (self.split and self.split.validation):
            raise ValueError("no validation files: name some under 'validation', or have 'files' split")
        return self


class DataSetFile(Section):
    """One file as it was looked at. sha256: of its bytes. duration_s, sample_time_s: None where there is no table;
    temperature_degC: mean over the file, None without such a column."""

    path: str
    role: Role
    sha256: str
    rows: int = 0
    duration_s: float | None = None
    sample_time_s: float | None = None
    temperature_degC: float | None = None
    vendor: str = ""
    readable: bool = True

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return PurePath(self.path).name


class DataSetContent(Section):
    """What was found: every file with its role, the mapping and repairs that were used (repairs name whole paths), and
    the findings that remain; of many the worst are kept, and all are counted by severity."""

    files: list[DataSetFile] = Field(min_length=1, max_length=MAX_FILES)
    columns: dict[str, str] = Field(default_factory=dict)
    repairs: list[FileRepair] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    finding_counts: dict[Severity, int] = Field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of everything that training depends on: contents with roles, mapping and repairs; not of folders."""
        names = {file.path: file.name for file in self.files}
        repairs = [[names.get(one.file, one.file), one.repair.model_dump(mode="json")] for one in self.repairs]
        facts = [[[file.role, file.name, file.sha256] for file in self.files], self.columns, repairs]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def of(self, role: Role) -> list[DataSetFile]:
        """The files of one role, in order."""
        return [file for file in self.files if file.role == role]

    def to_data(self, name: str) -> dict[str, Any]:
        """The data section of a job that is to have just this content."""
        roles: tuple[Role, ...] = ("train", "validation", "test")
        return {
            "data_set": name,
            **{role: [file.path for file in self.of(role)] for role in roles},
            "columns": self.columns,
            "repairs": [repair.model_dump(mode="json") for repair in self.repairs],
            "hashes": {file.path: file.sha256 for file in self.files},
        }


class DataSetState(StrEnum):
    """`checking`: a worker looks at the files; `ready`: jobs may refer to it; `failed`: `error` says why not."""

    CHECKING = "checking"
    READY = "ready"
    FAILED = "failed"


class DataSet(Section):
    """One data set as it is kept. content: of the last check that ended well; None before the first one has.

    inspection_id: of the check that is under way. changes: what the last check found other than the one before, in
    sentences.
    """

    schema_version: Literal[1] = 1
    data_set_id: str
    name: str
    created_utc: str
    updated_utc: str
    checked_utc: str = ""
    spec: DataSetSpec
    state: DataSetState = DataSetState.CHECKING
    inspection_id: str = ""
    error: dict[str, Any] | None = None
    content: DataSetContent | None = None
    changes: list[str] = Field(default_factory=list)

    def to_record(self) -> dict[str, Any]:
        """Plain values; `DataSet.model_validate` of them gives this data set again."""
        return self.model_dump(mode="json")

    def summary(self) -> dict[str, Any]:
        """One row of the list of data sets."""
        files = self.content.files if self.content else []
        return {
            "data_set_id": self.data_set_id,
            "name": self.name,
            "state": self.state.value,
            "inspection_id": self.inspection_id,
            "error": self.error,
            "files": {role: sum(file.role == role for file in files) for role in ("train", "validation", "test")},
            "rows": sum(file.rows for file in files),
            "duration_s": sum(file.duration_s or 0.0 for file in files),
            "findings": {key.value: count for key, count in self.content.finding_counts.items()}
            if self.content
            else {},
            "sha256": self.content.sha256 if self.content else "",
            "created_utc": self.created_utc,
            "updated_utc": self.updated_utc,
            "checked_utc": self.checked_utc,
        }


def changes_between(before: Sequence[DataSetFile], now: Sequence[DataSetFile]) -> list[str]:
    """What is other than before, one sentence a file."""
    former, present = ({file.path: file for file in files} for files in (before, now))
    said = [f"'{path}' is no longer in it." for path in former.keys() - present.keys()]
    said += [f"'{path}' is new." for path in present.keys() - former.keys()]
    for path in former.keys() & present.keys():
        if former[path].sha256 != present[path].sha256:
            said.append(f"'{path}' has other content.")
        if former[path].role != present[path].role:
            said.append(f"'{path}' is for {present[path].role} now, not for {former[path].role}.")
    return sorted(said)
