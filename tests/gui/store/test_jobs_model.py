"""The model of jobs follows the catalog row by row and passes Qt's own model checks at every step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PyQt6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PyQt6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, summary
from vestim_gui.store import jobs_model
from vestim_gui.store.catalog import Catalog
from vestim_gui.store.job_filter import parse_filter
from vestim_gui.store.jobs_model import JOB_ID, PRESENTER, TASK_ID, JobsModel
from vestim_gui.store.table_columns import sort_rows

TASKS = [
    {
        "task_id": f"train_00{n}",
        "kind": "train",
        "title": f"LSTM {n}",
        "state": "running",
        "progress": {},
        "result": {},
        "error": None,
        "message": "",
    }
    for n in range(1, 4)
]
MakeModel = Callable[[], tuple[FakeLink, Catalog, JobsModel]]


@pytest.fixture
def model_setup(qtbot: QtBot) -> Iterator[tuple[FakeLink, Catalog, JobsModel]]:
    link = FakeLink()
    jobs = Catalog(link, link)
    model = JobsModel(jobs, link, link)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, link)
    yield link, jobs, model
    model.close()
    tester.deleteLater()
    link.close()
    link.deleteLater()


def visible_ids(model: JobsModel) -> list[str]:
    return [model.index(row, 0).data(JOB_ID) for row in range(model.rowCount())]


def test_a_slow_update_does_not_delay_the_next(model_setup: Any, qtbot: QtBot, monkeypatch: Any) -> None:
    link, _, model = model_setup
    link.start()
    now_s = 0.0

    def open_slowly(count: int) -> None:
        nonlocal now_s
        now_s += 30.0

    monkeypatch.setattr(jobs_model, "time", SimpleNamespace(monotonic=lambda: now_s, time=time.time))
    model.counted.connect(open_slowly)
    link.add_job(summary("job_0"))
    qtbot.waitUntil(lambda: visible_ids(model) == ["job_0"])
    link.add_job(summary("job_1"))
    qtbot.waitUntil(lambda: len(visible_ids(model)) == 2)


def test_rows_are_added_changed_and_removed(model_setup: Any, qtbot: QtBot) -> None:
    link, _, model = model_setup
    link.start()
    for index in range(3):
        link.add_job(summary(f"job_{index}", created_utc=f"2026-01-0{index + 1}T00:00:00.000Z"))
    qtbot.waitUntil(lambda: visible_ids(model) == ["job_2", "job_1", "job_0"])
    persistent_index = QPersistentModelIndex(model.index_of("job_1"))
    changed_rows: list[int] = []
    model.dataChanged.connect(lambda first, last, roles: changed_rows.append(first.row()))
    link.change_job("job_1", name="another name")
    qtbot.waitUntil(lambda: bool(changed_rows))
    assert changed_rows == [1], "one row is repainted, and nothing else"
    assert model.index_of("job_1").data() == "another name"
    link.change_job("job_0", state="running")
    link.remove_job("job_2")
    qtbot.waitUntil(lambda: visible_ids(model) == ["job_0", "job_1"])
    assert persistent_index.data(JOB_ID) == "job_1"


def test_a_job_expands_into_its_tasks_with_their_states(model_setup: Any, qtbot: QtBot) -> None:
    link, _, model = model_setup
    link.start()
    row = summary("job_1", state="running", tasks={"running": 3})
    link.add_job(row, details={"tasks": TASKS[:2], "task_count": 2})
    link.add_job(summary("job_2", tasks={}))
    qtbot.waitUntil(lambda: len(visible_ids(model)) == 2)
    parent = model.index_of("job_1")
    assert model.hasChildren(parent) and not model.hasChildren(model.index_of("job_2"))
    model.expand_job("job_1")
    qtbot.waitUntil(lambda: model.rowCount(model.index_of("job_1")) == 2)
    child = model.index(1, 0, model.index_of("job_1"))
    assert child.data(TASK_ID) == "train_002" and child.data(PRESENTER).word == "Training"
    assert child.parent() == model.index_of("job_1") and child.data(JOB_ID) == "job_1"
    link.append("job_1", [task_event(1, "train_002", "done")])
    qtbot.waitUntil(lambda: model.index(1, 0, model.index_of("job_1")).data(PRESENTER).word == "Done")
    link.details["job_1"] = {"tasks": TASKS, "task_count": 3}
    link.append("job_1", [task_event(2, "train_003", "running")])
    qtbot.waitUntil(lambda: model.rowCount(model.index_of("job_1")) == 3)
    model.set_filter(parse_filter("job_2"))
    assert visible_ids(model) == ["job_2"] and model.expanded_ids == []
    assert link.watched_streams == set()


def task_event(seq: int, task: str, state: str) -> dict[str, Any]:
    data = {"state": state, "kind": "train", "title": "LSTM", "message": ""}
    return {"seq": seq, "time_utc": "", "kind": "task", "task": task, "attempt": 1, "data": data}


def test_filter_archive_and_sorting(model_setup: Any, qtbot: QtBot) -> None:
    link, _, model = model_setup
    link.start()
    for index, rmse in enumerate((5.0, 2.0, None)):
        best = {"metric": "rmse_mV", "value": rmse} if rmse else None
        link.add_job(summary(f"job_{index}", best=best, archived=index == 1))
    qtbot.waitUntil(lambda: len(visible_ids(model)) == 2)
    model.set_archived_shown(True)
    model.sort_by("best")
    assert visible_ids(model) == ["job_1", "job_0", "job_2"]
    model.sort_by("best", is_descending=True)
    assert visible_ids(model) == ["job_0", "job_1", "job_2"], "what has no value comes last either way"
    model.set_filter(parse_filter("rmse<3"))
    assert visible_ids(model) == ["job_1"]


def test_a_pending_command_shows_until_it_is_settled(model_setup: Any, qtbot: QtBot) -> None:
    link, _, model = model_setup
    link.start()
    link.add_job(summary("job_1", state="running"))
    qtbot.waitUntil(lambda: visible_ids(model) == ["job_1"])
    model.set_pending("job_1", "Pausing…")
    assert model.index_of("job_1").data(PRESENTER).word == "Pausing…"
    model.settle("job_1")
    qtbot.waitUntil(lambda: model.index_of("job_1").data(PRESENTER).word == "Running")


def test_only_queued_jobs_can_be_dragged(model_setup: Any, qtbot: QtBot) -> None:
    link, _, model = model_setup
    link.start()
    link.add_job(summary("job_1", state="queued", position=1))
    link.add_job(summary("job_2", state="queued", position=2))
    link.add_job(summary("job_3", state="done"))
    qtbot.waitUntil(lambda: visible_ids(model) == ["job_1", "job_2", "job_3"])
    is_draggable = [bool(model.flags(model.index(row, 0)) & Qt.ItemFlag.ItemIsDragEnabled) for row in range(3)]
    assert is_draggable == [True, True, False]
    data = model.mimeData([model.index_of("job_2")])
    dropped: list[tuple[str, str]] = []
    model.dropped.connect(lambda job_id, next_id: dropped.append((job_id, next_id)))
    assert not model.dropMimeData(data, Qt.DropAction.MoveAction, 0, 0, QModelIndex()), (
        "rows move when the service says"
    )
    assert dropped == [("job_2", "job_1")]
    model.sort_by("name")
    assert not model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsDragEnabled


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "remove", "filter", "sort", "rebuild"]),
        st.integers(0, 9),
        st.sampled_from(["running", "queued", "done", "draft"]),
    ),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_shows_what_the_catalog_holds_after_any_sequence_of_changes(
    qtbot: QtBot, steps: list[tuple[str, int, str]]
) -> None:
    link = FakeLink()
    jobs = Catalog(link, link)
    model = JobsModel(jobs, link, link)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, link)
    link.start()
    job_filter, sort = parse_filter(""), ""
    for verb, index, state in steps:
        if verb == "put":
            link.add_job(summary(f"job_{index}", state=state, position=10 - index, name=f"{state} {index}"))
        elif verb == "remove" and f"job_{index}" in link.jobs:
            link.remove_job(f"job_{index}")
        elif verb == "filter":
            job_filter = parse_filter(f"status:{state}" if index % 2 else "")
            model.set_filter(job_filter)
        elif verb == "sort":
            sort = "name" if index % 2 else ""
            model.sort_by(sort)
        elif verb == "rebuild":
            link.reconnect_daemon(is_rebuilt=True)
        link._process_deliveries()
        model._flush()
        expected = sort_rows(job_filter.select(link.jobs.values()), sort, False)
        keys = [(row["state"], row["name"]) for row in expected]
        assert sorted(visible_ids(model)) == sorted(row["job_id"] for row in expected)
        if sort:
            assert [(link.jobs[job_id]["state"], link.jobs[job_id]["name"]) for job_id in visible_ids(model)] == keys
    model.close()
    tester.deleteLater()
    link.close()
    link.deleteLater()
