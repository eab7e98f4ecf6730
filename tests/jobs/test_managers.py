"""The managers of a job: registered once, reporting missing input, counting tasks."""

from __future__ import annotations

import inspect
import json

import pytest

from tests.jobs.test_container import new_container
from tests.spec.documents import DATA, job_document
from vestim_core.jobs import managers
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.managers import MANAGERS, Manager, new_managers
from vestim_core.jobs.managers.data_import import MAX_FINDINGS, DataImportManager
from vestim_core.jobs.managers.testing import headline_metric
from vestim_core.protocol.journal_lines import JournalLine
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState, JobState, Phase, PhaseState, TaskState


def test_every_phase_has_one_manager_of_its_own_class() -> None:
    assert list(new_managers()) == list(Phase)
    assert set(MANAGERS) == set(Phase)
    kinds = {kind for _, kind in inspect.getmembers(managers, inspect.isclass) if issubclass(kind, Manager)} - {Manager}
    assert set(MANAGERS.values()) == kinds
    for phase, kind in MANAGERS.items():
        manager = kind()
        assert manager.phase is phase and manager.state is PhaseState.WAITING
        assert kind.from_record(json.loads(json.dumps(manager.to_record()))).to_record() == manager.to_record()


@pytest.mark.parametrize("phase", Phase)
def test_a_manager_follows_the_table_of_transitions(phase: Phase) -> None:
    manager = MANAGERS[phase]()
    assert manager.report(PhaseState.RUNNING, 7.0, "x") and manager.fraction == 1.0
    assert not manager.report(PhaseState.RUNNING, -1.0, "y") and manager.fraction == 0.0
    assert manager.report(PhaseState.DONE, 0.0, "") and manager.fraction == 1.0
    assert not manager.report(PhaseState.FAILED, 0.0, ""), "the table forbids it"
    assert manager.state is PhaseState.DONE


def phase_state(container: JobContainer, phase: Phase) -> PhaseState:
    return container.managers[phase].state


def test_a_draft_needs_input_until_it_is_complete() -> None:
    container = JobContainer("job_1", "job_1", {}, "t")
    container.save_document({})
    assert phase_state(container, Phase.DATA_IMPORT) is PhaseState.NEEDS_INPUT
    assert phase_state(container, Phase.HYPERPARAMETERS) is PhaseState.DONE, "defaults are valid"
    container.save_document({"data": DATA, "training": {"learning_rate": -1, "patience": 0}})
    assert phase_state(container, Phase.DATA_IMPORT) is PhaseState.WAITING
    assert phase_state(container, Phase.HYPERPARAMETERS) is PhaseState.NEEDS_INPUT
    problems = container.managers[Phase.HYPERPARAMETERS].details["problems"]
    assert {problem["location"] for problem in problems} == {"training[1].learning_rate", "training[1].patience"}
    container.save_document(job_document())
    assert phase_state(container, Phase.HYPERPARAMETERS) is PhaseState.DONE
    phases = [event.data["phase"] for event in container.pending_events if event.kind is EventKind.PHASE]
    assert phases.count("hyperparameters") == 3 and phases.count("data_import") == 2


def test_a_change_of_the_draft_drops_its_tasks() -> None:
    container = new_container()
    assert container.tasks
    container.save_document(job_document(training={"repetitions": 2}))
    assert not container.tasks
    assert phase_state(container, Phase.TRAINING_SETUP) is PhaseState.WAITING


def test_training_and_testing_follow_their_tasks() -> None:
    container = new_container(training={"repetitions": 2})
    container.set_state(JobState.QUEUED)
    for task_id, rmse in [
        ("prepare_1", 0),
        ("baseline_1", 30.0),
        ("train_001", 0),
        ("train_002", 0),
        ("test_001", 20.0),
        ("test_002", 10.0),
        ("ensemble_1", 5.0),
    ]:
        if container.tasks[task_id].state is TaskState.WAITING:
            container.set_task_state(task_id, TaskState.READY)
        container.create_attempt(task_id)
        if task_id == "train_001":
            assert phase_state(container, Phase.TRAINING) is PhaseState.RUNNING
        if rmse:
            result = {"overall": {"test": {"rmse_mV": rmse}, "validation": {"rmse_mV": 1.0}}}
            container.ingest(task_id, [JournalLine("t", EventKind.RESULT, result)], 1)
        container.record_attempt_end(task_id, AttemptState.FINISHED)
        container.set_task_state(task_id, TaskState.DONE)
    assert phase_state(container, Phase.TRAINING) is PhaseState.DONE
    assert phase_state(container, Phase.TESTING) is PhaseState.DONE
    summary = container.summary()
    assert summary["best"]["task_id"] == "test_002", "an ensemble is a result of its own"
    assert summary["best"]["value"] == 10.0
    assert summary["baseline"] == {"metric": "rmse_mV", "value": 30.0}
    assert summary["fraction"] == 1.0


def test_the_headline_prefers_test_files() -> None:
    assert headline_metric({"overall": {"validation": {"rmse_mV": 2.0}}}) == ("rmse_mV", 2.0)
    both = {"validation": {"rmse_mV": 2.0}, "test": {"mae_mV": 1, "rmse_mV": 3}}
    assert headline_metric({"overall": both}) == ("rmse_mV", 3.0)
    for nonsense in ({}, {"overall": None}, {"overall": {"test": [1]}}, {"overall": {"test": {"rmse_mV": "x"}}}):
        assert headline_metric(nonsense) is None


def test_findings_are_stored_once_and_limited() -> None:
    manager = DataImportManager()
    for index in range(MAX_FINDINGS + 50):
        manager.add_finding({"code": index})
        manager.add_finding({"code": index % 3})
    assert len(manager.details["findings"]) == MAX_FINDINGS
    assert manager.details["finding_count"] == MAX_FINDINGS + 50
