"""Whatever a user gives us that cannot be used: one sentence, the exit code, nothing made, no traceback."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Vestim

BAD_JOBS = {
    "no such setting": ("nonsense = 1", "nonsense: there is no such setting"),
    "target among the features": ('signals = {features = ["soc", "voltage_V"]}', "also among the features"),
    "impossible hyperparameter": ("training = {learning_rate = -1}", "learning_rate: should be greater than 0"),
    "no such model": ('model = {kind = "transformer"}', "transformer"),
    "too many threads": ("training = {threads = 256}", "this machine has"),
    "not TOML": ("name = ", "is not valid TOML"),
}


@pytest.mark.parametrize("bad", BAD_JOBS)
def test_a_job_that_cannot_be(vestim: Vestim, endless_job: Path, bad: str) -> None:
    lines, sentence = BAD_JOBS[bad]
    section = lines.partition(" =")[0].strip()
    kept = [line for line in endless_job.read_text().splitlines() if not line.strip().startswith(f"{section} =")]
    endless_job.write_text("\n".join([*kept, lines]))
    answer = vestim("submit", str(endless_job))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
    assert json.loads(vestim("jobs", "--json").stdout) == []


def test_every_problem_is_listed_with_its_place(vestim: Vestim, endless_job: Path) -> None:
    endless_job.write_text('data = {train = ["train.csv"]}\nmodel = {kind = "fnn", sizes = [0]}\nwhat = 1')
    places = {"data.validation", "what"}
    told = vestim("submit", str(endless_job))
    record = json.loads(vestim("submit", str(endless_job), "--json").stderr)
    assert places <= {problem["place"] for problem in record["problems"]}
    assert len(record["problems"]) == 3
    assert len([line for line in told.stderr.splitlines() if line.startswith("  ")]) == 3


@pytest.mark.parametrize(
    ("words", "code", "name"),
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
def test_no_such_thing(vestim: Vestim, words: tuple[str, ...], code: int, name: str) -> None:
    answer = vestim(*words, "--json")
    assert (answer.returncode, answer.stdout) == (code, "")
    error = json.loads(answer.stderr)
    assert error["code"] == name
    assert error["message"]


@pytest.mark.parametrize("words", [("jobs",), ("demo",), ("daemon", "start"), ("daemon", "stop"), ("daemon", "status")])
@pytest.mark.parametrize("under", ["", "home"])
def test_a_home_that_cannot_be_made(vestim: Vestim, tmp_path: Path, words: tuple[str, ...], under: str) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("kept")
    answer = vestim(*words, VESTIM_HOME=str(in_the_way / under))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert str(in_the_way) in answer.stderr
    assert "Traceback" not in answer.stderr
    assert in_the_way.read_text() == "kept"
