"""Every method gives the same answer and the same error over ZeroMQ and over REST."""

from __future__ import annotations

import base64
import contextlib
import re
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.gateway_process import GatewayProcess
from tests.spec.documents import job_document_with_files
from vestim_core.client import Client
from vestim_core.client.inspection_calls import wait_for_data_set
from vestim_core.gateway.openapi_examples import EXAMPLES
from vestim_core.gateway.problem_details import http_status
from vestim_core.protocol.method_table import METHODS
from vestim_core.spec.errors import VestimError

VOLATILE_KEYS = {"uptime_s", "memory_MB", "cpu_percent", "memory_used_MB", "parked", "progress_seq"}


def call_rest(gateway: GatewayProcess, method: str, params: dict[str, Any], key: str) -> Any:
    """Result, or status and problem of a refusal."""
    method_spec = METHODS[method]
    path = re.sub(r"{(\w+)}", lambda match: str(params[match[1]]), method_spec.route)
    other_params = {name: value for name, value in params.items() if f"{{{name}}}" not in method_spec.route}
    request_args: dict[str, Any] = (
        {"params": other_params} if method_spec.http_method == "GET" else {"json": other_params}
    )
    answer = gateway.call(
        method_spec.http_method, path, headers={"Idempotency-Key": key} if key else {}, **request_args
    )
    if answer.status_code != 200:
        problem = answer.json()
        return answer.status_code, problem["code"], problem["detail"], problem["location"], problem["problems"]
    if method != "read_artifact":
        return answer.json()
    first, size = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers["content-range"]).groups()  # type: ignore[union-attr]
    return {"data": answer.content, "offset": int(first), "size": int(size)}


def call_zeromq(client: Client, method: str, params: dict[str, Any], key: str) -> Any:
    """The same over ZeroMQ; bytes are converted as in JSON."""
    try:
        answer = client.call(method, command_id=key, **params)
    except VestimError as error:
        return http_status(error), error.code.value, error.message, error.location, [dict(p) for p in error.problems]
    return answer if method == "read_artifact" else as_json_value(answer)


def as_json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json_value(item) for item in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def without_volatile_keys(value: Any) -> Any:
    """`value` without keys that change between two calls."""
    if isinstance(value, dict):
        return {key: without_volatile_keys(item) for key, item in value.items() if key not in VOLATILE_KEYS}
    return [without_volatile_keys(item) for item in value] if isinstance(value, list) else value


def test_every_method_answers_the_same_over_both_protocols(gateway: GatewayProcess, tmp_path: Path) -> None:
    """A command repeated with its id over the other protocol gets the same answer and runs once."""
    spec = job_document_with_files(tmp_path)
    with gateway.client() as client:
        job_id = client.call("create_job", name="one", spec=spec)["job_id"]
        deletable_id = client.call("create_job", name="other")["job_id"]
        params_by_method: dict[str, dict[str, Any]] = {
            "create_job": {"name": "made", "spec": {}},
            "submit": {"spec": {**spec, "name": "submitted"}},
            "delete": {"job_id": deletable_id},
            "wait": {"cursors": [{"stream": f"job:{job_id}", "lineage": "", "seq": 0}], "limit": 5},
            "list_jobs": {"limit": 2},
            "save_data_set": {"name": "saved", "spec": spec["data"]},
            "delete_data_set": {"data_set": "deleted"},
            "read_artifact": {"job_id": job_id, "path": "state.json", "length": 40},
            "sniff": {"files": spec["data"]["train"]},
            "check": {"files": [{"path": spec["data"]["train"][0], "role": "train"}]},
            "preview": {"file": spec["data"]["train"][0]},
            "rewrite": {"files": spec["data"]["train"], "folder": str(tmp_path / "out")},
        }
        for name in ("cells", "deleted"):
            wait_for_data_set(client, client.call("save_data_set", name=name, spec=spec["data"]))
        data_set_id = client.call("show_data_set", data_set="cells")["data_set_id"]
        order = sorted(METHODS, key=lambda name: (name == "delete", name == "shutdown"))
        for index, method in enumerate(order):
            if method == "shutdown":
                continue  # it ends the daemon, see the next test
            params = params_by_method.get(method, EXAMPLES[method].params)
            if "{job_id}" in METHODS[method].route:
                params = {"job_id": job_id, **params}
            if "{data_set}" in METHODS[method].route:
                params = {"data_set": data_set_id, **params}
            key = f"key-{index}" if METHODS[method].is_mutating else ""
            rest_answer = call_rest(gateway, method, params, key)
            zeromq_answer = call_zeromq(client, method, params, key)
            if METHODS[method].is_mutating and isinstance(rest_answer, tuple):
                assert rest_answer[0] in {404, 409, 422}, (method, rest_answer)
            assert without_volatile_keys(rest_answer) == without_volatile_keys(zeromq_answer), method
            if method == "check_data_set":
                with contextlib.suppress(VestimError):  # its files are empty
                    wait_for_data_set(client, zeromq_answer)  # its record must not change between the two calls
            invalid_params = {**params, "no_such_parameter": 1}
            refusals = (
                call_rest(gateway, method, invalid_params, key and f"{key}-x"),
                call_zeromq(client, method, invalid_params, "x"),
            )
            assert refusals[0][:2] == refusals[1][:2] == (422, "wrong_input"), method
            assert "no_such_parameter" in {refusals[0][3], refusals[1][3]}, method


def test_shutdown_stops_the_daemon(gateway: GatewayProcess) -> None:
    gateway.post("/v1/daemon/shutdown", {})
    answer = gateway.call("GET", "/v1/jobs")
    assert answer.status_code == 503 and "vestim daemon start" in answer.json()["detail"]
    assert answer.json()["code"] == "stopped" and answer.headers["Retry-After"]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_has_a_valid_example(method: str) -> None:
    example = EXAMPLES[method]
    path_params = dict.fromkeys(re.findall(r"{(\w+)}", METHODS[method].route), "id")
    METHODS[method].params.model_validate({**path_params, **example.params})
    documented_keys = {
        entry.strip().split(":")[0] for entry in METHODS[method].reply_description.replace(";", ",").split(",")
    }
    assert not example.answer or set(example.answer) & documented_keys, (
        f"the example of {method} answers something else"
    )


def test_openapi_has_every_method_and_deprecates_legacy_paths(gateway: GatewayProcess) -> None:
    paths = gateway.get("/openapi.json")["paths"]
    for method in METHODS.values():
        operation = paths[method.route][method.http_method.lower()]
        assert operation["operationId"] == method.name and not operation.get("deprecated")
        if method.http_method != "GET" and EXAMPLES[method.name].params:
            assert operation["requestBody"]["content"]["application/json"]["examples"], method.name
    legacy_paths = {path: operations for path, operations in paths.items() if not path.startswith("/v1")}
    assert len(legacy_paths) == 24, "every path of PyBattML"
    assert all(operation["deprecated"] for operations in legacy_paths.values() for operation in operations.values())
