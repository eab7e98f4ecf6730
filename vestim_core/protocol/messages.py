"""Requests and replies. Every request gets exactly one reply that carries its id; a reply is a result or an error.

A mutating request also carries a command id, under which its effect happens at most once however often it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vestim_core.protocol.codec import CodecError, decode, encode
from vestim_core.protocol.limits import MAX_REPLY_BYTES, MAX_REQUEST_BYTES, PROTOCOL_VERSION
from vestim_core.spec.errors import VestimError


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a method of the table. `command_id` is empty for methods that change nothing."""

    request_id: bytes
    method: str
    params: dict[str, Any] = field(default_factory=dict)
    command_id: str = ""
    protocol: int = PROTOCOL_VERSION

    def encode(self) -> bytes:
        """The bytes of this request."""
        return encode(
            {
                "v": self.protocol,
                "id": self.request_id,
                "method": self.method,
                "params": self.params,
                "command": self.command_id,
            }
        )

    @classmethod
    def decode(cls, raw: bytes) -> Request:
        """The request in `raw`; `CodecError` when it is none."""
        value = decode(raw, limit=MAX_REQUEST_BYTES)
        match value:
            case {"v": int(v), "id": bytes(i), "method": str(method), "params": dict(params), "command": str(command)}:
                if isinstance(v, bool) or len(i) > 32 or len(method) > 64 or len(command) > 64:
                    raise CodecError("a request's version is no number, or its id, method or command id is too long")
                return cls(i, method, params, command, v)
            case _:
                raise CodecError("not a request: needs v, id, method, params and command")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one request: `error` is None, or says why there is no result."""

    request_id: bytes
    result: Any = None
    error: VestimError | None = None

    def encode(self) -> bytes:
        """The bytes of this reply."""
        body = {"ok": self.result} if self.error is None else {"error": self.error.to_record()}
        return encode({"id": self.request_id, **body})

    @classmethod
    def decode(cls, raw: bytes) -> Reply:
        """The reply in `raw`; `CodecError` when it is none."""
        value = decode(raw, limit=MAX_REPLY_BYTES, depth=None)
        match value:
            case {"id": bytes(request_id), "error": dict(error)}:
                return cls(request_id, error=VestimError.from_record(error))
            case {"id": bytes(request_id), "ok": result}:
                return cls(request_id, result)
            case _:
                raise CodecError("not a reply: needs id, and ok or error")
