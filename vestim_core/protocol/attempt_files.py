"""Files in an attempt's folder through which daemon and worker communicate: launch, control and exit."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from vestim_core.spec.states import AttemptState, Intent


class LaunchFile(BaseModel):
    """Contents of `launch.json`, written before the worker starts.

    measure_threads: the worker measures which number of threads, up to `threads`, is fastest.
    """

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
    """Contents of `control.json`: the user's intent for the attempt."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    intent: Intent


class ExitFile(BaseModel):
    """Contents of `exit.json`: the state in which the attempt ended, as reported by the worker."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    state: AttemptState
    error: dict[str, object] | None = None
    ended_utc: str = ""
