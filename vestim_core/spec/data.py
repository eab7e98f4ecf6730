"""Data section of a job: files by role, names of their columns, and repairs."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from vestim_core.spec.finding import Repair
from vestim_core.spec.section import Section

Role = Literal["train", "validation", "test"]


class FileRepair(Section):
    """A repair of one file, as proposed by a finding. Row numbers refer to the unrepaired file."""

    file: str = Field(min_length=1, title="File", description="Its name, or its path where names are not unique.")
    repair: Repair = Field(title="Repair", description="Kind and parameters, as data.")


class DataSpec(Section):
    """Files or folders by role, or the name of a data set. A split assigns whole files, never parts of a file.

    When a job starts, the daemon copies the data set's files, mapping, repairs and hashes into this section, so that
    later changes of the data set do not affect the job.
    """

    data_set: str = Field(
        "", max_length=200, title="Data set", description="Name or id of a saved data set, instead of all below."
    )
    train: list[str] = Field(
        [],
        title="Training files",
        description="Files or folders that the model learns from (.csv, .mat, .xlsx, ...).",
    )
    validation: list[str] = Field(
        [], title="Validation files", description="Files that choose the best weights; never learned from."
    )
    test: list[str] = Field(
        [],
        title="Test files",
        description="Held-out files for the final figures. Without any, validation files are reported.",
    )
    columns: dict[str, str] = Field(
        {},
        title="Columns",
        description='Canonical name = name in the file, e.g. voltage_V = "U[V]". Empty: recognized by name.',
    )

    repairs: list[FileRepair] = Field(
        [],
        title="Repairs",
        description="Changes of files before they are used, from the findings; each is carried out on every run.",
    )
    hashes: dict[str, str] = Field(
        {},
        title="Hashes",
        description="SHA-256 that a file must have, by its path; a file that is not named here may hold anything.",
    )

    @property
    def is_reference(self) -> bool:
        """True if this only names a data set whose files have not been looked up yet."""
        return bool(self.data_set) and not self.hashes

    @field_validator("train", "validation")
    @classmethod
    def _require_files(cls, paths: list[str], info: ValidationInfo) -> list[str]:
        if not paths and not info.data.get("data_set"):
            raise PydanticCustomError("missing", "is missing")
        return paths

    @model_validator(mode="after")
    def _check_data_set_reference(self) -> Self:
        if self.is_reference and (self.train or self.validation or self.test or self.columns or self.repairs):
            raise ValueError(
                f"'data_set' stands instead of files, columns and repairs: change those of data set "
                f"'{self.data_set}', or leave 'data_set' out"
            )
        if self.data_set and self.hashes and not (self.train and self.validation):
            raise ValueError("'hashes' without the files that they belong to: leave them out")
        return self

    @model_validator(mode="after")
    def _check_one_role_per_file(self) -> Self:
        roles = {"train": self.train, "validation": self.validation, "test": self.test}
        role_by_path: dict[str, str] = {}
        for role, paths in roles.items():
            for path in paths:
                if path in role_by_path:
                    raise ValueError(
                        f"'{path}' is given as {role_by_path[path]} and as {role}: results would look too good"
                    )
                role_by_path[path] = role
        return self
