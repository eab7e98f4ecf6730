"""Who may ask: whoever holds the token, from this machine, under this machine's name.

A page in a browser can send requests to loopback, and a foreign name can be made to resolve to it; so Host and Origin
are compared before anything else is looked at, nothing is allowed across origins, and no cookie is set or read.
"""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vestim_core.gateway.problem_details import plain_problem
from vestim_core.protocol.limits import MAX_REQUEST_BYTES
from vestim_core.spec.errors import ErrorCode


class Guard:
    """ASGI middleware. port: the one that the gateway listens on."""

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
            await plain_problem(*refusal)(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), send)

    def _refusal(self, headers: Headers) -> tuple[int, ErrorCode, str, dict[str, str]] | None:
        if headers.get("host", "").lower() not in self._hosts:
            return 403, ErrorCode.REFUSED, f"call the gateway by its own name: {min(self._hosts)}", {}
        if headers.get("origin", "").lower() not in {"", *self._origins}:
            return 403, ErrorCode.REFUSED, "the gateway answers no pages of other origins", {}
        given = headers.get("authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self._token):
            detail = "the token is missing or wrong: send 'Authorization: Bearer TOKEN' ('vestim serve --show-token')"
            return 401, ErrorCode.REFUSED, detail, {"WWW-Authenticate": "Bearer"}
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > MAX_REQUEST_BYTES:
            return 413, ErrorCode.WRONG_INPUT, _too_large(), {"Connection": "close"}
        return None


def _bounded(receive: Receive) -> Receive:
    """Messages of a body that is at most the limit; one of unknown length is counted as it comes."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_REQUEST_BYTES:
            raise HTTPException(413, _too_large(), {"Connection": "close"})
        return message

    return counted


def _too_large() -> str:
    return f"the body is above the limit of {MAX_REQUEST_BYTES:,} bytes: make it smaller"
