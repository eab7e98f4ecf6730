"""Inspections of data files before a job exists. Each kind of inspection is one class."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vestim_core.spec.data import FileRepair, Role
from vestim_core.spec.data_set import DataSetSpec
from vestim_core.spec.finding import Repair
from vestim_core.spec.section import Section

MAX_PREVIEW_POINTS = 20_000  # points per signal, so that a preview stays small (architecture.md)


class InspectedFile(Section):
    """One file and its intended role, if known."""

    path: str = Field(min_length=1)
    role: Role | None = None


class Sniff(Section):
    """Recognize files: vendor and evidence, header, proposed columns and missing columns."""

    action: Literal["sniff"] = "sniff"
    files: list[str] = Field(min_length=1, max_length=1000)
    columns: dict[str, str] = Field(default_factory=dict)


class Check(Section):
    """Check files individually and as a set; the result lists findings with proposed repairs."""

    action: Literal["check"] = "check"
    files: list[InspectedFile] = Field(min_length=1, max_length=1000)
    columns: dict[str, str] = Field(default_factory=dict)


class Preview(Section):
    """Read the signals of one file, decimated to `points` per signal so that single spikes stay visible."""

    action: Literal["preview"] = "preview"
    file: str = Field(min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    signals: list[str] = Field(default_factory=list, max_length=50)
    points: int = Field(2_000, ge=4, le=MAX_PREVIEW_POINTS)
    repairs: list[Repair] = Field(default_factory=list)


class Rewrite(Section):
    """Write repaired copies of files in Battery Data Format to `folder`, without overwriting anything."""

    action: Literal["rewrite"] = "rewrite"
    files: list[str] = Field(min_length=1, max_length=1000)
    folder: str = Field(min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    repairs: list[FileRepair] = Field(default_factory=list, max_length=10_000)


class CheckDataSet(Section):
    """Find and check the files of a data set; the result is a `DataSetContent`."""

    action: Literal["check_data_set"] = "check_data_set"
    data_set_id: str
    spec: DataSetSpec


class GenerateDemo(Section):
    """Generate the demo's files and its job."""

    action: Literal["generate_demo"] = "generate_demo"


Inspection = Annotated[Sniff | Check | Preview | Rewrite | CheckDataSet | GenerateDemo, Field(discriminator="action")]
