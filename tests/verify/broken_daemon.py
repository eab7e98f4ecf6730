"""The verification notices a broken daemon: its recorded answers are replayed with one of them wrong.

These tests belong to `tests/test_job_container_migration.py`, whose single run of all checks they share.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.verify.recordings import RecordedCall, RecordedVerification, record_verification, with_answer
from vestim_core.spec.errors import not_found
from vestim_core.verify.job_life_checks import JOB_LIFE_GROUP
from vestim_core.verify.legacy_model_checks import LEGACY_MODEL_GROUP
from vestim_core.verify.legacy_rest_checks import LEGACY_REST_GROUP
from vestim_core.verify.public_interface import Answer

Alter = Callable[[RecordedCall], RecordedCall]
PATHS = [name for name in LEGACY_REST_GROUP.checks if re.match("(GET|POST|DELETE) /", name)]


@pytest.fixture(scope="module")
def verification(tmp_path_factory: pytest.TempPathFactory) -> RecordedVerification:
    """One recorded verification, shared by all tests."""
    return record_verification(tmp_path_factory.mktemp("verified"))


def only_in_check(check_prefix: str, alter: Alter, *subject: str) -> Alter:
    """Alter the answers to the checks with this prefix, only those of one subject where it is given."""

    def alter_matching(call: RecordedCall) -> RecordedCall:
        is_match = call.check.startswith(check_prefix) and call.subject[: len(subject)] == subject
        return alter(call) if is_match else call

    return alter_matching


def failed_checks(verification: RecordedVerification, title: str, alter: Alter) -> dict[str, str]:
    """Failed checks and their reasons."""
    return {check: result.reason for check, result in verification.replay(title, alter).items() if not result.passed}


@pytest.mark.parametrize("title", [JOB_LIFE_GROUP.title, LEGACY_MODEL_GROUP.title, LEGACY_REST_GROUP.title])
def test_unaltered_answers_pass_again(verification: RecordedVerification, title: str) -> None:
    assert failed_checks(verification, title, lambda call: call) == {}


# --- legacy paths


def is_request_to(path: str) -> Callable[[RecordedCall], bool]:
    """Predicate for answered requests to the path that a check is named after."""
    pattern = re.sub(r"\{[a-z_]+\}", "[^/]+", path)

    def is_request(call: RecordedCall) -> bool:
        return (
            call.method == "rest"
            and call.check == path
            and re.fullmatch(pattern, f"{call.arguments[0]} {call.arguments[1]}") is not None
            and call.answer.status == 200
        )

    return is_request


def test_every_legacy_path_is_checked() -> None:
    from vestim_core.gateway.legacy_routes import legacy_router

    offered_paths = {
        f"{verb} {route.path}"
        for route in legacy_router(UnusedPool()).routes  # type: ignore[arg-type]
        for verb in route.methods  # type: ignore[attr-defined]
    }
    assert set(PATHS) == offered_paths


class UnusedPool:
    """Stands in for a `ClientPool`, which must not be called."""

    def call(self, method: str, params: dict[str, Any]) -> Any:
        raise AssertionError(method)


@pytest.mark.parametrize("path", PATHS)
def test_missing_path_is_noticed(verification: RecordedVerification, path: str) -> None:
    not_found_answer = Answer(404, {"detail": "there is no such path"})
    failures = failed_checks(
        verification,
        LEGACY_REST_GROUP.title,
        lambda call: replace(call, answer=not_found_answer) if is_request_to(path)(call) else call,
    )
    assert "404" in failures[path] or "no such path" in failures[path]
    has_dependents = path in {"POST /jobs", "POST /jobs/process-and-create", "POST /tasks/{task}/stop"}
    assert has_dependents or list(failures) == [path], "nobody else was told anything wrong"


@pytest.mark.parametrize("path", PATHS)
def test_missing_field_is_noticed(verification: RecordedVerification, path: str) -> None:
    is_request = is_request_to(path)
    recorded = next(call for call in verification.recordings[LEGACY_REST_GROUP.title] if is_request(call))
    for name in recorded.answer.body if isinstance(recorded.answer.body, dict) else recorded.answer.body[0]:
        failures = failed_checks(
            verification,
            LEGACY_REST_GROUP.title,
            lambda call, name=name: without_field(call, name) if is_request(call) else call,
        )
        assert path in failures, name
        assert name in failures[path] or "fields" in failures[path]


def without_field(call: RecordedCall, name: str) -> RecordedCall:
    body = call.answer.body
    if isinstance(body, list):
        body_without: Any = [{key: value for key, value in item.items() if key != name} for item in body]
    else:
        body_without = {key: value for key, value in body.items() if key != name}
    return replace(call, answer=replace(call.answer, body=body_without))


def with_path_answer(path: str, **changes: Any) -> Alter:
    return lambda call: with_answer(call, **changes) if is_request_to(path)(call) else call


@pytest.mark.parametrize(
    ("check", "alter"),
    [
        ("No path", only_in_check("No path", lambda call: replace(call, answer=Answer(200, {})))),
        ("GET /health", with_path_answer("GET /health", status="broken")),
        ("POST /jobs", only_in_check("POST /jobs", lambda call: replace(call, answer=False), "is_folder")),
        ("GET /jobs", with_path_answer("GET /jobs/{job_id}/status", status="error")),
        ("GET /jobs", with_path_answer("GET /jobs/{job_id}/tasks/{task_id}/status", status="pending")),
        ("GET /server/status", with_path_answer("GET /server/status", running_tasks=0)),
        ("POST /jobs/{job_id}/setup", with_path_answer("POST /jobs/{job_id}/setup-training", task_count=7)),
        ("POST /tasks/start", with_path_answer("POST /tasks/start", task_id="another")),
        (
            "POST /jobs/{job_id}/stop",
            only_in_check("POST /jobs/{job_id}/stop", lambda a: with_status(a, "training"), "rest", "GET"),
        ),
        (
            "POST /tasks/stop_all",
            only_in_check("POST /tasks/stop_all", lambda a: with_status(a, "training"), "rest", "GET"),
        ),
        (
            "POST /jobs/clear",
            only_in_check("POST /jobs/clear", lambda a: with_answer(a, best=None), "call", "show_job"),
        ),
        ("DELETE", only_in_check("DELETE", lambda call: replace(call, answer=True), "is_folder")),
        ("DELETE", only_in_check("DELETE", lambda call: replace(call, error=None, answer={}), "call", "show_job")),
        (
            "POST /server",
            only_in_check("POST /server", lambda call: replace(call, answer=False), "wait_for_gateway_end"),
        ),
        (
            "Afterwards",
            only_in_check("Afterwards", lambda call: replace(call, answer=["a worker"]), "remaining_processes"),
        ),
        ("Afterwards", only_in_check("Afterwards", lambda call: replace(call, answer=True), "is_daemon_alive")),
    ],
)
def test_wrong_answer_of_a_path_is_noticed(verification: RecordedVerification, check: str, alter: Alter) -> None:
    failures = failed_checks(verification, LEGACY_REST_GROUP.title, alter)
    assert failures and all(name.startswith(check) for name in failures), failures
    assert not any("the check itself" in reason for reason in failures.values()), failures


def with_status(call: RecordedCall, word: str) -> RecordedCall:
    return with_answer(call, status=word) if isinstance(call.answer.body, dict) else call


# --- the life of a job


def change_tasks(kind: str, /, **changes: Any) -> Alter:
    """Change the tasks of a kind in an answer, or all tasks for an empty kind."""

    def alter(call: RecordedCall) -> RecordedCall:
        tasks = [{**task, **changes} if kind in task["kind"] else task for task in call.answer["tasks"]]
        return with_answer(call, tasks=tasks)

    return alter


def change_managers(phase: str, **changes: Any) -> Alter:
    """Change one manager in an answer."""

    def alter(call: RecordedCall) -> RecordedCall:
        managers = [
            {**manager, **changes} if manager["phase"] == phase else manager for manager in call.answer["managers"]
        ]
        return with_answer(call, managers=managers)

    return alter


def change_events(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Alter:
    """Change or remove events in an answer."""

    def alter(call: RecordedCall) -> RecordedCall:
        (stream,) = call.answer["streams"]
        events = [changed_event for event in stream["events"] if (changed_event := change(event)) is not None]
        return with_answer(call, streams=[{**stream, "events": events}])

    return alter


def change_epochs(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Change every epoch event."""
    data = {name: value for name, value in changes.items() if name == "epoch"}
    return lambda event: {**event, **changes, "data": {**event["data"], **data}} if event["kind"] == "epoch" else event


def replace_answer(value: Any) -> Alter:
    return lambda call: replace(call, answer=value)


def accept_refused_call(call: RecordedCall) -> RecordedCall:
    return replace(call, error=None, answer={}) if call.error else call


SHOW_JOB = ("call", "show_job")
LIFE_FAULTS: list[tuple[str, Alter, tuple[str, ...]]] = [
    ("It is created", lambda call: with_answer(call, state="queued"), SHOW_JOB),
    ("It is created", lambda call: with_answer(call, problems=[]), SHOW_JOB),
    ("It is created", lambda call: with_answer(call, jobs=[]), ("call", "list_jobs")),
    ("Its data", lambda call: with_answer(call, spec={"data": {}}), SHOW_JOB),
    ("Its data", lambda call: with_answer(call, problems=[{"message": "something"}]), SHOW_JOB),
    ("Its data", change_managers("hyperparameters", state="waiting"), SHOW_JOB),
    ("Its tasks", lambda call: with_answer(call, trial_count=3), ("call", "setup_training_tasks")),
    ("Its tasks", change_tasks("test", kind="train"), SHOW_JOB),
    ("It starts", lambda call: with_answer(call, state="draft"), ("call", "start")),
    ("It starts", accept_refused_call, ("call", "save_hyperparameters")),
    ("It is trained", change_tasks("train", state="ready"), SHOW_JOB),
    ("It is trained", replace_answer(False), ("is_tree_alive",)),
    ("It is trained", change_events(lambda event: None if event["kind"] == "epoch" else event), ("call", "wait")),
    ("Its progress", lambda call: with_answer(call, fraction=0.0), SHOW_JOB),
    ("Its progress", lambda call: with_answer(call, phase="testing"), SHOW_JOB),
    ("Its progress", change_managers("training", state="waiting"), SHOW_JOB),
    ("Its progress", change_tasks("train", progress={"epoch": 1, "max_epochs": 2}), SHOW_JOB),
    ("A client", change_events(lambda event: None if event["seq"] % 7 == 0 else event), ("call", "wait")),
    ("A client", change_tasks("train", pid=0), SHOW_JOB),
    ("It stops", change_tasks("train", has_model=False), SHOW_JOB),
    ("It stops", replace_answer(True), ("is_tree_alive",)),
    ("It stops", change_events(lambda event: None if event["kind"] == "job" else event), ("call", "wait")),
    ("It stops", lambda call: with_answer(call, artifacts=[]), ("call", "list_artifacts")),
    ("It resumes", change_events(change_epochs(epoch=1)), ("call", "wait")),
    ("It resumes", change_events(change_epochs(attempt=1)), ("call", "wait")),
    ("It is tested", change_tasks("test", state="skipped"), SHOW_JOB),
    ("It is tested", change_tasks("evaluation", state="failed"), SHOW_JOB),
    ("It is tested", lambda call: with_answer(call, best=None), SHOW_JOB),
    ("It is tested", lambda call: with_answer(call, data=b"one line"), ("call", "read_artifact")),
    ("It is deleted", lambda call: with_answer(call, deleted=False), ("call", "delete")),
    ("It is deleted", replace_answer(True), ("is_folder",)),
    ("It is deleted", accept_refused_call, SHOW_JOB),
    ("It is deleted", change_events(lambda event: {**event, "summary": {}}), ("call", "wait")),
    ("Nothing that ran", replace_answer(True), ("is_tree_alive",)),
]


@pytest.mark.parametrize(("check", "alter", "subject"), LIFE_FAULTS)
def test_fault_in_the_life_of_a_job_is_noticed(
    verification: RecordedVerification, check: str, alter: Alter, subject: tuple[str, ...]
) -> None:
    failures = failed_checks(verification, JOB_LIFE_GROUP.title, only_in_check(check, alter, *subject))
    dependents = ("A client",) if check == "It is trained" else ()  # a check that saw no epoch cannot continue from one
    assert failures and all(name.startswith((check, *dependents)) for name in failures), failures
    assert not any("the check itself" in reason for reason in failures.values()), failures


def test_training_inside_the_daemon_is_noticed(verification: RecordedVerification) -> None:
    show_calls = [
        call
        for call in verification.recordings[JOB_LIFE_GROUP.title]
        if call.check.startswith("It is trained") and call.subject == SHOW_JOB
    ]
    pid = next(task["pid"] for call in show_calls for task in call.answer["tasks"] if task["pid"])
    alter = only_in_check("It is trained", lambda call: with_answer(call, pid=pid), "call", "daemon_status")
    ((check, reason),) = failed_checks(verification, JOB_LIFE_GROUP.title, alter).items()
    assert check.startswith("It is trained") and "in the service itself" in reason


def test_without_a_job_every_check_fails(verification: RecordedVerification) -> None:
    error = not_found("the service is out of order")
    failures = failed_checks(
        verification,
        JOB_LIFE_GROUP.title,
        lambda call: replace(call, error=error) if call.subject[:2] == ("call", "create_job") else call,
    )
    assert len(failures) == len(JOB_LIFE_GROUP.checks)
    assert [reason for reason in failures.values() if "out of order" in reason] == [next(iter(failures.values()))]


# --- a legacy model


def shift_prediction(call: RecordedCall) -> RecordedCall:
    lines = call.answer["data"].decode().splitlines()
    cells = lines[7].split(",")
    lines[7] = ",".join([*cells[:2], str(float(cells[2]) + 0.001), *cells[3:]])
    return with_answer(call, data="\n".join(lines).encode())


@pytest.mark.parametrize(
    ("check", "alter", "subject"),
    [
        ("It comes in", lambda call: with_answer(call, imported=[]), ("call", "import_legacy")),
        ("It comes in", lambda call: with_answer(call, imported=without_models(call)), ("call", "import_legacy")),
        ("It comes in", lambda call: with_answer(call, state="failed"), SHOW_JOB),
        ("It gives", shift_prediction, ("call", "read_artifact")),
        ("It gives", lambda call: with_answer(call, artifacts=[]), ("call", "list_artifacts")),
    ],
)
def test_badly_imported_model_is_noticed(
    verification: RecordedVerification, check: str, alter: Alter, subject: tuple[str, ...]
) -> None:
    ((name, reason),) = failed_checks(
        verification, LEGACY_MODEL_GROUP.title, only_in_check(check, alter, *subject)
    ).items()
    assert name.startswith(check) and "the check itself" not in reason


def without_models(call: RecordedCall) -> list[dict[str, Any]]:
    return [{**job, "models": 0} for job in call.answer["imported"]]
