"""The doorbell's message: which attempt wrote something, and its newest progress, which nobody needs tomorrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vestim_core.protocol.codec import CodecError, decode, encode
from vestim_core.protocol.limits import MAX_BELL_BYTES

RING_S = 0.02
"""A worker rings for its journal at most this often; as long after each ring the daemon looks once more."""


@dataclass(frozen=True, slots=True)
class Bell:
    """A ring: look at this attempt's journal. `progress` is None when there is no news within the epoch."""

    attempt_key: str
    progress: dict[str, Any] | None = None

    def encode(self) -> bytes:
        """The bytes of this ring."""
        return encode({"a": self.attempt_key, "p": self.progress})

    @classmethod
    def decode(cls, raw: bytes) -> Bell:
        """The ring in `raw`; `CodecError` when it is none."""
        match decode(raw, limit=MAX_BELL_BYTES):
            case {"a": str(attempt_key), "p": dict() | None as progress}:
                return cls(attempt_key, progress)
            case _:
                raise CodecError("not a ring: needs a and p")
