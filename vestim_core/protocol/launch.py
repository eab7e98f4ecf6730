"""The files through which a daemon and a worker speak when neither may need the other: launch, control and exit."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from vestim_core.spec.states import AttemptState, Intent


class Launch(BaseModel):
    """`launch.json`: written before the worker is born. measure_threads: whether it is to find out how many of
    `threads` pay."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    job_id: str
    task_id: str
    attempt: int = Field(ge=1)
    home: str
    threads: int = Field(ge=1)
    measure_threads: bool = False
    gpu: int | None = None
    started_utc: str = ""


class ControlFile(BaseModel):
    """`control.json`: what the user wants of the attempt."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    intent: Intent


class ExitFile(BaseModel):
    """`exit.json`: how the attempt ended, in the worker's own words."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    state: AttemptState
    error: dict[str, object] | None = None
    ended_utc: str = ""
