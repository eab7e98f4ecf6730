"""Job events: durable facts about a job, numbered 1, 2, 3, ... within it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class EventKind(StrEnum):
    """Closed list of event kinds."""

    JOB = "job"
    PHASE = "phase"
    TASK = "task"
    ATTEMPT = "attempt"
    EPOCH = "epoch"
    CHECKPOINT = "checkpoint"
    FINDING = "finding"
    RESULT = "result"
    MESSAGE = "message"


class Event(BaseModel):
    """One durable fact about a job. `task` is empty and `attempt` 0 if the event concerns the whole job."""

    model_config = ConfigDict(frozen=True)

    seq: int = Field(ge=1)
    time_utc: str
    kind: EventKind
    task: str = ""
    attempt: int = 0
    data: dict[str, Any] = Field(default_factory=dict)
