"""Doorbell messages, by which a worker announces new journal lines and its current progress, which is not stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vestim_core.protocol.codec import CodecError, decode, encode
from vestim_core.protocol.message_limits import MAX_DOORBELL_BYTES

MIN_RING_INTERVAL_S = 0.02
"""Shortest time in s between two rings of a worker; the daemon reads the journal again this long after each ring."""


@dataclass(frozen=True, slots=True)
class DoorbellMessage:
    """One ring: the daemon should read this attempt's journal. progress: None if there is none within the epoch."""

    attempt_key: str
    progress: dict[str, Any] | None = None

    def encode(self) -> bytes:
        """Encode to bytes."""
        return encode({"a": self.attempt_key, "p": self.progress})

    @classmethod
    def decode(cls, raw: bytes) -> DoorbellMessage:
        """Decode a ring. Raises `CodecError` if `raw` is not one."""
        match decode(raw, limit=MAX_DOORBELL_BYTES):
            case {"a": str(attempt_key), "p": dict() | None as progress}:
                return cls(attempt_key, progress)
            case _:
                raise CodecError("not a ring: needs a and p")
