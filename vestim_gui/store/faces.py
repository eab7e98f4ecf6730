"""Faces: what a job or a task looks like in a list, in words. Pure: a row and its newest progress in, words out.

A state is always a glyph and a word, and `tone` names the colour of the theme that goes with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vestim_core.spec.states import JOB_ENDS, Intent, JobState, Phase, TaskKind, TaskState
from vestim_gui.numbers import duration, metric
from vestim_gui.store.job_times import local_time, ran_s

Row = Mapping[str, Any]

STATES: Mapping[str, tuple[str, str, str]] = {
    JobState.DRAFT: ("✎", "Draft", "muted"),
    JobState.QUEUED: ("◷", "Queued", "muted"),
    JobState.HELD: ("?", "Waits for you", "warn"),
    JobState.RUNNING: ("▶", "Running", "accent"),
    JobState.PAUSED: ("‖", "Paused", "warn"),
    JobState.DONE: ("✓", "Done", "ok"),
    JobState.FAILED: ("!", "Failed", "error"),
    JobState.STOPPED: ("■", "Stopped", "muted"),
    TaskState.WAITING: ("○", "Waiting", "muted"),
    TaskState.READY: ("◷", "Ready", "muted"),
    TaskState.SKIPPED: ("–", "Skipped", "muted"),
}
"""Glyph, word and tone of each state of a job or a task."""

_PHASES = {Phase.TRAINING.value: "Training", Phase.TESTING.value: "Testing"}
_TASKS = {TaskKind.PREPARE: "Preparing", TaskKind.TRAIN: "Training", TaskKind.TEST: "Testing"}
_KINDS = {TaskKind.TRAIN: "Train", TaskKind.TEST: "Test"}
_ROLES = ("test", "validation")


@dataclass(frozen=True, slots=True)
class Face:
    """What is shown of one job or task. fraction: 0 to 1. figure: its best error, or what to look at. busy: whether
    something that was asked for is not done yet. opens: whether it has parts to show."""

    title: str
    glyph: str
    word: str
    tone: str
    words: str = ""
    figure: str = ""
    fraction: float = 0.0
    busy: bool = False
    opens: bool = False

    @property
    def spoken(self) -> str:
        """All of it in one sentence, for who cannot see it."""
        parts = (f"{self.title}: {self.word.lower()}", self.words, self.figure, f"{self.fraction:.0%}")
        return ", ".join(filter(None, parts))


def job_face(row: Row, progress: Row | None = None, *, ahead: int = 0, pending: str = "", now_s: float = 0.0) -> Face:
    """A job. progress: newest within it. ahead: jobs before it in the queue. pending: what was just asked of it."""
    glyph, word, tone = STATES.get(row["state"], ("", row["state"], "muted"))
    asked = pending or _asked(row)
    if row["state"] == JobState.RUNNING:
        word = _PHASES.get(row["phase"], "Preparing" if row["phase"] else word)
    return Face(
        title=row["name"],
        glyph=glyph,
        word=asked or word,
        tone=tone,
        words=" · ".join(filter(None, ("archived" * row["archived"], _words(row, progress, ahead, now_s)))),
        figure=_figure(row),
        fraction=_fraction(row, progress),
        busy=bool(asked),
        opens=sum(row["tasks"].values()) > 1,
    )


def task_face(task: Row, progress: Row | None = None) -> Face:
    """A task as `show_job` tells it. progress: newest within it."""
    glyph, word, tone = STATES.get(task["state"], ("", task["state"], "muted"))
    running = task["state"] == TaskState.RUNNING
    done = task["state"] == TaskState.DONE
    stands = {**task["progress"], **(progress or {})} if running else task["progress"]
    verb = _KINDS.get(task["kind"], "")
    return Face(
        title=f"{verb} {task['title']}".strip(),
        glyph=glyph,
        word=_TASKS.get(task["kind"], word) if running else word,
        tone=tone,
        words=_task_words(task, stands),
        figure=_task_figure(task),
        fraction=1.0 if done else float(stands.get("fraction") or 0.0),
    )


def time_left(row: Row, progress: Row | None, now_s: float) -> str:
    """`2 min 10 s left`; `about` where it is reckoned from the whole job; empty where nothing is known."""
    if row["state"] != JobState.RUNNING:
        return ""
    if row.get("models", 1) <= 1 and row["phase"] == Phase.TRAINING and progress and "time_left_s" in progress:
        return f"{duration(float(progress['time_left_s']))} left"
    if row["phase"] == Phase.TRAINING and row.get("time_left_s") is not None:
        return f"at most {_roughly(float(row['time_left_s']))} left"
    fraction, ran = float(row["fraction"]), ran_s(dict(row), now_s or None)
    if row["phase"] not in _PHASES or ran is None or ran < 2.0 or fraction < 0.05:
        return ""
    return f"about {_roughly(ran * (1.0 - fraction) / fraction)} left"


def epochs_of(row: Row, progress: Row | None) -> str:
    """`124/200`; empty before the first epoch."""
    news = progress if progress and "epoch" in progress else None
    epoch = (news or {}).get("epoch") or row.get("epochs") or 0
    most = (news or {}).get("max_epochs") or row.get("max_epochs") or 0
    return f"{epoch}/{most}" if epoch and most else str(epoch or "")


def _roughly(seconds: float) -> str:
    """A duration that claims no more than it knows: in tens of seconds, then in minutes."""
    if seconds < 95:
        return duration(max(10.0, 10.0 * round(seconds / 10)))
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else duration(60.0 * minutes)


def _asked(row: Row) -> str:
    if row["state"] in JOB_ENDS or row["state"] == JobState.DRAFT:
        return ""
    if row["intent"] == Intent.STOP:
        return "Stopping…"
    if row["intent"] == Intent.PAUSE and row["state"] != JobState.PAUSED:
        return "Pausing…"
    return "Resuming…" if row["intent"] == Intent.RUN and row["state"] == JobState.PAUSED else ""


def _words(row: Row, progress: Row | None, ahead: int, now_s: float) -> str:
    state = row["state"]
    if state == JobState.RUNNING:
        return _running(row, progress, now_s)
    if state == JobState.QUEUED:
        return f"starts after {ahead} job{'s' * (ahead > 1)}" if ahead else row["reason"] or "starts next"
    if state == JobState.FAILED:
        return str((row["error"] or {}).get("message", "") or row["reason"])
    if state == JobState.DRAFT:
        return str((row.get("needs") or {}).get("message", "") or "not started yet")
    if state == JobState.PAUSED:
        epochs = epochs_of(row, None)
        return f"paused at epoch {epochs}" if epochs else row["reason"] or "nothing is lost"
    if state in JOB_ENDS:
        verb = "finished" if state == JobState.DONE else "stopped"
        ran = ran_s(dict(row))
        took = f" · {duration(ran)}" if ran is not None else ""
        return f"{verb} {local_time(row['ended_utc'])}{took}"
    return str(row["reason"])


def _running(row: Row, progress: Row | None, now_s: float) -> str:
    left = time_left(row, progress, now_s)
    models = row.get("models", 1)
    if row["phase"] != Phase.TRAINING:
        stands = str((progress or {}).get("message") or row["message"] or "begins")
    elif models > 1:
        stands = f"model {min(row.get('models_done', 0) + 1, models)}/{models}"
    else:
        epochs = epochs_of(row, progress)
        stands = f"epoch {epochs}" if epochs else "epoch 1 begins"
    return " · ".join(filter(None, (stands, left)))


def _fraction(row: Row, progress: Row | None) -> float:
    """The job's own, and within its only training that training's, which is newer."""
    if row["state"] == JobState.DONE:
        return 1.0
    if progress and row["phase"] == Phase.TRAINING and row.get("models", 0) == 1 and "epoch" in progress:
        return float(progress.get("fraction") or 0.0)
    return min(1.0, max(0.0, float(row["fraction"])))


def _figure(row: Row) -> str:
    if row["state"] == JobState.FAILED:
        return "see why"
    if row["state"] == JobState.DRAFT:
        return "open to go on"
    ended = row["state"] in JOB_ENDS
    if (best := row.get("best")) and (ended or row.get("models", 1) <= 1 or not row.get("validation")):
        role = "best" if row.get("models", 1) > 1 else "test"
        return f"{role} {metric(best['metric'], best['value'])}"
    if validation := row.get("validation"):
        return f"val {metric(validation['metric'], validation['value'])}"
    return ""


def _task_words(task: Row, stands: Row) -> str:
    if task["error"]:
        return str(task["error"].get("message", ""))
    if task["state"] == TaskState.WAITING:
        return "waits for another task"
    if stands.get("message") and task["state"] == TaskState.RUNNING:
        return str(stands["message"])
    if epochs := epochs_of(stands, stands):
        left = f" · {duration(float(stands['time_left_s']))} left" if "time_left_s" in stands else ""
        return f"epoch {epochs}{left}"
    if "rows" in task["result"]:
        return f"{task['result'].get('files')} files, {task['result']['rows']:,} rows"
    return str(task["reason"])


def _task_figure(task: Row) -> str:
    overall = task["result"].get("overall") or {}
    for role in _ROLES:
        for name, value in (overall.get(role) or {}).items():
            if name == "rmse" or name.startswith("rmse_"):
                return f"{role if role == 'test' else 'val'} {metric(name, value)}"
    for name, value in task["progress"].items():
        if name.startswith("best_validation_rmse") and isinstance(value, int | float):
            return f"val {metric(name.removeprefix('best_validation_'), value)}"
    return ""
