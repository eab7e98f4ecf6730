"""What a job will amount to: counts that the job's own expansion confirms, times only where something was measured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.documents import DATA, document
from vestim_core.spec.estimates import PROCESS_MB, Circumstances, estimate, speed_key
from vestim_core.spec.job import validate_job
from vestim_core.spec.model import parameter_count
from vestim_core.spec.problems import job_problems
from vestim_core.spec.task import expand_tasks

NOTHING_KNOWN = Circumstances({})
LSTM = {"model": {"kind": "lstm", "sizes": [[24], [32, 16]]}, "training": {"max_epochs": 10, "repetitions": 3}}


def speeds_of(job: dict[str, Any], rows_per_s: float, threads: int = 1) -> dict[str, float]:
    """As if every training of a job had been measured at that speed on the CPU."""
    trials = validate_job(job).trials()
    return {speed_key(t.model, t.training, len(t.signals.features), threads, "cpu"): rows_per_s for t in trials}


def test_counts_are_those_of_the_tasks_that_are_made() -> None:
    job = document(**LSTM, signals={"features": [["soc"], ["soc", "current_A"]]})
    trials = [task.trial for task in expand_tasks(validate_job(job)) if task.trial and task.kind == "train"]
    sizes = [parameter_count(trial.model, len(trial.signals.features)) for trial in trials]
    found = estimate(job, NOTHING_KNOWN)
    assert found["trials"] == len(trials) == 12
    assert found["parameters"] == {"min": min(sizes), "max": max(sizes)}
    assert found["model_MB"]["max"] == pytest.approx(4 * max(sizes) / 1e6)
    assert found["problems"] == []


def test_without_a_measurement_there_is_no_time() -> None:
    found = estimate(document(**LSTM), NOTHING_KNOWN)
    assert found["seconds"] is None and found["basis"].startswith("no estimate yet: no LSTM")
    assert found["rows_epochs"] == 2 * 3 * 10 * 25 * 24 * 50 * 64, "what streams read does not depend on the files"


def test_time_is_rows_times_epochs_by_speed() -> None:
    job = document(**LSTM)
    found = estimate(job, Circumstances(speeds_of(job, 100_000.0)))
    assert found["seconds"] == pytest.approx(found["rows_epochs"] / 100_000.0)
    assert "earlier trainings" in found["basis"]
    on_four = estimate(job, Circumstances(speeds_of(job, 100_000.0), cores=4))
    assert on_four["seconds"] == pytest.approx(found["seconds"] / 4)
    assert on_four["memory_MB"] == pytest.approx(4 * found["memory_MB"], rel=0.01)
    held = estimate({**job, "max_parallel_tasks": 2}, Circumstances(speeds_of(job, 100_000.0), cores=4))
    assert held["seconds"] == pytest.approx(found["seconds"] / 2)


def test_threads_that_will_be_found_out_count_as_one_where_that_is_known() -> None:
    job = document(**LSTM)
    several = speeds_of(job, 300_000.0, threads=4)
    assert estimate(job, Circumstances(several))["seconds"] is None, "this machine has one core"
    alone = estimate(job, Circumstances(several, cores=4))
    assert alone["seconds"] == pytest.approx(alone["rows_epochs"] / 300_000.0 / 4)
    both = several | speeds_of(job, 100_000.0)
    assert estimate(job, Circumstances(both, cores=4))["seconds"] == pytest.approx(3 * alone["seconds"])
    fixed = document(model=LSTM["model"], training={**LSTM["training"], "threads": 4})
    assert estimate(fixed, Circumstances(both, cores=4))["seconds"] == pytest.approx(4 * alone["seconds"])


def test_a_gpu_has_speeds_of_its_own() -> None:
    job = document(**LSTM)
    assert estimate(job, Circumstances(speeds_of(job, 1.0), gpus=1))["seconds"] is None
    told = document(model=LSTM["model"], training={**LSTM["training"], "device": "cpu"})
    assert estimate(told, Circumstances(speeds_of(told, 1.0), gpus=1))["seconds"] is not None


def test_rows_at_a_time_need_the_number_of_rows() -> None:
    job = document(model={"kind": "fnn"}, training={"max_epochs": 7})
    speeds = speeds_of(job, 1000.0)
    unknown = estimate(job, Circumstances(speeds))
    assert unknown["seconds"] is None and unknown["rows_epochs"] is None and "how many rows" in unknown["basis"]
    known = estimate(job, Circumstances(speeds, train_rows=5000))
    assert known["seconds"] == pytest.approx(35.0) and known["rows_epochs"] == 35_000


def test_memory_grows_with_what_is_kept_for_gradients() -> None:
    small = estimate(document(model={"kind": "lstm", "sizes": [8]}), NOTHING_KNOWN)
    large = estimate(document(model={"kind": "lstm", "sizes": [256]}), NOTHING_KNOWN)
    assert PROCESS_MB < small["memory_MB"] < large["memory_MB"] < PROCESS_MB + 200


@pytest.mark.parametrize("missing", [{}, {"name": "x"}, {"data": {}}, {"data": {"train": ["a.csv"]}}])
def test_an_unfinished_document_has_all_that_its_settings_say(missing: dict[str, Any]) -> None:
    found = estimate({**LSTM, **missing}, NOTHING_KNOWN)
    assert found["trials"] == 6
    assert {problem["place"].partition(".")[0] for problem in found["problems"]} == {"data"}


def test_what_is_wrong_is_told_beside_what_is_missing() -> None:
    found = estimate({"model": {"kind": "lstm", "sizes": [0]}}, NOTHING_KNOWN)
    assert found["trials"] is found["parameters"] is found["seconds"] is None
    places = [problem["place"] for problem in found["problems"]]
    assert places[0] == "data" and any("sizes" in place for place in places)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"model": {"kind": "tree"}}, "model"),
        ({"model": {"kind": "fnn"}, "training": {"method": "streams"}}, ""),
        ({"nonsense": 1}, "nonsense"),
        ({"signals": {"features": ["soc"], "target": "soc"}}, "signals"),
        ({"data": 7}, "data"),
    ],
)
def test_each_problem_has_a_place_and_a_sentence(wrong: dict[str, Any], place: str) -> None:
    problems = job_problems({"data": DATA, **wrong})
    assert problems and all(problem["sentence"] for problem in problems)
    assert any(problem["place"].startswith(place) for problem in problems)


def test_a_document_that_can_be_started_has_no_problems() -> None:
    assert job_problems(document()) == []
