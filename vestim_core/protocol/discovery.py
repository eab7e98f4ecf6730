"""The discovery file, through which clients and workers find the daemon of a home and learn of a deliberate stop."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Discovery(BaseModel):
    """Contents of `daemon.json`. They are a hint: only a held daemon lock proves that a daemon runs.

    state: `stopped` if a user stopped the daemon, so that no client restarts it without being asked.
    instance: id of this run of the daemon. lineage: id of the registry. clients, doorbell: endpoints.
    server_key: the daemon's public CURVE key (Z85).
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    schema_version: int = 1
    state: Literal["serving", "stopped"]
    instance: str
    lineage: str = ""
    pid: int
    version: str
    protocol_oldest: int
    protocol: int
    clients: str
    doorbell: str
    server_key: str
    started_utc: str
