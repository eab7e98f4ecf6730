"""A script written for PyBattML's server still works, once it sends the token."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.gateway.gateway_process import GatewayProcess
from tests.patience import PATIENCE_S

LEGACY_STATUSES = {"created", "data_augmented", "hyperparameters_set", "training_setup_complete"}
RUNNING_STATUSES = {"starting_training", "processing_data", "augmenting_data", "training", "testing"}


def poll_until(request: Callable[[], dict[str, Any]], until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Repeat a request until the answer is accepted, as a script without events does."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not until(answer := request()):
        assert time.monotonic() < deadline_s, answer
        time.sleep(0.05)
    return answer


def write_drive(path: Path, rows: int, phase: int) -> str:
    lines = ["Test Time (s),Voltage (V),Current (A),Cell Temperature (C),SOC"]
    soc = 0.9
    for second in range(rows):
        current_A = (1.0 if (second + phase) // 20 % 3 else -2.0) / 2
        soc += current_A / 3600 / 3
        lines.append(f"{second},{3.2 + soc + 0.05 * current_A:.4f},{current_A},{25 + second / 200:.2f},{soc:.4f}")
    path.write_text("\n".join(lines))
    return str(path)


def test_pybattml_script(gateway: GatewayProcess, tmp_path: Path) -> None:
    files = {
        f"{role}_files": [write_drive(tmp_path / f"{role}.csv", 400, phase)]
        for phase, role in enumerate(("train", "val", "test"))
    }
    selections = {**files, "data_source": "Arbin"}
    assert gateway.get("/health")["status"] == "healthy" and gateway.get("/")["message"]

    job = gateway.post("/jobs", {"selections": selections})
    job_id = job["job_id"]
    assert set(job) == {"job_id", "status", "created_at", "updated_at", "selections", "job_folder", "details"}
    assert job["status"] == "data_augmented" and job["selections"] == selections
    assert Path(job["job_folder"]).is_dir()
    assert gateway.post(f"/jobs/{job_id}/ensure")["job_id"] == job_id

    hyperparameters = {
        "FEATURE_COLUMNS": ["SOC", "Current", "Temp"],
        "TARGET_COLUMN": "Voltage",
        "MODEL_TYPE": "FNN",
        "FNN_HIDDEN_LAYERS": "8",
        "MAX_EPOCHS": "3000",
        "VALID_PATIENCE": "3000",
        "INITIAL_LR": "0.001",
        "NUM_WORKERS": "4",
    }
    saved = gateway.post(f"/jobs/{job_id}/hyperparameters", {"hyperparameters": hyperparameters})
    assert saved["job_id"] == job_id and "NUM_WORKERS" in saved["message"]
    assert gateway.get(f"/jobs/{job_id}")["status"] == "hyperparameters_set"
    setup = gateway.post(f"/jobs/{job_id}/setup-training")
    assert setup["task_count"] == 1 and setup["job_folder"] == job["job_folder"]
    assert gateway.get(f"/jobs/{job_id}/status")["status"] == "training_setup_complete"

    started = gateway.post(f"/jobs/{job_id}/start_training")
    assert started["job_id"] == job_id and started["task_count"] == 1 and started["status"] in RUNNING_STATUSES
    assert "job_id" in gateway.post(f"/jobs/{job_id}/update-status", {"status": "note", "message": "from a script"})
    (task,) = gateway.get(f"/jobs/{job_id}")["details"]["training_tasks"]
    path = f"/jobs/{job_id}/tasks/{task['task_id']}/status"
    progress = poll_until(lambda: gateway.get(path), lambda answer: answer["task_progress"]["current_epoch"] >= 2)
    assert set(progress) == {"status", "task_id", "job_id", "job_status", "task_progress"}
    assert progress["status"] == "training" and progress["task_progress"]["total_epochs"] == 3000
    assert set(progress["task_progress"]) == {"status", "message", "current_epoch", "total_epochs", "progress_percent"}
    running = gateway.get("/server/status")
    assert running["running_tasks"] >= 1 and f"{job_id}:{task['task_id']}" in running["task_ids"]
    assert gateway.get(f"/tasks/{task['task_id']}/status")["job_id"] == job_id

    assert gateway.post(f"/jobs/{job_id}/stop")["job_id"] == job_id
    final_status = poll_until(
        lambda: gateway.get(f"/jobs/{job_id}/detailed-status"), lambda answer: answer["status"] == "stopped"
    )
    assert set(final_status) == {
        "job_id",
        "status",
        "current_phase",
        "progress_percent",
        "progress_message",
        "phase_progress",
        "updated_at",
        "job_folder",
    }
    assert final_status["phase_progress"]["training"].keys() == {"status", "progress", "message"}
    assert gateway.get("/jobs")[0]["job_id"] == job_id
    assert "1 finished" in gateway.post("/jobs/clear")["message"] and gateway.get("/jobs") == []
    assert gateway.call("DELETE", f"/jobs/{job_id}").status_code == 200
    assert gateway.call("POST", f"/jobs/{job_id}/ensure", json={}).status_code == 404


def test_job_without_files_and_oldest_format(gateway: GatewayProcess, tmp_path: Path) -> None:
    empty_job = gateway.post("/jobs", {"selections": {"anything": 1}})
    assert empty_job["status"] == "created"
    assert gateway.call("POST", "/jobs/process-and-create", json={"selections": {}}).status_code == 422
    files = {f"{role}_files": [write_drive(tmp_path / f"{role}.csv", 50, 0)] for role in ("train", "test")}
    job = gateway.post("/jobs/process-and-create", {"selections": files})
    data = gateway.get(f"/v1/jobs/{job['job_id']}")["spec"]["data"]
    assert data["train"] == files["train_files"] and data["validation"] == files["test_files"]
    assert gateway.call("POST", "/tasks/start", json={"task_info": {}}).status_code == 422
    refusal = gateway.call("POST", f"/jobs/{empty_job['job_id']}/start", json={"task_info": {}})
    assert refusal.status_code == 422 and "data" in refusal.json()["detail"]


def test_legacy_shutdown_ends_the_server(gateway: GatewayProcess) -> None:
    assert gateway.post("/server/shutdown")["message"]
    assert gateway.process.wait(PATIENCE_S) == 0
