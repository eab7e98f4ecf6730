"""Every method of the table, over ZeroMQ and over REST: the same answer, the same error."""

from __future__ import annotations

import base64
import contextlib
import re
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.gateway_process import Gateway
from tests.spec.documents import real_document
from vestim_core.client import Client
from vestim_core.client.inspection import await_data_set
from vestim_core.gateway.openapi_examples import EXAMPLES
from vestim_core.gateway.problem_details import http_status
from vestim_core.protocol.methods import METHODS
from vestim_core.spec.errors import VestimError

CHANGES_WHILE_LOOKED_AT = {"uptime_s", "memory_MB", "cpu_percent", "memory_used_MB", "parked", "progress_seq"}


def over_rest(gateway: Gateway, method: str, params: dict[str, Any], key: str) -> Any:
    """The result, or the status and problem of what is refused."""
    found = METHODS[method]
    path = re.sub(r"{(\w+)}", lambda match: str(params[match[1]]), found.route)
    rest = {name: value for name, value in params.items() if f"{{{name}}}" not in found.route}
    parts: dict[str, Any] = {"params": rest} if found.verb == "GET" else {"json": rest}
    answer = gateway.call(found.verb, path, headers={"Idempotency-Key": key} if key else {}, **parts)
    if answer.status_code != 200:
        problem = answer.json()
        return answer.status_code, problem["code"], problem["detail"], problem["place"], problem["problems"]
    if method != "read_artifact":
        return answer.json()
    first, size = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers["content-range"]).groups()  # type: ignore[union-attr]
    return {"data": answer.content, "offset": int(first), "size": int(size)}


def over_zeromq(client: Client, method: str, params: dict[str, Any], key: str) -> Any:
    """The same over the other road; bytes as JSON carries them."""
    try:
        answer = client.call(method, command_id=key, **params)
    except VestimError as error:
        return http_status(error), error.code.value, error.sentence, error.place, [dict(p) for p in error.problems]
    return answer if method == "read_artifact" else plain(answer)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def lasting(value: Any) -> Any:
    """What does not change between two looks."""
    if isinstance(value, dict):
        return {key: lasting(item) for key, item in value.items() if key not in CHANGES_WHILE_LOOKED_AT}
    return [lasting(item) for item in value] if isinstance(value, list) else value


def test_every_method_answers_alike_on_both_roads(gateway: Gateway, tmp_path: Path) -> None:
    """A command that is repeated with its id over the other road is answered alike, and done once."""
    spec = real_document(tmp_path)
    with gateway.client() as client:
        job_id = client.call("create_job", name="one", spec=spec)["job_id"]
        other = client.call("create_job", name="other")["job_id"]
        given: dict[str, dict[str, Any]] = {
            "create_job": {"name": "made", "spec": {}},
            "submit": {"spec": {**spec, "name": "submitted"}},
            "delete": {"job_id": other},
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
            await_data_set(client, client.call("save_data_set", name=name, spec=spec["data"]))
        data_set_id = client.call("show_data_set", data_set="cells")["data_set_id"]
        order = sorted(METHODS, key=lambda name: (name == "delete", name == "shutdown"))
        for number, method in enumerate(order):
            if method == "shutdown":
                continue  # it ends the daemon: the next test
            params = given.get(method, EXAMPLES[method].params)
            if "{job_id}" in METHODS[method].route:
                params = {"job_id": job_id, **params}
            if "{data_set}" in METHODS[method].route:
                params = {"data_set": data_set_id, **params}
            key = f"key-{number}" if METHODS[method].mutating else ""
            rest = over_rest(gateway, method, params, key)
            direct = over_zeromq(client, method, params, key)
            if METHODS[method].mutating and isinstance(rest, tuple):
                assert rest[0] in {404, 409, 422}, (method, rest)
            assert lasting(rest) == lasting(direct), method
            if method == "check_data_set":
                with contextlib.suppress(VestimError):  # its files are empty
                    await_data_set(client, direct)  # else what is told of it changes while it is looked at
            wrong = {**params, "no_such_parameter": 1}
            refusals = over_rest(gateway, method, wrong, key and f"{key}-x"), over_zeromq(client, method, wrong, "x")
            assert refusals[0][:2] == refusals[1][:2] == (422, "wrong_input"), method
            assert "no_such_parameter" in {refusals[0][3], refusals[1][3]}, method


def test_a_shutdown_is_obeyed_and_said(gateway: Gateway) -> None:
    gateway.post("/v1/daemon/shutdown", {})
    answer = gateway.call("GET", "/v1/jobs")
    assert answer.status_code == 503 and "vestim daemon start" in answer.json()["detail"]
    assert answer.json()["code"] == "stopped" and answer.headers["Retry-After"]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_has_an_example_that_it_takes(method: str) -> None:
    example = EXAMPLES[method]
    in_path = dict.fromkeys(re.findall(r"{(\w+)}", METHODS[method].route), "id")
    METHODS[method].params.model_validate({**in_path, **example.params})
    named = {word.strip().split(":")[0] for word in METHODS[method].answer.replace(";", ",").split(",")}
    assert not example.answer or set(example.answer) & named, f"the example of {method} answers something else"


def test_openapi_holds_every_method_and_marks_the_former_paths(gateway: Gateway) -> None:
    paths = gateway.get("/openapi.json")["paths"]
    for method in METHODS.values():
        operation = paths[method.route][method.verb.lower()]
        assert operation["operationId"] == method.name and not operation.get("deprecated")
        if method.verb != "GET" and EXAMPLES[method.name].params:
            assert operation["requestBody"]["content"]["application/json"]["examples"], method.name
    former = {path: operations for path, operations in paths.items() if not path.startswith("/v1")}
    assert len(former) == 24, "every path of the predecessor"
    assert all(operation["deprecated"] for operations in former.values() for operation in operations.values())
