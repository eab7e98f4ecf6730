"""Unusable input from a user: one sentence and the exit code, no traceback, and nothing is created."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import RunVestim

BAD_JOBS = {
    "no such setting": ("nonsense = 1", "nonsense: there is no such setting"),
    "target among the features": ('signals = {features = ["soc", "voltage_V"]}', "also among the features"),
    "impossible hyperparameter": ("training = {learning_rate = -1}", "learning_rate: should be greater than 0"),
    "no such model": ('model = {kind = "transformer"}', "transformer"),
    "too many threads": ("training = {threads = 256}", "this machine has"),
    "not TOML": ("name = ", "is not valid TOML"),
}


@pytest.mark.parametrize("case", BAD_JOBS)
def test_invalid_job_file(vestim: RunVestim, long_job: Path, case: str) -> None:
    lines, sentence = BAD_JOBS[case]
    section = lines.partition(" =")[0].strip()
    other_lines = [line for line in long_job.read_text().splitlines() if not line.strip().startswith(f"{section} =")]
    long_job.write_text("\n".join([*other_lines, lines]))
    answer = vestim("submit", str(long_job))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
    assert json.loads(vestim("jobs", "--json").stdout) == []


def test_every_problem_is_listed_with_its_location(vestim: RunVestim, long_job: Path) -> None:
    long_job.write_text('data = {train = ["train.csv"]}\nmodel = {kind = "fnn", sizes = [0]}\nwhat = 1')
    locations = {"data.validation", "what"}
    answer = vestim("submit", str(long_job))
    record = json.loads(vestim("submit", str(long_job), "--json").stderr)
    assert locations <= {problem["location"] for problem in record["problems"]}
    assert len(record["problems"]) == 3
    assert len([line for line in answer.stderr.splitlines() if line.startswith("  ")]) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "name"),
    [
        (("submit", "missing.toml"), 3, "not_found"),
        (("show", "job_19990101-000000-none"), 3, "not_found"),
        (("follow", "nothing"), 3, "not_found"),
        (("stop", "nothing"), 3, "not_found"),
        (("logs", "nothing"), 3, "not_found"),
        (("jobs", "--state", "asleep"), 2, "wrong_input"),
        (("submit", "."), 2, "wrong_input"),
    ],
)
def test_error_code_and_exit_code(vestim: RunVestim, arguments: tuple[str, ...], code: int, name: str) -> None:
    answer = vestim(*arguments, "--json")
    assert (answer.returncode, answer.stdout) == (code, "")
    error = json.loads(answer.stderr)
    assert error["code"] == name
    assert error["message"]


@pytest.mark.parametrize(
    "arguments", [("jobs",), ("demo",), ("daemon", "start"), ("daemon", "stop"), ("daemon", "status")]
)
@pytest.mark.parametrize("subfolder", ["", "home"])
def test_unusable_home(vestim: RunVestim, tmp_path: Path, arguments: tuple[str, ...], subfolder: str) -> None:
    blocking_file = tmp_path / "file"
    blocking_file.write_text("kept")
    answer = vestim(*arguments, VESTIM_HOME=str(blocking_file / subfolder))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert str(blocking_file) in answer.stderr
    assert "Traceback" not in answer.stderr
    assert blocking_file.read_text() == "kept"
