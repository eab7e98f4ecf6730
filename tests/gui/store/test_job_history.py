"""Histories: the state that events add up to, however they are batched and however often a task was tried."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.gui.fake_link import epoch_event
from vestim_gui.store.job_history import JobHistory


def event(seq: int, kind: str, task: str = "", attempt: int = 0, /, **data: Any) -> dict[str, Any]:
    return {"seq": seq, "time_utc": f"t{seq}", "kind": kind, "task": task, "attempt": attempt, "data": data}


EVENTS = [
    event(1, "job", task_count=2, trial_count=1),
    event(2, "job", state="running"),
    event(3, "phase", phase="training", state="running"),
    event(4, "task", "train_001", 1, state="running", kind="train", title="LSTM 24"),
    event(5, "attempt", "train_001", 1, state="running", pid=7),
    *[epoch_event(5 + n, n) for n in range(1, 6)],
    event(11, "attempt", "train_001", 1, state="lost", error={"message": "gone"}),
    event(12, "attempt", "train_001", 2, state="running", pid=8),
    epoch_event(13, 4, attempt=2, validation_rmse_mV=1.5),
    event(14, "finding", severity="warn", sentence="odd"),
    event(15, "message", level="info", text="ready"),
    event(16, "result", "train_001", 2, training={"epochs": 4}),
    event(17, "task", "train_001", 2, state="done", kind="train", title="LSTM 24"),
]


def test_a_later_attempt_replaces_the_epochs_from_where_it_starts() -> None:
    history = JobHistory()
    assert history.apply(EVENTS) == {"job", "phases", "tasks", "epochs", "findings", "messages", "results"}
    task = history.tasks["train_001"]
    x, y = task.series("validation_rmse_mV")
    assert x.tolist() == [1, 2, 3, 4] and y[-1] == 1.5, "epoch 5 of the lost attempt has not come again"
    assert (task.title, task.state, task.attempt, task.error) == ("LSTM 24", "done", 2, None)
    assert task.result == {"training": {"epochs": 4}} and history.results["train_001"] == task.result
    assert history.states == [("t2", "running")] and history.phases["training"]["state"] == "running"
    assert np.isnan(task.series("unknown")[1]).all()


@given(st.lists(st.integers(0, len(EVENTS)), max_size=6), st.integers(0, 5))
def test_cuts_and_repetitions_change_nothing(cuts: list[int], overlap: int) -> None:
    expected, batched = JobHistory(), JobHistory()
    expected.apply(EVENTS)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(EVENTS)], strict=True):
        batched.apply(EVENTS[max(0, start - overlap) : end])
    assert batched == expected


def test_tasks_that_are_set_up_anew_begin_anew() -> None:
    history = JobHistory()
    history.apply([*EVENTS, event(18, "job", task_count=3, trial_count=2)])
    assert history.tasks == {} and history.results == {}


def test_odd_values_are_gaps() -> None:
    history = JobHistory()
    history.apply([epoch_event(1, 1, validation_rmse_mV=None), epoch_event(2, 2, validation_rmse_mV="x")])
    assert all(map(math.isnan, history.tasks["train_001"].series("validation_rmse_mV")[1]))
