"""Estimates: counts agree with the expanded tasks, and times exist only if speeds were measured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.documents import DATA, job_document
from vestim_core.spec.estimates import PROCESS_MB, EstimateContext, estimate_job, speed_key
from vestim_core.spec.job import validate_job
from vestim_core.spec.job_problems import job_problems
from vestim_core.spec.model import parameter_count
from vestim_core.spec.task import expand_tasks

NO_SPEEDS = EstimateContext({})
LSTM = {"model": {"kind": "lstm", "sizes": [[24], [32, 16]]}, "training": {"max_epochs": 10, "repetitions": 3}}


def speeds_of(job: dict[str, Any], rows_per_s: float, threads: int = 1) -> dict[str, float]:
    """Speeds as if every trial of the job had been measured on the CPU."""
    trials = validate_job(job).trials()
    return {speed_key(t.model, t.training, len(t.signals.features), threads, "cpu"): rows_per_s for t in trials}


def test_counts_agree_with_expanded_tasks() -> None:
    job = job_document(**LSTM, signals={"features": [["soc"], ["soc", "current_A"]]})
    trials = [task.trial for task in expand_tasks(validate_job(job)) if task.trial and task.kind == "train"]
    sizes = [parameter_count(trial.model, len(trial.signals.features)) for trial in trials]
    result = estimate_job(job, NO_SPEEDS)
    assert result["trials"] == len(trials) == 12
    assert result["parameters"] == {"min": min(sizes), "max": max(sizes)}
    assert result["model_MB"]["max"] == pytest.approx(4 * max(sizes) / 1e6)
    assert result["problems"] == []


def test_no_time_without_measured_speed() -> None:
    result = estimate_job(job_document(**LSTM), NO_SPEEDS)
    assert result["seconds"] is None and result["basis"].startswith("no estimate yet: no LSTM")
    assert result["rows_epochs"] == 2 * 3 * 10 * 25 * 24 * 50 * 64, "what streams read does not depend on the files"


def test_time_is_rows_times_epochs_divided_by_speed() -> None:
    job = job_document(**LSTM)
    result = estimate_job(job, EstimateContext(speeds_of(job, 100_000.0)))
    assert result["seconds"] == pytest.approx(result["rows_epochs"] / 100_000.0)
    assert "earlier trainings" in result["basis"]
    result_4_cores = estimate_job(job, EstimateContext(speeds_of(job, 100_000.0), cores=4))
    assert result_4_cores["seconds"] == pytest.approx(result["seconds"] / 4)
    assert result_4_cores["memory_MB"] == pytest.approx(4 * result["memory_MB"], rel=0.01)
    result_2_tasks = estimate_job({**job, "max_parallel_tasks": 2}, EstimateContext(speeds_of(job, 100_000.0), cores=4))
    assert result_2_tasks["seconds"] == pytest.approx(result["seconds"] / 2)


def test_auto_threads_use_speed_of_one_thread_if_known() -> None:
    job = job_document(**LSTM)
    speeds_4_threads = speeds_of(job, 300_000.0, threads=4)
    assert estimate_job(job, EstimateContext(speeds_4_threads))["seconds"] is None, "this machine has one core"
    result_4_threads = estimate_job(job, EstimateContext(speeds_4_threads, cores=4))
    assert result_4_threads["seconds"] == pytest.approx(result_4_threads["rows_epochs"] / 300_000.0 / 4)
    all_speeds = speeds_4_threads | speeds_of(job, 100_000.0)
    assert estimate_job(job, EstimateContext(all_speeds, cores=4))["seconds"] == pytest.approx(
        3 * result_4_threads["seconds"]
    )
    fixed_threads_job = job_document(model=LSTM["model"], training={**LSTM["training"], "threads": 4})
    assert estimate_job(fixed_threads_job, EstimateContext(all_speeds, cores=4))["seconds"] == pytest.approx(
        4 * result_4_threads["seconds"]
    )


def test_gpu_speeds_are_separate() -> None:
    job = job_document(**LSTM)
    assert estimate_job(job, EstimateContext(speeds_of(job, 1.0), gpus=1))["seconds"] is None
    cpu_job = job_document(model=LSTM["model"], training={**LSTM["training"], "device": "cpu"})
    assert estimate_job(cpu_job, EstimateContext(speeds_of(cpu_job, 1.0), gpus=1))["seconds"] is not None


def test_rows_method_needs_number_of_rows() -> None:
    job = job_document(model={"kind": "fnn"}, training={"max_epochs": 7})
    speeds = speeds_of(job, 1000.0)
    result_unknown_rows = estimate_job(job, EstimateContext(speeds))
    assert (
        result_unknown_rows["seconds"] is None
        and result_unknown_rows["rows_epochs"] is None
        and "how many rows" in result_unknown_rows["basis"]
    )
    result_known_rows = estimate_job(job, EstimateContext(speeds, train_rows=5000))
    assert result_known_rows["seconds"] == pytest.approx(35.0) and result_known_rows["rows_epochs"] == 35_000


def test_memory_grows_with_values_kept_for_gradients() -> None:
    small = estimate_job(job_document(model={"kind": "lstm", "sizes": [8]}), NO_SPEEDS)
    large = estimate_job(job_document(model={"kind": "lstm", "sizes": [256]}), NO_SPEEDS)
    assert PROCESS_MB < small["memory_MB"] < large["memory_MB"] < PROCESS_MB + 200


@pytest.mark.parametrize("sections", [{}, {"name": "x"}, {"data": {}}, {"data": {"train": ["a.csv"]}}])
def test_estimate_without_data_section(sections: dict[str, Any]) -> None:
    result = estimate_job({**LSTM, **sections}, NO_SPEEDS)
    assert result["trials"] == 6
    assert {problem["location"].partition(".")[0] for problem in result["problems"]} == {"data"}


def test_wrong_and_missing_settings_are_reported_together() -> None:
    result = estimate_job({"model": {"kind": "lstm", "sizes": [0]}}, NO_SPEEDS)
    assert result["trials"] is result["parameters"] is result["seconds"] is None
    locations = [problem["location"] for problem in result["problems"]]
    assert locations[0] == "data" and any("sizes" in location for location in locations)


@pytest.mark.parametrize(
    ("sections", "location"),
    [
        ({"model": {"kind": "tree"}}, "model"),
        ({"model": {"kind": "fnn"}, "training": {"method": "tbptt"}}, ""),
        ({"nonsense": 1}, "nonsense"),
        ({"signals": {"features": ["soc"], "target": "soc"}}, "signals"),
        ({"data": 7}, "data"),
    ],
)
def test_each_problem_has_location_and_message(sections: dict[str, Any], location: str) -> None:
    problems = job_problems({"data": DATA, **sections})
    assert problems and all(problem["message"] for problem in problems)
    assert any(problem["location"].startswith(location) for problem in problems)


def test_valid_document_has_no_problems() -> None:
    assert job_problems(job_document()) == []
