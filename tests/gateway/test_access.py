"""Access control and refusals: each refusal is one sentence with the right status."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
from typing import Any

import httpx
import psutil
import pytest

from tests.gateway.gateway_process import GatewayProcess
from tests.patience import PATIENCE_S
from vestim_core.system import program_command


def expect_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status and problem["detail"] and "\n" not in problem["detail"]
    assert {"type", "title", "code", "location", "actions", "problems"} <= set(problem)
    return problem


def test_token_is_required(gateway: GatewayProcess) -> None:
    job_id = gateway.post("/v1/jobs", {"name": "kept"})["job_id"]
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {gateway.token}"},
        {"Authorization": f"Bearer {gateway.token} "[:-2]},
        {"Cookie": f"token={gateway.token}"},
    ):
        for verb, path in (
            ("GET", "/v1/jobs"),
            ("GET", "/openapi.json"),
            ("GET", "/"),
            ("GET", "/v1/events"),
            ("DELETE", f"/jobs/{job_id}"),
            ("POST", "/server/shutdown"),
            ("POST", "/v1/daemon/shutdown"),
        ):
            answer = httpx.request(verb, gateway.url + path, headers=headers)
            expect_problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
    assert gateway.get(f"/v1/jobs/{job_id}")["name"] == "kept"


def test_token_file_is_private_and_can_be_printed(gateway: GatewayProcess) -> None:
    path = gateway.home.keys / "rest.token"
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    answer = subprocess.run(
        program_command("cli", "serve", "--show-token"), capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert answer.stdout.strip() == gateway.token


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1", "127.0.0.1.evil"])
def test_foreign_host_is_refused(gateway: GatewayProcess, host: str) -> None:
    port = gateway.url.rpartition(":")[2]
    expect_problem(gateway.call("GET", "/v1/jobs", headers={"Host": host.replace("{port}", port)}), 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1"])
def test_foreign_origin_is_refused(gateway: GatewayProcess, origin: str) -> None:
    expect_problem(gateway.call("GET", "/v1/jobs", headers={"Origin": origin}), 403)
    answer = gateway.call("OPTIONS", "/v1/jobs", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
    expect_problem(answer, 403)
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_own_origin_is_served_without_cookies(gateway: GatewayProcess) -> None:
    answer = gateway.call("GET", "/v1/jobs", headers={"Origin": gateway.url})
    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    port = int(gateway.url.rpartition(":")[2])
    assert gateway.call("GET", "/v1/jobs", headers={"Host": f"localhost:{port}"}).status_code == 200


def test_listens_on_loopback_only(gateway: GatewayProcess) -> None:
    port = int(gateway.url.rpartition(":")[2])
    for address in {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}:
        if not str(address).startswith("127."):
            with pytest.raises(OSError), socket.create_connection((address, port), timeout=2):
                pass


def test_oversized_body_is_refused(gateway: GatewayProcess) -> None:
    expect_problem(gateway.call("POST", "/v1/jobs", content=b" " * (100 << 20)), 413)

    def pieces() -> Any:
        for _ in range(64):
            yield b" " * (1 << 20)

    expect_problem(gateway.call("POST", "/v1/jobs", content=pieces()), 413)
    assert gateway.get("/v1/jobs")["jobs"] == []


def test_status_of_invalid_requests(gateway: GatewayProcess) -> None:
    job_id = gateway.post("/v1/jobs", {"name": "one"})["job_id"]
    expect_problem(
        gateway.call("POST", "/v1/jobs", content=b"{wrong", headers={"Content-Type": "application/json"}), 400
    )
    for body in ([], "text", {"nam": "x"}, {"name": 3}, {"name": "x" * 300}):
        expect_problem(gateway.call("POST", "/v1/jobs", json=body), 422)
    assert expect_problem(gateway.call("POST", "/v1/jobs", json={"nam": "x"}), 422)["location"] == "nam"
    assert expect_problem(gateway.call("GET", "/v1/jobs/job_none"), 404)["code"] == "not_found"
    expect_problem(gateway.call("GET", "/v1/nothing"), 404)
    expect_problem(gateway.call("PUT", "/v1/jobs"), 405)
    assert expect_problem(gateway.call("POST", f"/v1/jobs/{job_id}/stop", json={}), 409)["code"] == "refused"
    expect_problem(gateway.call("GET", "/v1/jobs/../../etc/passwd"), 404)
    for path in ("../../registry.sqlite", "/etc/passwd", "..\\..\\registry.sqlite", "data/../../../keys/rest.token"):
        answer = gateway.call("GET", f"/v1/jobs/{job_id}/artifact", params={"path": path})
        assert answer.status_code in {404, 409, 422} and expect_problem(answer, answer.status_code)
    expect_problem(gateway.call("POST", "/v1/jobs", json={}, headers={"Idempotency-Key": "k" * 65}), 422)
    assert len(gateway.get("/v1/jobs")["jobs"]) == 1


def test_idempotency_key_is_for_one_command(gateway: GatewayProcess) -> None:
    first = gateway.post("/v1/jobs", {"name": "once"}, **{"Idempotency-Key": "key-1"})
    assert gateway.post("/v1/jobs", {"name": "once"}, **{"Idempotency-Key": "key-1"}) == first
    answer = gateway.call("POST", "/v1/jobs", json={"name": "twice"}, headers={"Idempotency-Key": "key-1"})
    assert "command" in expect_problem(answer, 422)["detail"]
    assert len(gateway.get("/v1/jobs")["jobs"]) == 1


def test_occupied_port_is_reported(gateway: GatewayProcess) -> None:
    port = gateway.url.rpartition(":")[2]
    answer = subprocess.run(
        program_command("gateway", "--port", port), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert answer.returncode == 5 and answer.stderr.count("\n") == 1 and "--port" in answer.stderr


def test_token_readable_by_others_is_refused(gateway: GatewayProcess) -> None:
    if os.name == "nt":
        pytest.skip("Windows keeps other users out of the folder itself")
    path = gateway.home.keys / "rest.token"
    path.chmod(0o644)
    answer = subprocess.run(
        program_command("gateway", "--show-token"), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert answer.returncode == 2 and "chmod 600" in answer.stderr and gateway.token not in answer.stdout


def test_legacy_server_command_serves(gateway: GatewayProcess) -> None:
    with subprocess.Popen(
        program_command("cli", "server", "--port", "0"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None and server.stderr is not None
        assert "vestim serve" in server.stderr.readline()
        assert "http://127.0.0.1:" in server.stdout.readline()
        for child in psutil.Process(server.pid).children():
            child.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE_S) == 0
