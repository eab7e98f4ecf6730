"""`/v1`: one route for every method of the protocol's table, made from it.

Parameters of the route are its path, those of a GET its query, those of anything else its body of JSON. The answer is
what the method answers, as JSON.
"""

from __future__ import annotations

import base64
import inspect
import json
import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query
from pydantic import BaseModel, create_model
from starlette.responses import Response

from vestim_core.gateway.client_pool import Bridge
from vestim_core.gateway.openapi_examples import example_of
from vestim_core.protocol.methods import METHODS, Method, Params

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=64,
        description="The command's own id: sent again with the same key, it is carried out once and answered alike.",
    ),
]
_PATH_FIELD = re.compile(r"{(\w+)}")


def v1_router(bridge: Bridge) -> APIRouter:
    """The routes of all methods."""
    router = APIRouter()
    for method in METHODS.values():
        router.add_api_route(
            method.route,
            _endpoint(bridge, method),
            methods=[method.verb],
            name=method.name,
            operation_id=method.name,
            summary=method.name.replace("_", " ").capitalize(),
            description=f"{inspect.cleandoc(method.params.__doc__ or '')}\n\nAnswers: {method.answer}.",
            response_class=Response,
            responses={200: {"description": method.answer, "content": _content(method)}},
        )
    return router


def json_response(result: Any) -> Response:
    """A result as JSON; bytes in it as base64."""
    body = json.dumps(result, ensure_ascii=False, separators=(",", ":"), default=_bytes_as_text)
    return Response(body.encode(), media_type="application/json")


def _endpoint(bridge: Bridge, method: Method) -> Callable[..., Response]:
    """The function of one route, with the signature that validation and OpenAPI are made from."""
    in_path = _PATH_FIELD.findall(method.route)
    rest = _without(method, in_path)

    def endpoint(**values: Any) -> Response:
        params = {name: values[name] for name in in_path}
        given = values.get("params")
        if isinstance(given, BaseModel):
            params |= given.model_dump(exclude_unset=True)
        command_id = values.get("idempotency_key") or ""
        if method.name == "wait":
            with bridge.waiting() as client:
                return json_response(client.call(method.name, **params))
        result = bridge.call(method.name, params, command_id)
        return piece_response(result) if method.name == "read_artifact" else json_response(result)

    arguments: dict[str, Any] = {name: Annotated[_type_of(method, name), Path()] for name in in_path}
    body = Body(openapi_examples={method.name: {"value": example_of(method.name).params}})
    arguments["params"] = Annotated[rest, Query() if method.verb == "GET" else body]
    if method.mutating:
        arguments["idempotency_key"] = IdempotencyKey
    optional = not any(field.is_required() for field in rest.model_fields.values())
    defaults = {"idempotency_key": None, **({"params": rest()} if optional and method.verb != "GET" else {})}
    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=defaults.get(name, inspect.Parameter.empty),
                annotation=annotation,
            )
            for name, annotation in arguments.items()
        ]
    )
    return endpoint


def piece_response(piece: dict[str, Any]) -> Response:
    """A piece of a file as it is; `Content-Range` says which bytes of how many."""
    first, last = piece["offset"], piece["offset"] + len(piece["data"]) - 1
    place = f"bytes {first}-{last}/{piece['size']}" if piece["data"] else f"bytes */{piece['size']}"
    headers = {"Content-Range": place, "X-Content-Type-Options": "nosniff"}
    return Response(piece["data"], media_type="application/octet-stream", headers=headers)


def _without(method: Method, in_path: list[str]) -> type[Params]:
    """The model of a method's parameters but for those in its path."""
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in method.params.model_fields.items() if name not in in_path
    }
    return create_model(f"{method.name}_parameters", __base__=Params, __doc__=method.params.__doc__, **fields)


def _type_of(method: Method, name: str) -> Any:
    field = method.params.model_fields[name]
    return Annotated[field.annotation, *field.metadata]


def _content(method: Method) -> dict[str, Any]:
    if method.name == "read_artifact":
        return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"application/json": {"schema": {"type": "object"}, "example": example_of(method.name).answer}}


def _bytes_as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} is no plain value")
