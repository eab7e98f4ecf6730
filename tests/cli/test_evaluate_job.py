"""`vestim test`: evaluates a finished job on new files, given its id or its folder, and copies the results out."""

import json
import shutil
from pathlib import Path

from tests.cli.conftest import RunVestim
from vestim_core.system import Home


def test_job_and_its_copied_folder(vestim: RunVestim, long_job: Path, tmp_path: Path) -> None:
    text = long_job.read_text().replace("1000000, patience = 1000000, batch_size = 1}", "2}")
    long_job.write_text(text)
    assert vestim("submit", str(long_job), "--follow").returncode == 0
    job_id = json.loads(vestim("jobs", "--json").stdout)[0]["job_id"]
    new_file = tmp_path / "new.csv"
    shutil.copy(tmp_path / "validation.csv", new_file)

    answer = vestim("test", job_id, str(new_file), "--out", "results")
    assert answer.returncode == 0, answer.stderr
    assert "new.csv" in answer.stdout and "RMSE" in answer.stdout
    metrics = json.loads((tmp_path / "results" / "train_001" / "metrics.json").read_text())
    assert [file["file"] for file in metrics["files"]] == ["new.csv"]
    assert (tmp_path / "results" / "train_001" / "predictions" / "new.csv").is_file()
    repeated = vestim("test", job_id, str(new_file), "--out", "results")
    assert repeated.returncode == 2 and "not empty" in repeated.stderr

    answer = vestim("test", job_id, "--robustness")
    assert answer.returncode == 0, answer.stderr
    assert "current +110 mA" in answer.stdout and "Cost" in answer.stdout
    without_files = vestim("test", job_id)
    assert without_files.returncode == 2 and "name the files to test on" in without_files.stderr

    copied_folder = tmp_path / job_id
    shutil.copytree(Home.find().jobs / job_id, copied_folder)
    assert vestim("delete", job_id, "--yes").returncode == 0
    result = json.loads(vestim("test", str(copied_folder), "new.csv", "--json").stdout)
    assert result["evaluation"][0]["files"] == metrics["files"]
    missing_file = vestim("test", job_id, str(tmp_path / "nowhere.csv"))
    assert (
        missing_file.returncode == 3
        and "does not exist" in missing_file.stderr
        and missing_file.stderr.count("\n") <= 2
    )
