"""Data sets in registry and folder, the effect of checks, and their use in jobs; without a worker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.job_services import open_service
from tests.spec.documents import job_document
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.job_service import JobService
from vestim_core.spec.data_set import DataSetContent, DataSetFile
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import AttemptState, Intent, JobState, TaskState
from vestim_core.system import write_json

MAX_BYTES = 1 << 20  # more than any reply in these tests


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


@pytest.fixture
def spec(tmp_path: Path) -> dict[str, Any]:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").touch()
    return {"train": [str(tmp_path / "a.csv")], "validation": [str(tmp_path / "b.csv")]}


def content_of(spec: dict[str, Any], hash_digit: str = "0") -> DataSetContent:
    return DataSetContent(
        files=[
            DataSetFile(path=path, role=role, sha256=hash_digit * 64, rows=10, duration_s=9.0)
            for role in ("train", "validation")
            for path in spec[role]
        ]
    )


def end_check(
    service: JobService,
    inspection_id: str,
    state: JobState = JobState.DONE,
    answer: Any = None,
    error: VestimError | None = None,
) -> None:
    """End the check with this state, answer and error."""
    manager = service.manager
    container = manager.get(inspection_id)
    with manager.unit_of_work():
        container.create_attempt("inspect_1")
        if answer is not None:
            result = manager.folder(inspection_id).result("inspect_1")
            result.mkdir(parents=True)
            write_json(result / "answer.json", answer)
        attempt_state = {JobState.DONE: "finished", JobState.FAILED: "failed", JobState.STOPPED: "stopped"}[state]
        container.record_attempt_end("inspect_1", AttemptState(attempt_state), error)
        container.set_task_state("inspect_1", TaskState(state.value))
        container.set_state(JobState.RUNNING)
        container.set_state(state)
        manager.persist_job_container(container)


def save_checked(service: JobService, spec: dict[str, Any], name: str = "cells", hash_digit: str = "0") -> str:
    """Save a data set and end its check; returns its id."""
    with service.manager.unit_of_work():
        answer = service.save_data_set(name, spec)
    end_check(service, answer["inspection_id"], answer=content_of(spec, hash_digit).model_dump(mode="json"))
    return str(answer["data_set_id"])


def refusal(call: Any) -> VestimError:
    with pytest.raises(VestimError) as caught:
        call()
    assert "\n" not in caught.value.message
    return caught.value


def rows_of(registry: Registry, after_seq: int = 0) -> list[tuple[str, str]]:
    rows, _ = registry.read_data_sets(after_seq, 1000, MAX_BYTES)
    assert [row["seq"] for row in rows] == sorted({row["seq"] for row in rows})
    return [(row["data_set_id"], row["summary"]["state"] if row["summary"] else "gone") for row in rows]


def files_on_disk(service: JobService) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in service.manager.home.data_sets.glob("*.json")}


def test_a_check_makes_a_data_set_ready(service: JobService, spec: dict[str, Any]) -> None:
    answer = service.save_data_set("  cells ", spec)
    assert answer["state"] == "checking" and answer["name"] == "cells"
    inspection = service.manager.get(answer["inspection_id"])
    assert inspection.document["action"] == "check_data_set"
    assert service.list_jobs()["jobs"] == [], "the check is no job"
    end_check(service, answer["inspection_id"], answer=content_of(spec).model_dump(mode="json"))
    for id_or_name in ("cells", answer["data_set_id"]):
        status = service.show_data_set(id_or_name)
        assert (status["state"], status["inspection_id"], status["rows"]) == ("ready", "", 20)
        assert [file["role"] for file in status["content"]["files"]] == ["train", "validation"]
    assert files_on_disk(service)[answer["data_set_id"]]["state"] == "ready"


def test_every_change_is_published_once_in_order(service: JobService, spec: dict[str, Any]) -> None:
    notified_ids: list[str] = []
    service.manager.on_change = notified_ids.append
    first = save_checked(service, spec)
    second = save_checked(service, spec, "others")
    registry = service.manager.registry
    assert rows_of(registry) == [(first, "ready"), (second, "ready")]
    last_seq = registry.read_data_sets(0, 1000, MAX_BYTES)[0][-1]["seq"]
    service.rename_data_set(first, "renamed")
    assert rows_of(registry, last_seq) == [(first, "ready")]
    service.delete_data_set(second)
    assert rows_of(registry, last_seq) == [(first, "ready"), (second, "gone")]
    assert {first, second} <= set(notified_ids)
    assert registry.read_catalog(0, 100, MAX_BYTES)[0] == [], "the catalog of jobs knows nothing of it"
    assert set(files_on_disk(service)) == {first}


def test_names_are_unique(service: JobService, spec: dict[str, Any]) -> None:
    first = save_checked(service, spec)
    second = save_checked(service, spec, "others")
    assert "already" in refusal(lambda: service.save_data_set("cells", spec)).message
    assert refusal(lambda: service.rename_data_set(second, "cells")).code is ErrorCode.REFUSED
    assert refusal(lambda: service.rename_data_set(second, "  ")).location == "name"
    assert "looks like an id" in refusal(lambda: service.rename_data_set(second, first)).message
    assert service.rename_data_set(second, "others")["name"] == "others", "its own name is no other's"
    service.delete_data_set(first)
    assert service.rename_data_set(second, "cells")["name"] == "cells"
    for call in (service.show_data_set, service.check_data_set, service.delete_data_set):
        assert refusal(lambda call=call: call("nobody")).code is ErrorCode.NOT_FOUND  # type: ignore[misc]
    assert refusal(lambda: service.save_data_set("x", {"train": ["a"]})).code is ErrorCode.WRONG_INPUT


def test_a_rollback_undoes_all_changes(service: JobService, spec: dict[str, Any]) -> None:
    first = save_checked(service, spec)
    expected_state = (rows_of(service.manager.registry), files_on_disk(service), service.show_data_set(first))
    with pytest.raises(ZeroDivisionError), service.manager.unit_of_work():
        service.rename_data_set(first, "never")
        service.save_data_set("never either", spec)
        1 / 0  # noqa: B018
    with pytest.raises(ZeroDivisionError), service.manager.unit_of_work():
        service.delete_data_set(first)
        1 / 0  # noqa: B018
    assert service.manager.data_sets.publish_changes() == [], "nobody hears of it"
    assert (rows_of(service.manager.registry), files_on_disk(service), service.show_data_set(first)) == expected_state
    assert not service.manager.job_containers


def test_a_failed_check_gives_its_reason_and_blocks_jobs(service: JobService, spec: dict[str, Any]) -> None:
    first = save_checked(service, spec)
    answer = service.check_data_set(first)
    missing = VestimError(ErrorCode.NOT_FOUND, '"a.csv" does not exist: correct the path or remove it.')
    assert "is being checked" in refusal(lambda: service.submit(job_document(data={"data_set": "cells"}))).message
    end_check(service, answer["inspection_id"], JobState.FAILED, error=missing)
    status = service.show_data_set(first)
    assert status["state"] == "failed" and status["error"]["message"] == missing.message
    error = refusal(lambda: service.submit(job_document(data={"data_set": "cells"})))
    assert missing.message in error.message and error.location == "data.data_set"
    end_check(service, service.check_data_set(first)["inspection_id"], JobState.STOPPED)
    status = service.show_data_set(first)
    assert (status["state"], status["error"]["message"]) == ("failed", missing.message), "nothing is well again yet"
    next_check = service.check_data_set(first)
    end_check(service, next_check["inspection_id"], answer=content_of(spec, "1").model_dump(mode="json"))
    status = service.show_data_set(first)
    assert status["error"] is None and len(status["changes"]) == 2


def test_a_stopped_check_keeps_the_earlier_content(service: JobService, spec: dict[str, Any]) -> None:
    first = save_checked(service, spec)
    end_check(service, service.check_data_set(first)["inspection_id"], JobState.STOPPED)
    assert service.show_data_set(first)["state"] == "ready"
    new = service.save_data_set("new", spec)
    end_check(service, new["inspection_id"], JobState.STOPPED)
    assert "stopped" in service.show_data_set("new")["error"]["message"]
    changed = service.save_data_set("cells", {**spec, "test": ["/x"]}, first)
    end_check(service, changed["inspection_id"], JobState.STOPPED)
    assert service.show_data_set(first)["state"] == "failed", "what was known was of other files"


def test_the_newest_check_counts(service: JobService, spec: dict[str, Any]) -> None:
    first = service.save_data_set("cells", spec)
    second = service.check_data_set("cells")
    assert service.manager.get(first["inspection_id"]).intent is Intent.STOP
    end_check(service, first["inspection_id"], answer=content_of(spec, "1").model_dump(mode="json"))
    assert service.show_data_set("cells")["state"] == "checking"
    end_check(service, second["inspection_id"], answer=content_of(spec, "2").model_dump(mode="json"))
    assert service.show_data_set("cells")["content"]["files"][0]["sha256"] == "2" * 64
    third = service.check_data_set("cells")
    service.delete_data_set("cells")
    assert service.manager.get(third["inspection_id"]).intent is Intent.STOP
    end_check(service, third["inspection_id"], answer=content_of(spec).model_dump(mode="json"))
    assert service.list_data_sets()["data_sets"] == []


@pytest.mark.parametrize("answer", [None, {"files": []}, {"files": "x"}, []])
def test_a_lost_answer_requires_a_new_check(service: JobService, spec: dict[str, Any], answer: Any) -> None:
    reply = service.save_data_set("cells", spec)
    end_check(service, reply["inspection_id"], answer=answer)
    assert "check it again" in service.show_data_set("cells")["error"]["message"]


def test_a_job_uses_the_content_at_its_start(service: JobService, spec: dict[str, Any]) -> None:
    first = save_checked(service, spec, hash_digit="1")
    draft = service.create_job("draft", job_document(data={"data_set": first}))["job_id"]
    assert service.setup_training_tasks(draft)["trial_count"] == 1
    assert service.manager.get(draft).document["data"] == {"data_set": first}
    service.rename_data_set(first, "renamed")
    end_check(
        service,
        service.check_data_set(first)["inspection_id"],
        answer=content_of(spec, "2").model_dump(mode="json"),
    )
    service.start(draft)
    container = service.manager.get(draft)
    expected_data = content_of(spec, "2").to_data("renamed")
    job_json = json.loads(service.manager.folder(draft).job_json.read_text())
    assert job_json["spec"]["data"] == expected_data
    assert job_json["provenance"]["data_set"]["data_set_id"] == first
    assert container.tasks["prepare_1"].document["data"]["hashes"] == expected_data["hashes"]
    service.save_data_set("renamed", {**spec, "test": ["/x"]}, first)
    service.delete_data_set(first)
    assert service.manager.get(draft).document["data"] == expected_data
    second_id = service.submit(container.document)["job_id"]
    assert service.manager.get(second_id).document["data"] == expected_data, "a copy of a job has the same files"
    error = refusal(lambda: service.submit(job_document(data={"data_set": "renamed"})))
    assert "there is no data set 'renamed'" in error.message and "vestim data list" in error.message


def test_a_missing_file_prevents_the_job(service: JobService, spec: dict[str, Any]) -> None:
    save_checked(service, spec)
    Path(spec["train"][0]).unlink()
    error = refusal(lambda: service.submit(job_document(data={"data_set": "cells"})))
    assert spec["train"][0] in error.message and "check data set 'cells' again" in error.message
    assert service.list_jobs()["jobs"] == []


def test_data_sets_are_rebuilt_from_the_folder(service: JobService, spec: dict[str, Any], tmp_path: Path) -> None:
    first, second = save_checked(service, spec), save_checked(service, spec, "others", "7")
    unchecked = service.save_data_set("open", spec)
    job_id = service.submit(job_document(data={"data_set": "cells"}))["job_id"]
    expected_states = {data_set_id: service.show_data_set(data_set_id) for data_set_id in (first, second)}
    folder = service.manager.home.data_sets
    (folder / "ds_20260101-000000-zzzz.json").write_text("{")
    (folder / f"{first}x.json").write_text((folder / f"{first}.json").read_text())
    registry = Registry(tmp_path / "new.sqlite")
    manager = JobManager(service.manager.home, registry)
    from vestim_core.jobs.registry_rebuild import rebuild

    problems = rebuild(manager)
    assert len(problems) == 2 and all("left as it is" in problem for problem in problems)
    rebuilt_service = JobService(manager)
    assert {
        data_set_id: rebuilt_service.show_data_set(data_set_id) for data_set_id in expected_states
    } == expected_states
    assert manager.get(job_id).provenance["data_set"]["name"] == "cells"
    manager.data_sets.recover()
    interrupted = rebuilt_service.show_data_set(unchecked["data_set_id"])
    assert interrupted["state"] == "failed" and "cut short" in interrupted["error"]["message"]
    assert (folder / "ds_20260101-000000-zzzz.json").read_text() == "{", "what is not ours is left alone"


def test_changes_interrupted_by_a_crash_are_completed(service: JobService, spec: dict[str, Any]) -> None:
    kept_id, deleted_id = save_checked(service, spec), save_checked(service, spec, "gone")
    folder = service.manager.home.data_sets
    stale_text = (folder / f"{deleted_id}.json").read_text()
    service.delete_data_set(deleted_id)
    (folder / f"{deleted_id}.json").write_text(stale_text)
    (folder / f"{kept_id}.json").unlink()
    second_service = open_service(service.manager.home.root)
    second_service.manager.data_sets.recover()
    assert set(files_on_disk(second_service)) == {kept_id}
    checking = second_service.check_data_set(kept_id)["inspection_id"]
    third_service = open_service(service.manager.home.root)
    third_service.manager.data_sets.recover()
    assert third_service.show_data_set(kept_id)["inspection_id"] == checking, "its worker is still to come"


def test_an_unwritable_folder_loses_nothing(service: JobService, spec: dict[str, Any]) -> None:
    folder = service.manager.home.data_sets
    folder.write_text("in the way")
    first = save_checked(service, spec)
    assert service.show_data_set(first)["state"] == "ready"
    folder.unlink()
    service.manager.data_sets.recover()
    assert set(files_on_disk(service)) == {first}
