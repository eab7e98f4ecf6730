"""Data sets on the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import RunVestim


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    """Five drives; the second one has reversed current."""
    folder = tmp_path / "drives [x]"
    folder.mkdir()
    for index in range(5):
        rows = ["time_s,voltage_V,current_A,temperature_degC,soc"]
        soc = 0.6
        for second in range(600):
            current_A = 2.0 if second // (20 + index) % 2 else -1.0
            soc += current_A / 3600 / 2
            voltage_V = 3.2 + soc + 0.05 * current_A + 0.001 * (second * 7919 % 13)
            written_A = -current_A if index == 1 else current_A
            rows.append(f"{second},{voltage_V:.5f},{written_A},{25 + index + second / 60:.2f},{soc:.5f}")
        (folder / f"drive_{index}.csv").write_text("\n".join(rows))
    return folder


def test_life_of_a_data_set(vestim: RunVestim, drives: Path, tmp_path: Path) -> None:
    assert "no data sets yet" in vestim("data", "list").stdout
    arguments = (
        "data",
        "add",
        "cell [b]A[/b]",
        drives.name,
        "--split",
        "validation=1",
        "--split",
        "test=1",
        "--seed",
        "3",
    )
    added = vestim(*arguments)
    assert added.returncode == 1, added.stderr
    assert "is ready" in added.stdout and "[can be repaired: --repair]" in added.stdout
    repaired = vestim("data", "check", "cell [b]A[/b]", "--repair", "--json")
    data_set = json.loads(repaired.stdout)
    assert repaired.returncode == 0, repaired.stdout
    assert data_set["content"]["repairs"] and not data_set["findings"].get("error")
    assert data_set["files"] == {"train": 3, "validation": 1, "test": 1}
    listing = vestim("data", "list").stdout
    assert "cell [b]A[/b]" in listing and "ready" in listing
    details = vestim("data", "show", "cell [b]A[/b]").stdout
    assert all(f"drive_{index}.csv" in details for index in range(5)) and "Repairs kept" in details
    assert "is called 'A'" in vestim("data", "rename", "cell [b]A[/b]", "A").stdout
    job = tmp_path / "job.toml"
    job.write_text(
        """
        data = {data_set = "A"}
        preparation = [{step = "resample"}, {step = "normalize"}]
        model = {kind = "fnn", sizes = [4]}
        training = {method = "rows", max_epochs = 1}
        """
    )
    run = vestim("submit", str(job), "--follow")
    assert run.returncode == 0, run.stdout + run.stderr
    unconfirmed = vestim("data", "delete", "A")
    assert unconfirmed.returncode == 5 and "--yes" in unconfirmed.stderr
    assert json.loads(vestim("data", "delete", "A", "--yes", "--json").stdout)["deleted"] is True
    missing = vestim("data", "show", "A")
    assert (missing.returncode, missing.stdout) == (3, "") and "vestim data list" in missing.stderr
    assert vestim("submit", str(job)).returncode == 2


def test_invalid_data_set_is_not_saved(vestim: RunVestim, drives: Path) -> None:
    for arguments, code, message in (
        (("--train", "nothing_*.csv", "--validation", drives.name), 3, "matches no file"),
        ((drives.name, "--split", "validation=0.05"), 2, "leaves no file for validation"),
        ((drives.name, "--split", "half"), 2, "is no split"),
    ):
        answer = vestim("data", "add", "A", *arguments)
        assert (answer.returncode, answer.stdout) == (code, ""), answer
        assert message in answer.stderr and "Traceback" not in answer.stderr
    assert "no data sets yet" in vestim("data", "list").stdout


def test_name_is_unique_and_can_be_replaced(vestim: RunVestim, drives: Path) -> None:
    pattern = f"{drives.name.replace('[', '[[]')}/drive_[02].csv"
    roles = ("--train", pattern, "--validation", f"{drives.name}/drive_3.csv", "--json")
    first = json.loads(vestim("data", "add", "A", *roles).stdout)
    assert first["files"]["train"] == 2
    repeated = vestim("data", "add", "A", *roles)
    assert repeated.returncode == 5 and "already" in repeated.stderr
    other_roles = ("--train", f"{drives.name}/drive_4.csv", "--validation", f"{drives.name}/drive_3.csv", "--json")
    second = json.loads(vestim("data", "add", "A", *other_roles, "--replace").stdout)
    assert second["data_set_id"] == first["data_set_id"] and second["files"]["train"] == 1
