"""Errors as RFC 9457 problem details: codes and messages as on the command line, plus an HTTP status."""

from __future__ import annotations

from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse

from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.validation_messages import validation_message

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1  # keeps retries cheap; arbitrary, 1 to 5 works

_STATUS = {
    ErrorCode.WRONG_INPUT: 422,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.REFUSED: 409,
    ErrorCode.FAILED: 500,
    ErrorCode.UNREACHABLE: 503,
    ErrorCode.STOPPED: 503,
    ErrorCode.VERSION: 503,
}
_TITLES = {
    400: "Not JSON",
    401: "No token",
    403: "Not from here",
    404: "Not found",
    405: "Not this way",
    409: "Refused",
    413: "Too large",
    422: "Wrong input",
    500: "Failed",
    503: "Daemon not there",
}


def http_status(error: VestimError) -> int:
    """HTTP status for an error."""
    if error.code is ErrorCode.REFUSED and error.location == "command":
        return 422  # the idempotency key was used for another command
    return _STATUS[error.code]


def problem_from_record(status: int, record: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    """Response for an error in the format of `VestimError.to_record`."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": record["message"],
        **{key: record[key] for key in ("code", "location", "actions", "problems")},
    }
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return JSONResponse(body, status, headers={**retry, **(headers or {})}, media_type=MEDIA_TYPE)


def problem_from_error(error: VestimError) -> JSONResponse:
    """Response for a `VestimError`."""
    return problem_from_record(http_status(error), error.to_record())


def new_problem(status: int, code: ErrorCode, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Response for a request that has not reached a method."""
    return problem_from_record(status, VestimError(code, detail).to_record(), headers)


def problem_from_invalid_request(error: RequestValidationError) -> JSONResponse:
    """Response for a request with invalid parameters, which lists every problem with its location."""
    errors = error.errors()
    if any(error_record["type"] == "json_invalid" for error_record in errors):
        return new_problem(400, ErrorCode.WRONG_INPUT, "the body is no JSON: send one object")
    problems = tuple(
        {"location": _field_path(error_record["loc"]), "message": validation_message(error_record)}
        for error_record in errors
    )
    first = problems[0]
    location_prefix = f"{first['location']}: " if first["location"] else ""
    remainder = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    vestim_error = VestimError(
        ErrorCode.WRONG_INPUT,
        f"{location_prefix}{first['message']}{remainder}",
        location=first["location"],
        problems=problems,
    )
    return problem_from_error(vestim_error)


def _field_path(location: tuple[int | str, ...]) -> str:
    """Path of a field, without the part of the request that contains it."""
    path = ""
    for part in location[1:]:
        path += f"[{part + 1}]" if isinstance(part, int) else (f".{part}" if path else part)
    return path
