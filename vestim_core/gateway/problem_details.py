"""Errors as RFC 9457 problem details: the codes and sentences of the command line, with a status of HTTP."""

from __future__ import annotations

from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse

from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.sentences import sentence

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1

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


def status_of(error: VestimError) -> int:
    """The status of HTTP that an error answers with."""
    if error.code is ErrorCode.REFUSED and error.place == "command":
        return 422  # an idempotency key that was used for another command
    return _STATUS[error.code]


def problem(status: int, record: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    """The response for an error as `VestimError.to_record` gives it."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": record["message"],
        **{key: record[key] for key in ("code", "place", "actions", "problems")},
    }
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return JSONResponse(body, status, headers={**retry, **(headers or {})}, media_type=MEDIA_TYPE)


def problem_of(error: VestimError) -> JSONResponse:
    """The response for an error of ours."""
    return problem(status_of(error), error.to_record())


def plain_problem(status: int, code: ErrorCode, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response for what never reached a method."""
    return problem(status, VestimError(code, detail).to_record(), headers)


def invalid_request(error: RequestValidationError) -> JSONResponse:
    """The response for a request whose parameters cannot be used: every problem with its place."""
    found = error.errors()
    if any(line["type"] == "json_invalid" for line in found):
        return plain_problem(400, ErrorCode.WRONG_INPUT, "the body is no JSON: send one object")
    problems = tuple({"place": _place(line["loc"]), "sentence": sentence(line)} for line in found)
    first = problems[0]
    where = f"{first['place']}: " if first["place"] else ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    refusal = VestimError(
        ErrorCode.WRONG_INPUT, f"{where}{first['sentence']}{more}", place=first["place"], problems=problems
    )
    return problem_of(refusal)


def _place(loc: tuple[int | str, ...]) -> str:
    """A field's path without the part of the request that it stands in."""
    place = ""
    for part in loc[1:]:
        place += f"[{part + 1}]" if isinstance(part, int) else (f".{part}" if place else part)
    return place
