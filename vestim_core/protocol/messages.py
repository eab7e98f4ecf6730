"""Requests and replies. Every request gets exactly one reply with its id, which holds a result or an error.

A mutating request also has a command id: its effect happens at most once, however often it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vestim_core.protocol.codec import CodecError, decode, encode
from vestim_core.protocol.message_limits import MAX_REPLY_BYTES, MAX_REQUEST_BYTES, PROTOCOL_VERSION
from vestim_core.spec.errors import VestimError


@dataclass(frozen=True, slots=True)
class Request:
    """A call of a method in the method table. `command_id` is empty for methods that change nothing."""

    request_id: bytes
    method: str
    params: dict[str, Any] = field(default_factory=dict)
    command_id: str = ""
    protocol: int = PROTOCOL_VERSION

    def encode(self) -> bytes:
        """Encode to bytes."""
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
        """Decode a request. Raises `CodecError` if `raw` is not one."""
        value = decode(raw, limit=MAX_REQUEST_BYTES)
        match value:
            case {
                "v": int(version),
                "id": bytes(request_id),
                "method": str(method),
                "params": dict(params),
                "command": str(command),
            }:
                if isinstance(version, bool) or len(request_id) > 32 or len(method) > 64 or len(command) > 64:
                    raise CodecError("a request's version is no number, or its id, method or command id is too long")
                return cls(request_id, method, params, command, version)
            case _:
                raise CodecError("not a request: needs v, id, method, params and command")


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to one request: a result, or an error if `error` is not None."""

    request_id: bytes
    result: Any = None
    error: VestimError | None = None

    def encode(self) -> bytes:
        """Encode to bytes."""
        body = {"ok": self.result} if self.error is None else {"error": self.error.to_record()}
        return encode({"id": self.request_id, **body})

    @classmethod
    def decode(cls, raw: bytes) -> Reply:
        """Decode a reply. Raises `CodecError` if `raw` is not one."""
        value = decode(raw, limit=MAX_REPLY_BYTES, depth=None)
        match value:
            case {"id": bytes(request_id), "error": dict(error)}:
                return cls(request_id, error=VestimError.from_record(error))
            case {"id": bytes(request_id), "ok": result}:
                return cls(request_id, result)
            case _:
                raise CodecError("not a reply: needs id, and ok or error")
