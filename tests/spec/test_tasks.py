"""Template, ids, states, and the expansion of a job into tasks."""

from __future__ import annotations

import tomllib
from datetime import datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spec.documents import job_document
from vestim_core.spec.data import DataSpec
from vestim_core.spec.ids import attempt_key, is_safe_id, new_job_id, split_attempt_key
from vestim_core.spec.job import validate_job
from vestim_core.spec.model import FnnModel, LstmModel
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.states import (
    TERMINAL_ATTEMPT_STATES,
    TRANSITIONS,
    AttemptState,
    JobState,
    PhaseState,
    TaskState,
    TransitionError,
    check_transition,
    is_allowed_transition,
)
from vestim_core.spec.task import TaskSpec, expand_tasks
from vestim_core.spec.template import job_template
from vestim_core.spec.testing import TestingSpec
from vestim_core.spec.training import RowsTraining, TbpttTraining


def test_template_is_valid_and_contains_every_setting() -> None:
    document = tomllib.loads(job_template())
    spec = validate_job(document)
    assert {trial.model.kind for trial in spec.trials()} == {"lstm", "fnn"}
    models, trainings = {m["kind"]: m for m in document["model"]}, {t["method"]: t for t in document["training"]}
    for section, values in [
        (DataSpec, document["data"]),
        (SignalsSpec, document["signals"]),
        (LstmModel, models["lstm"]),
        (FnnModel, models["fnn"]),
        (TbpttTraining, trainings["tbptt"]),
        (RowsTraining, trainings["rows"]),
        (TestingSpec, document["testing"]),
    ]:
        unset_names = {name for name, field in section.model_fields.items() if field.default is None}
        assert set(values) == set(section.model_fields) - unset_names, section.__name__
        assert all(f"# {name} = " in job_template() for name in unset_names), (
            "a setting that is empty stands as a comment"
        )
    uncommented_lines = [line for line in job_template().splitlines() if " = " in line and "#" not in line]
    assert {line.split(" = ")[0] for line in uncommented_lines} <= {"name", "kind", "method", "step"}, (
        "every setting has its comment"
    )


# --- ids


def test_ids_are_safe_and_unique_within_a_second() -> None:
    local_time = datetime(2026, 3, 1, 12, 0, 0)
    ids = [new_job_id(local_time) for _ in range(200)]
    assert len(set(ids)) >= 198, "a million tails a second"
    for job_id in ids:
        assert len(job_id) == 24
        assert job_id.startswith("job_20260301-120000-")
        assert is_safe_id(job_id)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a/b", "a\\b", "con", "NUL.txt", "a.", "-a", "a..b", "a" * 25, "ä", "a b", "a\n", "a\0"]
)
def test_unsafe_id(text: str) -> None:
    assert not is_safe_id(text)


@given(st.text(max_size=30))
def test_safe_id_is_a_plain_file_name(text: str) -> None:
    if is_safe_id(text):
        assert text.isascii() and not set(text) & set('/\\:*?"<>| \0') and len(text) <= 24
        assert split_attempt_key(attempt_key(text, text, 3)) == (text, text, 3)


@given(st.text(max_size=40) | st.builds("/".join, st.lists(st.text(max_size=6), min_size=3, max_size=3)))
def test_attempt_key_is_parsed_or_rejected(text: str) -> None:
    try:
        job, task, attempt = split_attempt_key(text)
    except ValueError:
        return
    assert attempt_key(job, task, attempt).isascii() and attempt >= 1


# --- states


@pytest.mark.parametrize("kind", [JobState, PhaseState, TaskState, AttemptState])
def test_transition_table_is_complete_and_closed(kind: type[JobState]) -> None:
    table = TRANSITIONS[kind]
    states = {state.value for state in kind}
    assert set(table) == states
    assert set().union(*table.values()) <= states
    for old, new in product(kind, kind):
        assert is_allowed_transition(old, new) == (old is new or new.value in table[old.value])
        if not is_allowed_transition(old, new):
            with pytest.raises(TransitionError):
                check_transition(old, new)


def test_terminal_states_and_reachability() -> None:
    assert all(not TRANSITIONS[AttemptState][end.value] for end in TERMINAL_ATTEMPT_STATES)
    assert not is_allowed_transition(JobState.DONE, TaskState.DONE), "states of different things never mix"
    reachable, frontier = {"draft"}, {"draft"}
    while frontier:
        frontier = {new for old in frontier for new in TRANSITIONS[JobState][old]} - reachable
        reachable |= frontier
    assert reachable == {state.value for state in JobState}


# --- tasks


def expand(**sections: object) -> list[TaskSpec]:
    return expand_tasks(validate_job(job_document(**sections)))


def test_one_preparation_per_distinct_data_and_one_test_per_training() -> None:
    tasks = expand(
        signals={"features": [["soc"], ["soc", "current_A"]]},
        training={"learning_rate": [0.01, 0.02], "schedule": "constant", "repetitions": 2},
    )
    ids = [task.task_id for task in tasks]
    assert ids[:4] == ["prepare_1", "baseline_1", "prepare_2", "baseline_2"]
    assert len(ids) == 4 + 2 * (2 * 2 * 2) + 2 * 2
    assert len(set(ids)) == len(ids) and all(is_safe_id(name) for name in ids)
    earlier_ids: set[str] = set()
    for task in tasks:
        assert set(task.depends_on) <= earlier_ids, "none depends on a later one"
        earlier_ids.add(task.task_id)
    by_id = {task.task_id: task for task in tasks}
    for task in tasks:
        if task.kind == "test":
            assert task.trial == by_id[task.task_id.replace("test", "train")].trial


def test_task_ids_are_stable_and_tasks_round_trip() -> None:
    first, second = (expand(model=[{"kind": "lstm"}, {"kind": "fnn"}]) for _ in range(2))
    assert first == second
    for task in first:
        assert TaskSpec.model_validate_json(task.model_dump_json()) == task


def test_seeds_differ_between_repetitions() -> None:
    tasks = expand(training={"seed": 5, "repetitions": 3})
    assert [task.trial.seed for task in tasks if task.kind == "train" and task.trial] == [5, 6, 7]


def test_repetitions_of_each_combination_form_an_ensemble() -> None:
    tasks = expand(training={"learning_rate": [0.01, 0.02], "schedule": "constant", "repetitions": 3})
    first, second = (task for task in tasks if task.kind == "ensemble")
    assert first.depends_on == ["test_001", "test_002", "test_003"]
    assert (second.task_id, second.depends_on) == ("ensemble_2", ["test_004", "test_005", "test_006"])
    titles = {task.task_id: task.title for task in tasks}
    assert titles["test_004"] == f"{second.title.removeprefix('Ensemble of 3 ')}, rep 1"
    assert "ensemble" not in {task.kind for task in expand()}


def test_no_baseline_without_its_columns_or_if_disabled() -> None:
    kinds = {task.kind for task in expand(signals={"target": "soc", "features": ["voltage_V"]})}
    assert "baseline" not in kinds
    assert "baseline" not in {task.kind for task in expand(testing={"baseline": False})}


def test_task_ids_are_safe_for_many_trials() -> None:
    tasks = expand(training={"learning_rate": [k / 1e4 for k in range(1, 1200)], "schedule": "constant"})
    assert all(is_safe_id(task.task_id) for task in tasks)
    assert len({task.task_id for task in tasks}) == len(tasks)
