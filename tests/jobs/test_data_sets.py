"""Data sets in registry and folder, what a check makes of them, and what jobs take from them; without a worker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.homes import open_service
from tests.spec.documents import document
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.registry import Registry
from vestim_core.jobs.service import JobService
from vestim_core.spec.data_set import DataSetContent, DataSetFile
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import AttemptState, Intent, JobState, TaskState
from vestim_core.system import write_json

BIG = 1 << 20


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


@pytest.fixture
def spec(tmp_path: Path) -> dict[str, Any]:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").touch()
    return {"train": [str(tmp_path / "a.csv")], "validation": [str(tmp_path / "b.csv")]}


def content_of(spec: dict[str, Any], mark: str = "0") -> DataSetContent:
    return DataSetContent(
        files=[
            DataSetFile(path=path, role=role, sha256=mark * 64, rows=10, duration_s=9.0)
            for role in ("train", "validation")
            for path in spec[role]
        ]
    )


def ends(
    service: JobService,
    inspection_id: str,
    state: JobState = JobState.DONE,
    answer: Any = None,
    error: VestimError | None = None,
) -> None:
    """Let the check end like that."""
    manager = service.manager
    container = manager.get(inspection_id)
    with manager.unit():
        container.new_attempt("inspect_1")
        if answer is not None:
            result = manager.folder(inspection_id).result("inspect_1")
            result.mkdir(parents=True)
            write_json(result / "answer.json", answer)
        ended = {JobState.DONE: "finished", JobState.FAILED: "failed", JobState.STOPPED: "stopped"}[state]
        container.attempt_ended("inspect_1", AttemptState(ended), error)
        container.set_task_state("inspect_1", TaskState(state.value))
        container.set_state(JobState.RUNNING)
        container.set_state(state)
        manager.persist_job_container(container)


def saved(service: JobService, spec: dict[str, Any], name: str = "cells", mark: str = "0") -> str:
    """A data set that has been checked; its id."""
    with service.manager.unit():
        answer = service.save_data_set(name, spec)
    ends(service, answer["inspection_id"], answer=content_of(spec, mark).model_dump(mode="json"))
    return str(answer["data_set_id"])


def refusal(act: Any) -> VestimError:
    with pytest.raises(VestimError) as caught:
        act()
    assert "\n" not in caught.value.sentence
    return caught.value


def rows_of(registry: Registry, after: int = 0) -> list[tuple[str, str]]:
    rows, _ = registry.read_data_sets(after, 1000, BIG)
    assert [row["seq"] for row in rows] == sorted({row["seq"] for row in rows})
    return [(row["data_set_id"], row["summary"]["state"] if row["summary"] else "gone") for row in rows]


def on_disk(service: JobService) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in service.manager.home.data_sets.glob("*.json")}


def test_a_check_makes_a_data_set_ready(service: JobService, spec: dict[str, Any]) -> None:
    answer = service.save_data_set("  cells ", spec)
    assert answer["state"] == "checking" and answer["name"] == "cells"
    inspection = service.manager.get(answer["inspection_id"])
    assert inspection.document["action"] == "check_data_set"
    assert service.list_jobs()["jobs"] == [], "the check is no job"
    ends(service, answer["inspection_id"], answer=content_of(spec).model_dump(mode="json"))
    for named in ("cells", answer["data_set_id"]):
        shown = service.show_data_set(named)
        assert (shown["state"], shown["inspection_id"], shown["rows"]) == ("ready", "", 20)
        assert [file["role"] for file in shown["content"]["files"]] == ["train", "validation"]
    assert on_disk(service)[answer["data_set_id"]]["state"] == "ready"


def test_every_change_is_told_once_in_order(service: JobService, spec: dict[str, Any]) -> None:
    heard: list[str] = []
    service.manager.on_change = heard.append
    first = saved(service, spec)
    second = saved(service, spec, "others")
    registry = service.manager.registry
    assert rows_of(registry) == [(first, "ready"), (second, "ready")]
    seen = registry.read_data_sets(0, 1000, BIG)[0][-1]["seq"]
    service.rename_data_set(first, "renamed")
    assert rows_of(registry, seen) == [(first, "ready")]
    service.delete_data_set(second)
    assert rows_of(registry, seen) == [(first, "ready"), (second, "gone")]
    assert {first, second} <= set(heard)
    assert registry.read_catalog(0, 100, BIG)[0] == [], "the catalogue of jobs knows nothing of it"
    assert set(on_disk(service)) == {first}


def test_names_are_taken_once(service: JobService, spec: dict[str, Any]) -> None:
    first = saved(service, spec)
    second = saved(service, spec, "others")
    assert "already" in refusal(lambda: service.save_data_set("cells", spec)).sentence
    assert refusal(lambda: service.rename_data_set(second, "cells")).code is ErrorCode.REFUSED
    assert refusal(lambda: service.rename_data_set(second, "  ")).place == "name"
    assert "looks like an id" in refusal(lambda: service.rename_data_set(second, first)).sentence
    assert service.rename_data_set(second, "others")["name"] == "others", "its own name is no other's"
    service.delete_data_set(first)
    assert service.rename_data_set(second, "cells")["name"] == "cells"
    for act in (service.show_data_set, service.check_data_set, service.delete_data_set):
        assert refusal(lambda act=act: act("nobody")).code is ErrorCode.NOT_FOUND  # type: ignore[misc]
    assert refusal(lambda: service.save_data_set("x", {"train": ["a"]})).code is ErrorCode.WRONG_INPUT


def test_what_was_rolled_back_has_not_happened(service: JobService, spec: dict[str, Any]) -> None:
    first = saved(service, spec)
    before = (rows_of(service.manager.registry), on_disk(service), service.show_data_set(first))
    with pytest.raises(ZeroDivisionError), service.manager.unit():
        service.rename_data_set(first, "never")
        service.save_data_set("never either", spec)
        1 / 0  # noqa: B018
    with pytest.raises(ZeroDivisionError), service.manager.unit():
        service.delete_data_set(first)
        1 / 0  # noqa: B018
    assert service.manager.data_sets.tell() == [], "nobody hears of it"
    assert (rows_of(service.manager.registry), on_disk(service), service.show_data_set(first)) == before
    assert not service.manager.job_containers


def test_a_check_that_fails_says_why_and_stops_jobs(service: JobService, spec: dict[str, Any]) -> None:
    first = saved(service, spec)
    answer = service.check_data_set(first)
    gone = VestimError(ErrorCode.NOT_FOUND, '"a.csv" does not exist: correct the path or remove it.')
    assert "is being checked" in refusal(lambda: service.submit(document(data={"data_set": "cells"}))).sentence
    ends(service, answer["inspection_id"], JobState.FAILED, error=gone)
    shown = service.show_data_set(first)
    assert shown["state"] == "failed" and shown["error"]["message"] == gone.sentence
    error = refusal(lambda: service.submit(document(data={"data_set": "cells"})))
    assert gone.sentence in error.sentence and error.place == "data.data_set"
    ends(service, service.check_data_set(first)["inspection_id"], JobState.STOPPED)
    shown = service.show_data_set(first)
    assert (shown["state"], shown["error"]["message"]) == ("failed", gone.sentence), "nothing is well again yet"
    again = service.check_data_set(first)
    ends(service, again["inspection_id"], answer=content_of(spec, "1").model_dump(mode="json"))
    shown = service.show_data_set(first)
    assert shown["error"] is None and len(shown["changes"]) == 2


def test_a_check_that_was_stopped_leaves_what_was_known(service: JobService, spec: dict[str, Any]) -> None:
    first = saved(service, spec)
    ends(service, service.check_data_set(first)["inspection_id"], JobState.STOPPED)
    assert service.show_data_set(first)["state"] == "ready"
    new = service.save_data_set("new", spec)
    ends(service, new["inspection_id"], JobState.STOPPED)
    assert "stopped" in service.show_data_set("new")["error"]["message"]
    changed = service.save_data_set("cells", {**spec, "test": ["/x"]}, first)
    ends(service, changed["inspection_id"], JobState.STOPPED)
    assert service.show_data_set(first)["state"] == "failed", "what was known was of other files"


def test_the_newest_check_counts(service: JobService, spec: dict[str, Any]) -> None:
    first = service.save_data_set("cells", spec)
    second = service.check_data_set("cells")
    assert service.manager.get(first["inspection_id"]).intent is Intent.STOP
    ends(service, first["inspection_id"], answer=content_of(spec, "1").model_dump(mode="json"))
    assert service.show_data_set("cells")["state"] == "checking"
    ends(service, second["inspection_id"], answer=content_of(spec, "2").model_dump(mode="json"))
    assert service.show_data_set("cells")["content"]["files"][0]["sha256"] == "2" * 64
    third = service.check_data_set("cells")
    service.delete_data_set("cells")
    assert service.manager.get(third["inspection_id"]).intent is Intent.STOP
    ends(service, third["inspection_id"], answer=content_of(spec).model_dump(mode="json"))
    assert service.list_data_sets()["data_sets"] == []


@pytest.mark.parametrize("answer", [None, {"files": []}, {"files": "x"}, []])
def test_an_answer_that_was_lost_is_asked_for_again(service: JobService, spec: dict[str, Any], answer: Any) -> None:
    asked = service.save_data_set("cells", spec)
    ends(service, asked["inspection_id"], answer=answer)
    assert "check it again" in service.show_data_set("cells")["error"]["message"]


def test_a_job_takes_what_is_in_it_at_its_start(service: JobService, spec: dict[str, Any]) -> None:
    first = saved(service, spec, mark="1")
    draft = service.create_job("draft", document(data={"data_set": first}))["job_id"]
    assert service.setup_training_tasks(draft)["trial_count"] == 1
    assert service.manager.get(draft).document["data"] == {"data_set": first}
    service.rename_data_set(first, "renamed")
    ends(
        service,
        service.check_data_set(first)["inspection_id"],
        answer=content_of(spec, "2").model_dump(mode="json"),
    )
    service.start(draft)
    container = service.manager.get(draft)
    wanted = content_of(spec, "2").to_data("renamed")
    written = json.loads(service.manager.folder(draft).job_json.read_text())
    assert written["spec"]["data"] == wanted
    assert written["provenance"]["data_set"]["data_set_id"] == first
    assert container.tasks["prepare_1"].document["data"]["hashes"] == wanted["hashes"]
    service.save_data_set("renamed", {**spec, "test": ["/x"]}, first)
    service.delete_data_set(first)
    assert service.manager.get(draft).document["data"] == wanted
    again = service.submit(container.document)["job_id"]
    assert service.manager.get(again).document["data"] == wanted, "a copy of a job has the same files"
    error = refusal(lambda: service.submit(document(data={"data_set": "renamed"})))
    assert "there is no data set 'renamed'" in error.sentence and "vestim data list" in error.sentence


def test_a_file_that_is_gone_stops_the_job_before_it_is_made(service: JobService, spec: dict[str, Any]) -> None:
    saved(service, spec)
    Path(spec["train"][0]).unlink()
    error = refusal(lambda: service.submit(document(data={"data_set": "cells"})))
    assert spec["train"][0] in error.sentence and "check data set 'cells' again" in error.sentence
    assert service.list_jobs()["jobs"] == []


def test_the_folder_tells_all_of_it_again(service: JobService, spec: dict[str, Any], tmp_path: Path) -> None:
    first, second = saved(service, spec), saved(service, spec, "others", "7")
    open_ = service.save_data_set("open", spec)
    job_id = service.submit(document(data={"data_set": "cells"}))["job_id"]
    before = {named: service.show_data_set(named) for named in (first, second)}
    folder = service.manager.home.data_sets
    (folder / "ds_20260101-000000-zzzz.json").write_text("{")
    (folder / f"{first}x.json").write_text((folder / f"{first}.json").read_text())
    registry = Registry(tmp_path / "new.sqlite")
    manager = JobManager(service.manager.home, registry)
    from vestim_core.jobs.rebuild import rebuild

    problems = rebuild(manager)
    assert len(problems) == 2 and all("left as it is" in problem for problem in problems)
    again = JobService(manager)
    assert {named: again.show_data_set(named) for named in before} == before
    assert manager.get(job_id).provenance["data_set"]["name"] == "cells"
    manager.data_sets.settle()
    cut = again.show_data_set(open_["data_set_id"])
    assert cut["state"] == "failed" and "cut short" in cut["error"]["message"]
    assert (folder / "ds_20260101-000000-zzzz.json").read_text() == "{", "what is not ours is left alone"


def test_a_daemon_that_died_half_way_is_tidied_up_after(service: JobService, spec: dict[str, Any]) -> None:
    kept, gone = saved(service, spec), saved(service, spec, "gone")
    folder = service.manager.home.data_sets
    stale = (folder / f"{gone}.json").read_text()
    service.delete_data_set(gone)
    (folder / f"{gone}.json").write_text(stale)
    (folder / f"{kept}.json").unlink()
    later = open_service(service.manager.home.root)
    later.manager.data_sets.settle()
    assert set(on_disk(later)) == {kept}
    checking = later.check_data_set(kept)["inspection_id"]
    third = open_service(service.manager.home.root)
    third.manager.data_sets.settle()
    assert third.show_data_set(kept)["inspection_id"] == checking, "its worker is still to come"


def test_a_folder_that_cannot_be_written_loses_nothing(service: JobService, spec: dict[str, Any]) -> None:
    folder = service.manager.home.data_sets
    folder.write_text("in the way")
    first = saved(service, spec)
    assert service.show_data_set(first)["state"] == "ready"
    folder.unlink()
    service.manager.data_sets.settle()
    assert set(on_disk(service)) == {first}
