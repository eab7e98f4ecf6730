"""Which files a job trains, validates and tests on, and how their columns are named."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from vestim_core.spec.finding import Repair
from vestim_core.spec.section import Section

Role = Literal["train", "validation", "test"]


class FileRepair(Section):
    """A repair of one file, as a finding proposes it; row numbers are those of the file as it lies there."""

    file: str = Field(min_length=1, title="File", description="Its name, or its path where names are not unique.")
    repair: Repair = Field(title="Repair", description="Kind and parameters, as data.")


class DataSpec(Section):
    """Files or folders for each role. A split is by whole files, never inside a file."""

    train: list[str] = Field(
        min_length=1,
        title="Training files",
        description="Files or folders that the model learns from (.csv, .mat, .xlsx, ...).",
    )
    validation: list[str] = Field(
        min_length=1, title="Validation files", description="Files that choose the best weights; never learned from."
    )
    test: list[str] = Field(
        [],
        title="Test files",
        description="Held-out files for the final figures. Without any, validation files are reported.",
    )
    columns: dict[str, str] = Field(
        {},
        title="Columns",
        description='Canonical name = name in the file, e.g. voltage_V = "U[V]". Empty: recognised by name.',
    )

    repairs: list[FileRepair] = Field(
        [],
        title="Repairs",
        description="Changes of files before they are used, from the findings; each is carried out on every run.",
    )

    @model_validator(mode="after")
    def _one_role_each(self) -> Self:
        roles = {"train": self.train, "validation": self.validation, "test": self.test}
        seen: dict[str, str] = {}
        for role, paths in roles.items():
            for path in paths:
                if path in seen:
                    raise ValueError(f"'{path}' is given as {seen[path]} and as {role}: results would look too good")
                seen[path] = role
        return self
