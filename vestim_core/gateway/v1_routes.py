"""`/v1`: one route per method, generated from the protocol's method table.

Parameters are passed in the path, in the query of a GET, and in the JSON body of other requests. The answer is that of
the method, as JSON.
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

from vestim_core.gateway.client_pool import ClientPool
from vestim_core.gateway.openapi_examples import find_example
from vestim_core.protocol.method_table import METHODS, Method, Params

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


def v1_router(pool: ClientPool) -> APIRouter:
    """Router with one route per method."""
    router = APIRouter()
    for method in METHODS.values():
        router.add_api_route(
            method.route,
            _create_endpoint(pool, method),
            methods=[method.http_method],
            name=method.name,
            operation_id=method.name,
            summary=method.name.replace("_", " ").capitalize(),
            description=f"{inspect.cleandoc(method.params.__doc__ or '')}\n\nAnswers: {method.reply_description}.",
            response_class=Response,
            responses={200: {"description": method.reply_description, "content": _response_content(method)}},
        )
    return router


def json_response(result: Any) -> Response:
    """Response with `result` as JSON; bytes are encoded as base64."""
    body = json.dumps(result, ensure_ascii=False, separators=(",", ":"), default=_encode_bytes)
    return Response(body.encode(), media_type="application/json")


def _create_endpoint(pool: ClientPool, method: Method) -> Callable[..., Response]:
    """Endpoint function of one route. FastAPI derives validation and OpenAPI from its signature."""
    path_fields = _PATH_FIELD.findall(method.route)
    params_model = _model_without(method, path_fields)

    def endpoint(**values: Any) -> Response:
        params = {name: values[name] for name in path_fields}
        other_params = values.get("params")
        if isinstance(other_params, BaseModel):
            params |= other_params.model_dump(exclude_unset=True)
        command_id = values.get("idempotency_key") or ""
        if method.name == "wait":
            with pool.waiting_client() as client:
                return json_response(client.call(method.name, **params))
        result = pool.call(method.name, params, command_id)
        return file_piece_response(result) if method.name == "read_artifact" else json_response(result)

    arguments: dict[str, Any] = {name: Annotated[_field_type(method, name), Path()] for name in path_fields}
    body = Body(openapi_examples={method.name: {"value": find_example(method.name).params}})
    arguments["params"] = Annotated[params_model, Query() if method.http_method == "GET" else body]
    if method.is_mutating:
        arguments["idempotency_key"] = IdempotencyKey
    all_optional = not any(field.is_required() for field in params_model.model_fields.values())
    defaults = {
        "idempotency_key": None,
        **({"params": params_model()} if all_optional and method.http_method != "GET" else {}),
    }
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


def file_piece_response(piece: dict[str, Any]) -> Response:
    """Response with one piece of a file; `Content-Range` gives its byte range and the file's size."""
    first, last = piece["offset"], piece["offset"] + len(piece["data"]) - 1
    content_range = f"bytes {first}-{last}/{piece['size']}" if piece["data"] else f"bytes */{piece['size']}"
    headers = {"Content-Range": content_range, "X-Content-Type-Options": "nosniff"}
    return Response(piece["data"], media_type="application/octet-stream", headers=headers)


def _model_without(method: Method, path_fields: list[str]) -> type[Params]:
    """Model of a method's parameters without those in its path."""
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in method.params.model_fields.items() if name not in path_fields
    }
    return create_model(f"{method.name}_parameters", __base__=Params, __doc__=method.params.__doc__, **fields)


def _field_type(method: Method, name: str) -> Any:
    field = method.params.model_fields[name]
    return Annotated[field.annotation, *field.metadata]


def _response_content(method: Method) -> dict[str, Any]:
    if method.name == "read_artifact":
        return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"application/json": {"schema": {"type": "object"}, "example": find_example(method.name).answer}}


def _encode_bytes(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} is no plain value")
