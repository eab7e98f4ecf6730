"""Access control: only holders of the token, from this machine, addressing it by its own name.

A web page in a browser can send requests to loopback, and a foreign host name can be made to resolve to it. Therefore
Host and Origin are checked before anything else, cross-origin access is never granted, and no cookie is set or read.
"""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vestim_core.gateway.problem_details import new_problem
from vestim_core.protocol.message_limits import MAX_REQUEST_BYTES
from vestim_core.spec.errors import ErrorCode


class AccessGuard:
    """ASGI middleware that refuses unauthorized and oversized requests. port: the gateway's own port."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = f"Bearer {token}".encode()
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Headers(scope=scope))
        if refusal is not None:
            await new_problem(*refusal)(scope, receive, send)
            return
        await self._app(scope, _limit_body(receive), send)

    def _refusal(self, headers: Headers) -> tuple[int, ErrorCode, str, dict[str, str]] | None:
        if headers.get("host", "").lower() not in self._hosts:
            return 403, ErrorCode.REFUSED, f"call the gateway by its own name: {min(self._hosts)}", {}
        if headers.get("origin", "").lower() not in {"", *self._origins}:
            return 403, ErrorCode.REFUSED, "the gateway answers no pages of other origins", {}
        authorization = headers.get("authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(authorization, self._token):
            detail = "the token is missing or wrong: send 'Authorization: Bearer TOKEN' ('vestim serve --show-token')"
            return 401, ErrorCode.REFUSED, detail, {"WWW-Authenticate": "Bearer"}
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > MAX_REQUEST_BYTES:
            return 413, ErrorCode.WRONG_INPUT, _too_large_message(), {"Connection": "close"}
        return None


def _limit_body(receive: Receive) -> Receive:
    """Wrap `receive` to refuse a body above the limit; one of unknown length is counted as it arrives."""
    received_bytes = 0

    async def receive_limited() -> Message:
        nonlocal received_bytes
        message = await receive()
        received_bytes += len(message.get("body", b""))
        if received_bytes > MAX_REQUEST_BYTES:
            raise HTTPException(413, _too_large_message(), {"Connection": "close"})
        return message

    return receive_limited


def _too_large_message() -> str:
    return f"the body is above the limit of {MAX_REQUEST_BYTES:,} bytes: make it smaller"
