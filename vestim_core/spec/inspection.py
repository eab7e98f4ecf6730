"""Inspection: what can be asked of data files before there is a job. Each kind of question is one class."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vestim_core.spec.data import FileRepair, Role
from vestim_core.spec.data_set import DataSetSpec
from vestim_core.spec.finding import Repair
from vestim_core.spec.section import Section

MAX_PREVIEW_POINTS = 20_000


class InspectedFile(Section):
    """One file, and the role that it is to have, if that is known."""

    path: str = Field(min_length=1)
    role: Role | None = None


class Sniff(Section):
    """What kind of files these are: vendor and why, header, the columns proposed, what is missing."""

    action: Literal["sniff"] = "sniff"
    files: list[str] = Field(min_length=1, max_length=1000)
    columns: dict[str, str] = Field(default_factory=dict)


class Check(Section):
    """Everything that is wrong or odd in these files, each by itself and as a set, with proposed repairs."""

    action: Literal["check"] = "check"
    files: list[InspectedFile] = Field(min_length=1, max_length=1000)
    columns: dict[str, str] = Field(default_factory=dict)


class Preview(Section):
    """The signals of one file, thinned to `points` a signal in a way that keeps single spikes."""

    action: Literal["preview"] = "preview"
    file: str = Field(min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    signals: list[str] = Field(default_factory=list, max_length=50)
    points: int = Field(2_000, ge=4, le=MAX_PREVIEW_POINTS)
    repairs: list[Repair] = Field(default_factory=list)


class Rewrite(Section):
    """These files, repaired, as new files of the Battery Data Format in `folder`; nothing there is overwritten."""

    action: Literal["rewrite"] = "rewrite"
    files: list[str] = Field(min_length=1, max_length=1000)
    folder: str = Field(min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    repairs: list[FileRepair] = Field(default_factory=list, max_length=10_000)


class CheckDataSet(Section):
    """Which files a data set has, what is in them, and what is wrong or odd there; its answer is a `DataSetContent`."""

    action: Literal["check_data_set"] = "check_data_set"
    data_set_id: str
    spec: DataSetSpec


class GenerateDemo(Section):
    """The demo's files, and the job on them."""

    action: Literal["generate_demo"] = "generate_demo"


Inspection = Annotated[Sniff | Check | Preview | Rewrite | CheckDataSet | GenerateDemo, Field(discriminator="action")]
