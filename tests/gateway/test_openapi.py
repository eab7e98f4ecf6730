"""Requests generated from OpenAPI never cause a server error."""

from __future__ import annotations

import time
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.gateway.gateway_process import GatewayProcess
from tests.patience import PATIENCE_S

BUDGET_S = 90.0  # no further path is begun after it; arbitrary, more tries more paths
MIN_TRIED = 10  # paths that are tried even beyond the budget
MAX_EXAMPLES = 15  # requests per operation; arbitrary, more find more and take longer
SHUTDOWN_PATHS = {"/v1/daemon/shutdown", "/server/shutdown"}


def test_generated_requests_never_break_the_gateway(gateway: GatewayProcess) -> None:
    """Limited in time: the order of the paths rotates daily, so that each gets its turn."""
    schema = schemathesis.openapi.from_dict(gateway.get("/openapi.json"))
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 60
    operations = [operation for operation in operations if operation.path not in SHUTDOWN_PATHS]
    start = int(time.time() // 86_400) % len(operations)
    deadline_s = time.monotonic() + BUDGET_S
    tried_count = 0
    for operation in operations[start:] + operations[:start]:
        if time.monotonic() > deadline_s and tried_count > MIN_TRIED:
            break
        _send_generated_requests(gateway, operation)
        tried_count += 1
    assert tried_count > MIN_TRIED
    assert gateway.get("/v1/jobs")["jobs"] is not None


def _send_generated_requests(gateway: GatewayProcess, operation: Any) -> None:
    @settings(
        max_examples=MAX_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check_answer(case: Any) -> None:
        if "live" in {parameter.name for parameter in operation.query}:
            case.query = {**(case.query or {}), "live": "false"}  # a live stream would never end
        if operation.path == "/v1/wait" and isinstance(case.body, dict):
            case.body = {**case.body, "timeout_s": 0}
        answer = case.call(base_url=gateway.url, headers=gateway.authorization, timeout=PATIENCE_S)
        assert answer.status_code < 500, (operation.label, answer.status_code, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == ["application/problem+json"], operation.label

    check_answer()
