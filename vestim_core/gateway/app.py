"""The gateway's application: access guard, current and legacy routes, and problem details for every error."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

import vestim_core
from vestim_core.gateway.access_guard import AccessGuard
from vestim_core.gateway.client_pool import ClientPool
from vestim_core.gateway.event_streams import stream_router
from vestim_core.gateway.legacy_routes import legacy_router
from vestim_core.gateway.problem_details import new_problem, problem_from_error, problem_from_invalid_request
from vestim_core.gateway.v1_routes import v1_router
from vestim_core.spec.errors import ErrorCode, VestimError

_DESCRIPTION = (
    "Every operation of Vestim on this machine. Send the token of 'vestim serve --show-token' as "
    "'Authorization: Bearer TOKEN'. Errors are problem details (RFC 9457)."
)
log = logging.getLogger(__name__)


def create_app(pool: ClientPool, token: str, port: int) -> FastAPI:
    """The ASGI application for a gateway on this port of the loopback interface."""
    app = FastAPI(
        title="Vestim", version=vestim_core.__version__, description=_DESCRIPTION, docs_url=None, redoc_url=None
    )
    app.include_router(v1_router(pool), tags=["v1"])
    app.include_router(stream_router(pool), tags=["v1"])
    app.include_router(legacy_router(pool), tags=["PyBattML"], deprecated=True)
    app.add_exception_handler(VestimError, _answer_vestim_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(Exception, _answer_unexpected_error)
    app.add_middleware(AccessGuard, token=token, port=port)
    return app


async def _answer_vestim_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VestimError)
    return problem_from_error(error)


async def _answer_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_from_invalid_request(error)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return new_problem(404, ErrorCode.NOT_FOUND, f"there is no path '{request.url.path}': see /openapi.json")
    if error.status_code == 405:
        headers = dict(error.headers or {})
        detail = f"'{request.url.path}' takes no {request.method}: use {headers.get('Allow', 'another method')}"
        return new_problem(405, ErrorCode.WRONG_INPUT, detail, headers)
    return new_problem(error.status_code, ErrorCode.WRONG_INPUT, str(error.detail), dict(error.headers or {}))


async def _answer_unexpected_error(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    detail = f"the gateway could not answer ({type(error).__name__}): see its output"
    return new_problem(500, ErrorCode.FAILED, detail)
