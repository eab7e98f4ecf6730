"""Requests made up from OpenAPI: none of them is a fault of the server."""

from __future__ import annotations

import time
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.gateway.gateway_process import Gateway

BOUND_S = 90.0
EXAMPLES = 15
ENDS_THE_SERVER = {"/v1/daemon/shutdown", "/server/shutdown"}


def test_no_request_that_openapi_allows_or_forbids_breaks_the_gateway(gateway: Gateway) -> None:
    """Bounded in time: the paths come in another order every day, so that in the end each has had its turn."""
    schema = schemathesis.openapi.from_dict(gateway.get("/openapi.json"))
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 60
    operations = [operation for operation in operations if operation.path not in ENDS_THE_SERVER]
    turn = int(time.time() // 86_400) % len(operations)
    deadline_s = time.monotonic() + BOUND_S
    tried = 0
    for operation in operations[turn:] + operations[:turn]:
        if time.monotonic() > deadline_s:
            break
        _try(gateway, operation)
        tried += 1
    assert tried > 10
    assert gateway.get("/v1/jobs")["jobs"] is not None


def _try(gateway: Gateway, operation: Any) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy())
    def answered(case: Any) -> None:
        if "live" in {parameter.name for parameter in operation.query}:
            case.query = {**(case.query or {}), "live": "false"}  # else it stays, as it should
        if operation.path == "/v1/wait" and isinstance(case.body, dict):
            case.body = {**case.body, "timeout_s": 0}
        answer = case.call(base_url=gateway.url, headers=gateway.authorization, timeout=20)
        assert answer.status_code < 500, (operation.label, answer.status_code, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == ["application/problem+json"], operation.label

    answered()
