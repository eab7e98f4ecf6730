"""Data sets on the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Vestim


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    """Five drives; current of the second is reversed."""
    folder = tmp_path / "drives [x]"
    folder.mkdir()
    for number in range(5):
        rows = ["time_s,voltage_V,current_A,temperature_degC,soc"]
        soc = 0.6
        for second in range(600):
            current_A = 2.0 if second // (20 + number) % 2 else -1.0
            soc += current_A / 3600 / 2
            voltage_V = 3.2 + soc + 0.05 * current_A + 0.001 * (second * 7919 % 13)
            shown_A = -current_A if number == 1 else current_A
            rows.append(f"{second},{voltage_V:.5f},{shown_A},{25 + number + second / 60:.2f},{soc:.5f}")
        (folder / f"drive_{number}.csv").write_text("\n".join(rows))
    return folder


def test_a_data_set_from_first_to_last(vestim: Vestim, drives: Path, tmp_path: Path) -> None:
    assert "no data sets yet" in vestim("data", "list").stdout
    words = ("data", "add", "cell [b]A[/b]", drives.name, "--split", "validation=1", "--split", "test=1", "--seed", "3")
    wrong = vestim(*words)
    assert wrong.returncode == 1, wrong.stderr
    assert "is ready" in wrong.stdout and "[can be repaired: --repair]" in wrong.stdout
    mended = vestim("data", "check", "cell [b]A[/b]", "--repair", "--json")
    found = json.loads(mended.stdout)
    assert mended.returncode == 0, mended.stdout
    assert found["content"]["repairs"] and not found["findings"].get("error")
    assert found["files"] == {"train": 3, "validation": 1, "test": 1}
    listed = vestim("data", "list").stdout
    assert "cell [b]A[/b]" in listed and "ready" in listed
    shown = vestim("data", "show", "cell [b]A[/b]").stdout
    assert all(f"drive_{number}.csv" in shown for number in range(5)) and "Repairs kept" in shown
    assert "is called 'A'" in vestim("data", "rename", "cell [b]A[/b]", "A").stdout
    job = tmp_path / "job.toml"
    job.write_text(
        """
        data = {data_set = "A"}
        preparation = [{step = "resample"}, {step = "normalise"}]
        model = {kind = "fnn", sizes = [4]}
        training = {method = "rows", max_epochs = 1}
        """
    )
    done = vestim("submit", str(job), "--follow")
    assert done.returncode == 0, done.stdout + done.stderr
    unasked = vestim("data", "delete", "A")
    assert unasked.returncode == 5 and "--yes" in unasked.stderr
    assert json.loads(vestim("data", "delete", "A", "--yes", "--json").stdout)["deleted"] is True
    gone = vestim("data", "show", "A")
    assert (gone.returncode, gone.stdout) == (3, "") and "vestim data list" in gone.stderr
    assert vestim("submit", str(job)).returncode == 2


def test_what_makes_no_data_set_keeps_nothing(vestim: Vestim, drives: Path) -> None:
    for words, code, said in (
        (("--train", "nothing_*.csv", "--validation", drives.name), 3, "matches no file"),
        ((drives.name, "--split", "validation=0.05"), 2, "leaves no file for validation"),
        ((drives.name, "--split", "half"), 2, "is no split"),
    ):
        told = vestim("data", "add", "A", *words)
        assert (told.returncode, told.stdout) == (code, ""), told
        assert said in told.stderr and "Traceback" not in told.stderr
    assert "no data sets yet" in vestim("data", "list").stdout


def test_a_name_is_given_once_and_may_be_replaced(vestim: Vestim, drives: Path) -> None:
    pattern = f"{drives.name.replace('[', '[[]')}/drive_[02].csv"
    roles = ("--train", pattern, "--validation", f"{drives.name}/drive_3.csv", "--json")
    first = json.loads(vestim("data", "add", "A", *roles).stdout)
    assert first["files"]["train"] == 2
    again = vestim("data", "add", "A", *roles)
    assert again.returncode == 5 and "already" in again.stderr
    other = ("--train", f"{drives.name}/drive_4.csv", "--validation", f"{drives.name}/drive_3.csv", "--json")
    second = json.loads(vestim("data", "add", "A", *other, "--replace").stdout)
    assert second["data_set_id"] == first["data_set_id"] and second["files"]["train"] == 1
