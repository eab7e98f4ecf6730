"""The verification fails when a service is broken: what it was told is told again with one thing wrong.

These are tests of `tests/test_job_container_migration.py`, which has made all checks: one run serves both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.verify.recordings import Asked, Verified, verified_once, with_answer
from vestim_core.spec.errors import not_found
from vestim_core.verify.public_interface import Answer
from vestim_core.verify.legacy_rest_checks import FORMER
from vestim_core.verify.legacy_model_checks import LEGACY
from vestim_core.verify.job_life_checks import LIFE

Alter = Callable[[Asked], Asked]
PATHS = [name for name in FORMER.checks if re.match("(GET|POST|DELETE) /", name)]


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Verified:
    """The whole verification, made once for all tests that look at it."""
    return verified_once(tmp_path_factory.mktemp("verified"))


def in_check(beginning: str, alter: Alter, *subject: str) -> Alter:
    """Alter what a check is told, of one subject alone where it is named."""

    def only_there(asked: Asked) -> Asked:
        there = asked.check.startswith(beginning) and asked.subject[: len(subject)] == subject
        return alter(asked) if there else asked

    return only_there


def red(verified: Verified, title: str, alter: Alter) -> dict[str, str]:
    """The checks that fail, and why."""
    return {check: row.reason for check, row in verified.told_again(title, alter).items() if not row.passed}


@pytest.mark.parametrize("title", [LIFE.title, LEGACY.title, FORMER.title])
def test_what_a_whole_service_says_passes_again(verified: Verified, title: str) -> None:
    assert red(verified, title, lambda asked: asked) == {}


# --- the predecessor's paths


def own(path: str) -> Callable[[Asked], bool]:
    """Whether a question was to the path that a check is named after, and was answered."""
    pattern = re.sub(r"\{[a-z_]+\}", "[^/]+", path)

    def asks(asked: Asked) -> bool:
        return (
            asked.door == "rest"
            and asked.check == path
            and re.fullmatch(pattern, f"{asked.words[0]} {asked.words[1]}") is not None
            and asked.answer.status == 200
        )

    return asks


def test_every_path_of_the_predecessor_is_checked() -> None:
    from vestim_core.gateway.legacy_routes import legacy_router

    offered = {
        f"{verb} {route.path}"
        for route in legacy_router(SilentBridge()).routes  # type: ignore[arg-type]
        for verb in route.methods  # type: ignore[attr-defined]
    }
    assert set(PATHS) == offered


class SilentBridge:
    """Stands where a bridge would be; nobody crosses it."""

    def call(self, method: str, params: dict[str, Any]) -> Any:
        raise AssertionError(method)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_is_missing_is_noticed(verified: Verified, path: str) -> None:
    gone = Answer(404, {"detail": "there is no such path"})
    found = red(verified, FORMER.title, lambda asked: replace(asked, answer=gone) if own(path)(asked) else asked)
    assert "404" in found[path] or "no such path" in found[path]
    depends = path in {"POST /jobs", "POST /jobs/process-and-create", "POST /tasks/{task}/stop"}
    assert depends or list(found) == [path], "nobody else was told anything wrong"


@pytest.mark.parametrize("path", PATHS)
def test_a_field_that_is_missing_is_noticed(verified: Verified, path: str) -> None:
    asks = own(path)
    first = next(asked for asked in verified.tapes[FORMER.title] if asks(asked))
    for name in first.answer.body if isinstance(first.answer.body, dict) else first.answer.body[0]:
        found = red(verified, FORMER.title, lambda asked, name=name: without(asked, name) if asks(asked) else asked)
        assert path in found, name
        assert name in found[path] or "fields" in found[path]


def without(asked: Asked, name: str) -> Asked:
    body = asked.answer.body
    if isinstance(body, list):
        less: Any = [{key: value for key, value in one.items() if key != name} for one in body]
    else:
        less = {key: value for key, value in body.items() if key != name}
    return replace(asked, answer=replace(asked.answer, body=less))


def says(path: str, **changed: Any) -> Alter:
    return lambda asked: with_answer(asked, **changed) if own(path)(asked) else asked


@pytest.mark.parametrize(
    ("check", "alter"),
    [
        ("No path", in_check("No path", lambda asked: replace(asked, answer=Answer(200, {})))),
        ("GET /health", says("GET /health", status="broken")),
        ("POST /jobs", in_check("POST /jobs", lambda asked: replace(asked, answer=False), "is_folder")),
        ("GET /jobs", says("GET /jobs/{job_id}/status", status="error")),
        ("GET /jobs", says("GET /jobs/{job_id}/tasks/{task_id}/status", status="pending")),
        ("GET /server/status", says("GET /server/status", running_tasks=0)),
        ("POST /jobs/{job_id}/setup", says("POST /jobs/{job_id}/setup-training", task_count=7)),
        ("POST /tasks/start", says("POST /tasks/start", task_id="another")),
        (
            "POST /jobs/{job_id}/stop",
            in_check("POST /jobs/{job_id}/stop", lambda a: status(a, "training"), "rest", "GET"),
        ),
        ("POST /tasks/stop_all", in_check("POST /tasks/stop_all", lambda a: status(a, "training"), "rest", "GET")),
        ("POST /jobs/clear", in_check("POST /jobs/clear", lambda a: with_answer(a, best=None), "call", "show_job")),
        ("DELETE", in_check("DELETE", lambda asked: replace(asked, answer=True), "is_folder")),
        ("DELETE", in_check("DELETE", lambda asked: replace(asked, error=None, answer={}), "call", "show_job")),
        ("POST /server", in_check("POST /server", lambda asked: replace(asked, answer=False), "gateway_ends")),
        ("Afterwards", in_check("Afterwards", lambda asked: replace(asked, answer=["a worker"]), "left_running")),
        ("Afterwards", in_check("Afterwards", lambda asked: replace(asked, answer=True), "service_lives")),
    ],
)
def test_a_path_that_answers_something_else_is_noticed(verified: Verified, check: str, alter: Alter) -> None:
    found = red(verified, FORMER.title, alter)
    assert found and all(name.startswith(check) for name in found), found
    assert not any("the check itself" in reason for reason in found.values()), found


def status(asked: Asked, word: str) -> Asked:
    return with_answer(asked, status=word) if isinstance(asked.answer.body, dict) else asked


# --- the life of a job


def of_tasks(kind: str, /, **changed: Any) -> Alter:
    """Change what is shown of the tasks of a kind, or of all."""

    def alter(asked: Asked) -> Asked:
        tasks = [{**task, **changed} if kind in task["kind"] else task for task in asked.answer["tasks"]]
        return with_answer(asked, tasks=tasks)

    return alter


def of_managers(phase: str, **changed: Any) -> Alter:
    """Change what is shown of one manager."""

    def alter(asked: Asked) -> Asked:
        shown = [{**one, **changed} if one["phase"] == phase else one for one in asked.answer["managers"]]
        return with_answer(asked, managers=shown)

    return alter


def of_events(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Alter:
    """Change or leave out events that are told."""

    def alter(asked: Asked) -> Asked:
        (part,) = asked.answer["streams"]
        events = [changed for event in part["events"] if (changed := change(event)) is not None]
        return with_answer(asked, streams=[{**part, "events": events}])

    return alter


def epoch(**changed: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Change every event of an epoch."""
    data = {name: value for name, value in changed.items() if name == "epoch"}
    return lambda event: {**event, **changed, "data": {**event["data"], **data}} if event["kind"] == "epoch" else event


def answers(value: Any) -> Alter:
    return lambda asked: replace(asked, answer=value)


def taken(asked: Asked) -> Asked:
    return replace(asked, error=None, answer={}) if asked.error else asked


SHOW = ("call", "show_job")
LIVES: list[tuple[str, Alter, tuple[str, ...]]] = [
    ("It is created", lambda asked: with_answer(asked, state="queued"), SHOW),
    ("It is created", lambda asked: with_answer(asked, problems=[]), SHOW),
    ("It is created", lambda asked: with_answer(asked, jobs=[]), ("call", "list_jobs")),
    ("Its data", lambda asked: with_answer(asked, spec={"data": {}}), SHOW),
    ("Its data", lambda asked: with_answer(asked, problems=[{"sentence": "something"}]), SHOW),
    ("Its data", of_managers("hyperparameters", state="waiting"), SHOW),
    ("Its tasks", lambda asked: with_answer(asked, trial_count=3), ("call", "setup_training_tasks")),
    ("Its tasks", of_tasks("test", kind="train"), SHOW),
    ("It starts", lambda asked: with_answer(asked, state="draft"), ("call", "start")),
    ("It starts", taken, ("call", "save_hyperparameters")),
    ("It is trained", of_tasks("train", state="ready"), SHOW),
    ("It is trained", answers(False), ("tree_lives",)),
    ("It is trained", of_events(lambda event: None if event["kind"] == "epoch" else event), ("call", "wait")),
    ("Its progress", lambda asked: with_answer(asked, fraction=0.0), SHOW),
    ("Its progress", lambda asked: with_answer(asked, phase="testing"), SHOW),
    ("Its progress", of_managers("training", state="waiting"), SHOW),
    ("Its progress", of_tasks("train", progress={"epoch": 1, "max_epochs": 2}), SHOW),
    ("A client", of_events(lambda event: None if event["seq"] % 7 == 0 else event), ("call", "wait")),
    ("A client", of_tasks("train", pid=0), SHOW),
    ("It stops", of_tasks("train", has_model=False), SHOW),
    ("It stops", answers(True), ("tree_lives",)),
    ("It stops", of_events(lambda event: None if event["kind"] == "job" else event), ("call", "wait")),
    ("It stops", lambda asked: with_answer(asked, artifacts=[]), ("call", "list_artifacts")),
    ("It resumes", of_events(epoch(epoch=1)), ("call", "wait")),
    ("It resumes", of_events(epoch(attempt=1)), ("call", "wait")),
    ("It is tested", of_tasks("test", state="skipped"), SHOW),
    ("It is tested", of_tasks("retest", state="failed"), SHOW),
    ("It is tested", lambda asked: with_answer(asked, best=None), SHOW),
    ("It is tested", lambda asked: with_answer(asked, data=b"one line"), ("call", "read_artifact")),
    ("It is deleted", lambda asked: with_answer(asked, deleted=False), ("call", "delete")),
    ("It is deleted", answers(True), ("is_folder",)),
    ("It is deleted", taken, SHOW),
    ("It is deleted", of_events(lambda event: {**event, "summary": {}}), ("call", "wait")),
    ("Nothing that ran", answers(True), ("tree_lives",)),
]


@pytest.mark.parametrize(("check", "alter", "subject"), LIVES)
def test_a_life_that_goes_wrong_is_noticed(
    verified: Verified, check: str, alter: Alter, subject: tuple[str, ...]
) -> None:
    found = red(verified, LIFE.title, in_check(check, alter, *subject))
    follows = ("A client",) if check == "It is trained" else ()  # whoever saw no epoch cannot go on from it
    assert found and all(name.startswith((check, *follows)) for name in found), found
    assert not any("the check itself" in reason for reason in found.values()), found


def test_a_training_inside_the_service_is_noticed(verified: Verified) -> None:
    shown = [a for a in verified.tapes[LIFE.title] if a.check.startswith("It is trained") and a.subject == SHOW]
    pid = next(task["pid"] for asked in shown for task in asked.answer["tasks"] if task["pid"])
    alter = in_check("It is trained", lambda asked: with_answer(asked, pid=pid), "call", "daemon_status")
    ((check, reason),) = red(verified, LIFE.title, alter).items()
    assert check.startswith("It is trained") and "in the service itself" in reason


def test_without_a_job_everything_fails_with_that_reason(verified: Verified) -> None:
    error = not_found("the service is out of order")
    found = red(
        verified,
        LIFE.title,
        lambda asked: replace(asked, error=error) if asked.subject[:2] == ("call", "create_job") else asked,
    )
    assert len(found) == len(LIFE.checks)
    assert [reason for reason in found.values() if "out of order" in reason] == [next(iter(found.values()))]


# --- a model of the predecessor


def off_by_a_little(asked: Asked) -> Asked:
    lines = asked.answer["data"].decode().splitlines()
    cells = lines[7].split(",")
    lines[7] = ",".join([*cells[:2], str(float(cells[2]) + 0.001), *cells[3:]])
    return with_answer(asked, data="\n".join(lines).encode())


@pytest.mark.parametrize(
    ("check", "alter", "subject"),
    [
        ("It comes in", lambda asked: with_answer(asked, imported=[]), ("call", "import_legacy")),
        ("It comes in", lambda asked: with_answer(asked, imported=no_model(asked)), ("call", "import_legacy")),
        ("It comes in", lambda asked: with_answer(asked, state="failed"), SHOW),
        ("It gives", off_by_a_little, ("call", "read_artifact")),
        ("It gives", lambda asked: with_answer(asked, artifacts=[]), ("call", "list_artifacts")),
    ],
)
def test_a_model_that_came_in_badly_is_noticed(
    verified: Verified, check: str, alter: Alter, subject: tuple[str, ...]
) -> None:
    ((name, reason),) = red(verified, LEGACY.title, in_check(check, alter, *subject)).items()
    assert name.startswith(check) and "the check itself" not in reason


def no_model(asked: Asked) -> list[dict[str, Any]]:
    return [{**job, "models": 0} for job in asked.answer["imported"]]
