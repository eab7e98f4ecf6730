"""The gateway's application: guard, routes of today, routes of the predecessor, and every error as a problem."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

import vestim_core
from vestim_core.gateway.client_pool import Bridge
from vestim_core.gateway.legacy_routes import former_router
from vestim_core.gateway.access_guard import Guard
from vestim_core.gateway.problem_details import invalid_request, plain_problem, problem_of
from vestim_core.gateway.v1_routes import v1_router
from vestim_core.gateway.event_streams import stream_router
from vestim_core.spec.errors import ErrorCode, VestimError

_ABOUT = (
    "Every operation of Vestim on this machine. Send the token of 'vestim serve --show-token' as "
    "'Authorization: Bearer TOKEN'. Errors are problem details (RFC 9457)."
)
log = logging.getLogger(__name__)


def create_app(bridge: Bridge, token: str, port: int) -> FastAPI:
    """The ASGI application for a gateway on this port of loopback."""
    app = FastAPI(title="Vestim", version=vestim_core.__version__, description=_ABOUT, docs_url=None, redoc_url=None)
    app.include_router(v1_router(bridge), tags=["v1"])
    app.include_router(stream_router(bridge), tags=["v1"])
    app.include_router(former_router(bridge), tags=["former"], deprecated=True)
    app.add_exception_handler(VestimError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(Guard, token=token, port=port)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, VestimError)
    return problem_of(error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return invalid_request(error)


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return plain_problem(404, ErrorCode.NOT_FOUND, f"there is no path '{request.url.path}': see /openapi.json")
    if error.status_code == 405:
        headers = dict(error.headers or {})
        detail = f"'{request.url.path}' takes no {request.method}: use {headers.get('Allow', 'another method')}"
        return plain_problem(405, ErrorCode.WRONG_INPUT, detail, headers)
    return plain_problem(error.status_code, ErrorCode.WRONG_INPUT, str(error.detail), dict(error.headers or {}))


async def _failed(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    detail = f"the gateway could not answer ({type(error).__name__}): see its output"
    return plain_problem(500, ErrorCode.FAILED, detail)
