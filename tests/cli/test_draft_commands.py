"""`vestim draft`, `duplicate` and `start`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import RunVestim


def test_draft_of_an_incomplete_file_becomes_a_running_job(vestim: RunVestim, long_job: Path, tmp_path: Path) -> None:
    (tmp_path / "half.toml").write_text('name = "half"\nmodel = {kind = "lstm", sizes = "8, x"}')
    answer = vestim("draft", "half.toml")
    assert answer.returncode == 0
    assert "To do: data: is missing" in answer.stdout and "sizes" in answer.stdout
    assert "To do: data: is missing" in vestim("show", "half").stdout
    refusal = vestim("start", "half", "--json")
    assert refusal.returncode == 2 and len(json.loads(refusal.stderr)["problems"]) >= 2
    complete = json.loads(vestim("draft", str(long_job), "--job", "half", "--json").stdout)
    assert complete["problems"] == []
    assert "Started" in vestim("start", complete["job_id"]).stdout
    copy = json.loads(vestim("duplicate", complete["job_id"], "--json").stdout)
    assert copy["state"] == "draft" and copy["job_id"] != complete["job_id"]
    vestim("stop", complete["job_id"], "--no-test")


def test_job_file_from_pybattml_settings(vestim: RunVestim, tmp_path: Path) -> None:
    settings = {"MODEL_TYPE": "LSTM", "RNN_LAYER_SIZES": "8,4", "MAX_EPOCHS": "7", "NUM_WORKERS": "4"}
    (tmp_path / "hyperparams.json").write_text(json.dumps(settings))
    assert vestim("new", "--from", "hyperparams.json", "job.toml").returncode == 0
    text = (tmp_path / "job.toml").read_text()
    assert "# NUM_WORKERS: " in text and "sizes = [8, 4]" in text and "max_epochs = 7" in text
    assert "there is no file or folder" in vestim("submit", "job.toml").stderr
    (tmp_path / "other.json").write_text('{"a": 1}')
    assert vestim("new", "--from", "other.json").returncode == 2
    assert vestim("new", "--from", "hyperparams.json", "--preset", "soc_quick").returncode == 2
