"""The discovery file: how clients and workers find the daemon of a home, and what a deliberate stop leaves behind."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Discovery(BaseModel):
    """Contents of `daemon.json`. It is a hint: only a held daemon lock says that a daemon lives.

    instance: another at every start of a daemon. lineage: the registry's own id. state `stopped`: told to stop by a
    person, so nobody starts the next one unasked. clients, doorbell: endpoints. server_key: the daemon's public CURVE
    key (Z85).
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
