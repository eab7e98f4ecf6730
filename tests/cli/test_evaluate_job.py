"""`vestim test`: a finished job on new files, from its id or its folder, with the results copied out."""

import json
import shutil
from pathlib import Path

from tests.cli.conftest import Vestim
from vestim_core.system import Home


def test_a_job_and_its_copy_elsewhere(vestim: Vestim, endless_job: Path, tmp_path: Path) -> None:
    text = endless_job.read_text().replace("1000000, patience = 1000000, batch_rows = 1}", "2}")
    endless_job.write_text(text)
    assert vestim("submit", str(endless_job), "--follow").returncode == 0
    job_id = json.loads(vestim("jobs", "--json").stdout)[0]["job_id"]
    new = tmp_path / "new.csv"
    shutil.copy(tmp_path / "validation.csv", new)

    ran = vestim("test", job_id, str(new), "--out", "results")
    assert ran.returncode == 0, ran.stderr
    assert "new.csv" in ran.stdout and "RMSE" in ran.stdout
    metrics = json.loads((tmp_path / "results" / "train_001" / "metrics.json").read_text())
    assert [file["file"] for file in metrics["files"]] == ["new.csv"]
    assert (tmp_path / "results" / "train_001" / "predictions" / "new.csv").is_file()
    again = vestim("test", job_id, str(new), "--out", "results")
    assert again.returncode == 2 and "not empty" in again.stderr

    ran = vestim("test", job_id, "--robustness")
    assert ran.returncode == 0, ran.stderr
    assert "current +110 mA" in ran.stdout and "Cost" in ran.stdout
    asked_nothing = vestim("test", job_id)
    assert asked_nothing.returncode == 2 and "name the files to test on" in asked_nothing.stderr

    moved = tmp_path / job_id
    shutil.copytree(Home.find().jobs / job_id, moved)
    assert vestim("delete", job_id, "--yes").returncode == 0
    told = json.loads(vestim("test", str(moved), "new.csv", "--json").stdout)
    assert told["retest"][0]["files"] == metrics["files"]
    wrong = vestim("test", job_id, str(tmp_path / "nowhere.csv"))
    assert wrong.returncode == 3 and "does not exist" in wrong.stderr and wrong.stderr.count("\n") <= 2
