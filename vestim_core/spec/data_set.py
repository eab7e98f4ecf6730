"""Named data sets: files by role, column names, repairs, and the content found by the last check.

`DataSetSpec` is the user's definition, with folders, patterns and a random split. `DataSetContent` is what a worker
found: whole files, each with one role and the hash of its bytes. A job copies the content when it starts.
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
from vestim_core.spec.schema_upgrade import upgrade_record
from vestim_core.spec.section import Section

# Limits of what is stored of a check, so that a data set fits into one reply (`protocol.limits.MAX_REPLY_BYTES`).
MAX_DATA_SET_FILES = 5_000  # files
MAX_FINDINGS = 500  # findings, the most severe first
MAX_FINDING_BYTES = 1 << 20  # bytes of all stored findings together: 1 MiB
SPLIT_INSIDE_FILE_MESSAGE = (
    "a split inside a file is refused, since rows beside each other are almost equal and hidden states would reach "
    "across the border, so that results would look too good: split by whole files"
)


class Split(Section):
    """Random split by whole files. The same files and seed give the same split on every machine; adding or removing a
    file changes the role of few others."""

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
    def _check_by(cls, value: Any) -> Any:
        if value != "file":
            raise ValueError(SPLIT_INSIDE_FILE_MESSAGE)
        return value

    @field_validator("validation", "test")
    @classmethod
    def _check_share(cls, value: float) -> float:
        if value >= 1 and value != int(value):
            raise ValueError("is neither a share below 1 nor a whole number of files")
        return value


class DataSetSpec(Section):
    """Files by role. Each entry is a file, a folder or a pattern such as `cells/*_25C.csv`."""

    files: list[str] = Field(
        [],
        max_length=MAX_DATA_SET_FILES,
        title="Files",
        description="Files whose role is left open: split at random where `split` is given, else for training.",
    )
    train: list[str] = Field([], max_length=MAX_DATA_SET_FILES, title="Training files", description="Learned from.")
    validation: list[str] = Field(
        [],
        max_length=MAX_DATA_SET_FILES,
        title="Validation files",
        description="Choose the best weights; never learned from.",
    )
    test: list[str] = Field(
        [], max_length=MAX_DATA_SET_FILES, title="Test files", description="Held out for the final figures."
    )
    split: Split | None = Field(None, title="Split", description="Deals `files` out at random.")
    columns: dict[str, str] = Field(
        {}, title="Columns", description='Canonical name = name in the file, e.g. voltage_V = "U[V]".'
    )
    repairs: list[FileRepair] = Field(
        [], max_length=10_000, title="Repairs", description="Changes of files before they are used, from the findings."
    )

    @model_validator(mode="after")
    def _check_required_roles(self) -> Self:
        if self.split and not self.files:
            raise ValueError("there is nothing to split: name the files or folders under 'files'")
        if not self.files and not self.train:
            raise ValueError("no files to learn from: name some under 'train', or leave roles open under 'files'")
        if not self.validation and not (self.split and self.split.validation):
            raise ValueError("no validation files: name some under 'validation', or have 'files' split")
        return self


class DataSetFile(Section):
    """One file as found by the last check.

    sha256: hash of the file's bytes. duration_s, sample_time_s: None if no table could be read.
    temperature_degC: mean over the file; None without a temperature column.
    """

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
        """File name without its folder."""
        return PurePath(self.path).name


class DataSetContent(Section):
    """Result of a check: files with roles, the mapping and repairs applied (repairs name whole paths), and findings.

    Only the most severe findings are stored if there are many; `finding_counts` counts all of them by severity.
    """

    files: list[DataSetFile] = Field(min_length=1, max_length=MAX_DATA_SET_FILES)
    columns: dict[str, str] = Field(default_factory=dict)
    repairs: list[FileRepair] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    finding_counts: dict[Severity, int] = Field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of everything that training depends on: file contents, roles, mapping and repairs, but not folders."""
        names = {file.path: file.name for file in self.files}
        repairs = [
            [names.get(repair.file, repair.file), repair.repair.model_dump(mode="json")] for repair in self.repairs
        ]
        content = [[[file.role, file.name, file.sha256] for file in self.files], self.columns, repairs]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def files_with_role(self, role: Role) -> list[DataSetFile]:
        """Files with this role, in order."""
        return [file for file in self.files if file.role == role]

    def to_data(self, name: str) -> dict[str, Any]:
        """Data section of a job that uses exactly this content."""
        roles: tuple[Role, ...] = ("train", "validation", "test")
        return {
            "data_set": name,
            **{role: [file.path for file in self.files_with_role(role)] for role in roles},
            "columns": self.columns,
            "repairs": [repair.model_dump(mode="json") for repair in self.repairs],
            "hashes": {file.path: file.sha256 for file in self.files},
        }


class DataSetState(StrEnum):
    """`checking`: a worker inspects the files; `ready`: jobs may use it; `failed`: `error` gives the reason."""

    CHECKING = "checking"
    READY = "ready"
    FAILED = "failed"


class DataSet(Section):
    """A data set as it is stored.

    content: result of the last successful check; None before the first one.
    inspection_id: id of the running check. changes: messages about differences between the last two checks.
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

    @field_validator("error", mode="before")
    @classmethod
    def _upgrade_error(cls, record: Any) -> Any:
        """Read errors that earlier versions stored; findings read themselves."""
        return upgrade_record(record)

    def to_record(self) -> dict[str, Any]:
        """Return plain values that `DataSet.model_validate` turns back into this data set."""
        return self.model_dump(mode="json")

    def summary(self) -> dict[str, Any]:
        """Return the row for the list of data sets."""
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


def describe_changes(old_files: Sequence[DataSetFile], new_files: Sequence[DataSetFile]) -> list[str]:
    """Messages about the differences between two checks, one per change, sorted."""
    old_by_path, new_by_path = ({file.path: file for file in files} for files in (old_files, new_files))
    messages = [f"'{path}' is no longer in it." for path in old_by_path.keys() - new_by_path.keys()]
    messages += [f"'{path}' is new." for path in new_by_path.keys() - old_by_path.keys()]
    for path in old_by_path.keys() & new_by_path.keys():
        if old_by_path[path].sha256 != new_by_path[path].sha256:
            messages.append(f"'{path}' has other content.")
        if old_by_path[path].role != new_by_path[path].role:
            messages.append(f"'{path}' is for {new_by_path[path].role} now, not for {old_by_path[path].role}.")
    return sorted(messages)
