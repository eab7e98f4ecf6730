"""Legacy jobs through the daemon: imported, evaluated at once with the legacy numbers, moved, never resumed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.guarantees.conftest import follow_to_end
from tests.jobs.legacy.legacy_jobs import LSTM, make_legacy_job, make_legacy_task
from tests.models.test_legacy_weights import LegacyRecurrent
from tests.patience import PATIENCE_S
from tests.worker.test_imported import recording
from vestim_core.client import Client, import_legacy_jobs
from vestim_core.spec.errors import VestimError
from vestim_core.system import program_command

JOB = "job_20251014-180644"
EXPECTED = {
    "A_lstm_linux": ("job_20251014-180644", {"train_001": "", "train_002": "_rep_2"}),
    "B_fnn_windows": ("job_20250930-180644", {"train_001": ""}),
    "C_gru_older": ("job_20250318-180702", {"train_001": ""}),
}


def _evaluate(client: Client, job_id: str, *files: Path, **options: Any) -> dict[str, Any]:
    task_id = client.call("evaluate", job_id=job_id, files=[str(file) for file in files], **options)["task_id"]
    follow_to_end(client, job_id)
    tasks = client.call("show_job", job_id=job_id)["tasks"]
    return dict(next(task for task in tasks if task["task_id"] == task_id))


def _load_predictions(client: Client, job_id: str, task: dict[str, Any], train_id: str, stem: str) -> Any:
    folder = client.home.jobs / job_id / "tasks" / task["task_id"] / "result" / train_id / "predictions"
    with np.load(folder / f"{stem}.npz", allow_pickle=False) as arrays:
        return arrays["predicted"]


def test_an_imported_job_is_evaluated_at_once_and_after_a_copy(client: Client, tmp_path: Path) -> None:
    weights = tmp_path / "w.pth"
    torch.save(LegacyRecurrent("lstm", 3, 6, 2).state_dict(), weights)
    job = make_legacy_job(tmp_path / "old", bomb=tmp_path / "ran")
    make_legacy_task(job, name="good", weights=weights.read_bytes(), predictions=[(3.7, 3.71)])
    make_legacy_task(job, {**LSTM, "TARGET_COLUMN": "Voltage"}, name="zzz_broken", weights=b"code?")
    recording(tmp_path / "new.csv")
    pages = list(import_legacy_jobs(client.call, [str(tmp_path / "old")]))
    assert [entry["models"] for page in pages for entry in page["imported"]] == [2]
    row = next(row for row in client.call("list_jobs")["jobs"] if row["job_id"] == JOB)
    assert row["imported"] and row["state"] == "done" and row["best"]["metric"] == "rmse_mV"

    task = _evaluate(client, JOB, tmp_path / "new.csv", tasks=["train_001"])
    assert task["state"] == "done", task["error"]
    first_predictions = _load_predictions(client, JOB, task, "train_001", "new")
    status = client.call("show_job", job_id=JOB)
    assert status["state"] == "done" and status["ended_utc"].startswith("2025-10-14")

    broken = _evaluate(client, JOB, tmp_path / "new.csv", tasks=["train_002"])
    assert broken["state"] == "failed" and "are not read: it is damaged, or" in broken["error"]["message"]
    assert client.call("show_job", job_id=JOB)["state"] == "done"
    with pytest.raises(VestimError, match="duplicate it to train it anew"):
        client.call("resume", job_id=JOB)
    with pytest.raises(VestimError, match="imported without its data: name files"):
        client.call("evaluate", job_id=JOB, files=[], robustness=True)

    copied_folder = tmp_path / "copied" / JOB
    shutil.copytree(client.home.jobs / JOB, copied_folder)
    client.call("delete", job_id=JOB)
    shutil.rmtree(tmp_path / "old")
    shutil.rmtree(copied_folder / "tasks" / "train_001" / "result" / "model.pt", ignore_errors=True)
    (
        copied_folder / "tasks" / "train_001" / "result" / "model.json"
    ).unlink()  # it is converted again from the folder alone
    shutil.copytree(copied_folder, client.home.jobs / JOB)
    second_task = _evaluate(client, JOB, tmp_path / "new.csv", tasks=["train_001"])
    assert np.array_equal(_load_predictions(client, JOB, second_task, "train_001", "new"), first_predictions)
    assert not (tmp_path / "ran").exists()


def test_predictions_equal_the_legacy_ones(client: Client, shared: Path) -> None:
    examples = shared / "legacy_examples"
    if not examples.is_dir():
        pytest.skip("needs the examples of the former program")
    (*pages,) = import_legacy_jobs(client.call, [str(examples)])
    states = {entry["job_id"]: entry["state"] for page in pages for entry in page["imported"]}
    skipped = [entry["message"] for page in pages for entry in page["skipped"]]
    assert len(states) == 4 and states["job_20251020-111502"] == "stopped"
    assert len(skipped) == 2
    for folder, (job_id, models) in EXPECTED.items():
        task = _evaluate(client, job_id, examples / folder / "new_test_raw.csv", all_models=True)
        assert task["state"] == "done", task["error"]
        for train_id, suffix in models.items():
            name = examples / folder / f"expected_predictions{suffix}.csv"
            expected = np.loadtxt(name, delimiter=",", skiprows=1)[:, 2]
            predictions = _load_predictions(client, job_id, task, train_id, "new_test_raw")
            assert predictions.shape == expected.shape
            assert np.abs(predictions - expected).max() <= 1e-6, name


def test_the_command_reports_imported_and_skipped_jobs(vestim_home: Path, tmp_path: Path) -> None:
    make_legacy_task(make_legacy_job(tmp_path / "old"))
    (tmp_path / "old" / "job_20250103-000000").mkdir()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = program_command("cli", "import-legacy", *arguments)
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", cwd=tmp_path, timeout=PATIENCE_S, check=False
        )

    completed = run("old")
    assert completed.returncode == 0 and JOB in completed.stdout
    assert "Not imported" in completed.stderr and "holds nothing of one" in completed.stderr
    second_reply = json.loads(run("old", "--json").stdout)
    assert [entry["job_id"] for entry in second_reply["known"]] == [JOB] and second_reply["imported"] == []
    missing_path = run("nowhere")
    assert (
        missing_path.returncode == 3
        and "no file or folder" in missing_path.stderr
        and "Traceback" not in missing_path.stderr
    )
    empty_folder = run("old/job_20250103-000000")
    assert empty_folder.returncode == 1 and "there is no job of PyBattML in" in empty_folder.stderr
