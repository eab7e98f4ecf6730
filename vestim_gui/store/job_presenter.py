"""Texts, tone and progress of a job or task in a list. Pure: a row and its newest progress in, texts out.

A state is always a glyph and a word; `tone` names the theme color that goes with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vestim_core.spec.states import TERMINAL_JOB_STATES, Intent, JobState, Phase, TaskKind, TaskState
from vestim_gui.display_numbers import format_duration, format_metric
from vestim_gui.store.job_times import local_time, run_time_s

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

_PHASE_WORDS = {Phase.TRAINING.value: "Training", Phase.TESTING.value: "Testing"}
_TASK_ACTIVITIES = {TaskKind.PREPARE: "Preparing", TaskKind.TRAIN: "Training", TaskKind.TEST: "Testing"}
_TASK_VERBS = {TaskKind.TRAIN: "Train", TaskKind.TEST: "Test"}
_ROLES = ("test", "validation")


@dataclass(frozen=True, slots=True)
class JobPresenter:
    """Everything a list shows of one job or task.

    text: what it is doing. metric: its best error, or a hint where there is none. fraction: 0 to 1. is_pending: a
    command was sent whose effect has not been reported yet. has_tasks: the row can be expanded into its tasks.
    """

    title: str
    glyph: str
    word: str
    tone: str
    text: str = ""
    metric_text: str = ""
    fraction: float = 0.0
    is_pending: bool = False
    has_tasks: bool = False

    @property
    def accessible_text(self) -> str:
        """All of it in one sentence, for screen readers."""
        parts = (f"{self.title}: {self.word.lower()}", self.text, self.metric_text, f"{self.fraction:.0%}")
        return ", ".join(filter(None, parts))


def present_job(
    row: Row, progress: Row | None = None, *, jobs_ahead: int = 0, pending_text: str = "", now_s: float = 0.0
) -> JobPresenter:
    """Present a job. progress: newest within it. jobs_ahead: number of jobs before it in the queue. pending_text:
    command that was just sent."""
    glyph, word, tone = STATES.get(row["state"], ("", row["state"], "muted"))
    pending_word = pending_text or _pending_word(row)
    if row["state"] == JobState.RUNNING:
        word = _PHASE_WORDS.get(row["phase"], "Preparing" if row["phase"] else word)
    return JobPresenter(
        title=row["name"],
        glyph=glyph,
        word=pending_word or word,
        tone=tone,
        text=" · ".join(filter(None, ("archived" * row["archived"], _job_text(row, progress, jobs_ahead, now_s)))),
        metric_text=_job_metric_text(row),
        fraction=_fraction(row, progress),
        is_pending=bool(pending_word),
        has_tasks=sum(row["tasks"].values()) > 1,
    )


def present_task(task: Row, progress: Row | None = None) -> JobPresenter:
    """Present a task of a `show_job` reply. progress: newest within it."""
    glyph, word, tone = STATES.get(task["state"], ("", task["state"], "muted"))
    is_running = task["state"] == TaskState.RUNNING
    is_done = task["state"] == TaskState.DONE
    current = {**task["progress"], **(progress or {})} if is_running else task["progress"]
    verb = _TASK_VERBS.get(task["kind"], "")
    return JobPresenter(
        title=f"{verb} {task['title']}".strip(),
        glyph=glyph,
        word=_TASK_ACTIVITIES.get(task["kind"], word) if is_running else word,
        tone=tone,
        text=_task_text(task, current),
        metric_text=_task_metric_text(task),
        fraction=1.0 if is_done else float(current.get("fraction") or 0.0),
    )


def time_left(row: Row, progress: Row | None, now_s: float) -> str:
    """`2 min 10 s left`; `about` if extrapolated from the whole job; empty if unknown."""
    if row["state"] != JobState.RUNNING:
        return ""
    if row.get("models", 1) <= 1 and row["phase"] == Phase.TRAINING and progress and "time_left_s" in progress:
        return f"{format_duration(float(progress['time_left_s']))} left"
    if row["phase"] == Phase.TRAINING and row.get("time_left_s") is not None:
        return f"at most {_rounded_duration(float(row['time_left_s']))} left"
    fraction, elapsed_s = float(row["fraction"]), run_time_s(dict(row), now_s or None)
    if row["phase"] not in _PHASE_WORDS or elapsed_s is None or elapsed_s < 2.0 or fraction < 0.05:
        return ""
    return f"about {_rounded_duration(elapsed_s * (1.0 - fraction) / fraction)} left"


def epochs_of(row: Row, progress: Row | None) -> str:
    """`124/200`; empty before the first epoch."""
    source = progress if progress and "epoch" in progress else None
    epoch = (source or {}).get("epoch") or row.get("epochs") or 0
    max_epochs = (source or {}).get("max_epochs") or row.get("max_epochs") or 0
    return f"{epoch}/{max_epochs}" if epoch and max_epochs else str(epoch or "")


def _rounded_duration(seconds: float) -> str:
    """A duration rounded to its precision: to 10 s, and from 95 s on to minutes."""
    if seconds < 95:
        return format_duration(max(10.0, 10.0 * round(seconds / 10)))
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else format_duration(60.0 * minutes)


def _pending_word(row: Row) -> str:
    if row["state"] in TERMINAL_JOB_STATES or row["state"] == JobState.DRAFT:
        return ""
    if row["intent"] == Intent.STOP:
        return "Stopping…"
    if row["intent"] == Intent.PAUSE and row["state"] != JobState.PAUSED:
        return "Pausing…"
    return "Resuming…" if row["intent"] == Intent.RUN and row["state"] == JobState.PAUSED else ""


def _job_text(row: Row, progress: Row | None, jobs_ahead: int, now_s: float) -> str:
    state = row["state"]
    if state == JobState.RUNNING:
        return _running_text(row, progress, now_s)
    if state == JobState.QUEUED:
        return (
            f"starts after {jobs_ahead} job{'s' * (jobs_ahead > 1)}" if jobs_ahead else row["message"] or "starts next"
        )
    if state == JobState.FAILED:
        return str((row["error"] or {}).get("message", "") or row["message"])
    if state == JobState.DRAFT:
        return str((row.get("needs") or {}).get("message", "") or "not started yet")
    if state == JobState.PAUSED:
        epochs = epochs_of(row, None)
        return f"paused at epoch {epochs}" if epochs else row["message"] or "nothing is lost"
    if state in TERMINAL_JOB_STATES:
        verb = "finished" if state == JobState.DONE else "stopped"
        elapsed_s = run_time_s(dict(row))
        run_time = f" · {format_duration(elapsed_s)}" if elapsed_s is not None else ""
        return f"{verb} {local_time(row['ended_utc'])}{run_time}"
    return str(row["message"])


def _running_text(row: Row, progress: Row | None, now_s: float) -> str:
    remaining = time_left(row, progress, now_s)
    models = row.get("models", 1)
    if row["phase"] != Phase.TRAINING:
        activity = str((progress or {}).get("message") or row["activity"] or "begins")
    elif models > 1:
        activity = f"model {min(row.get('models_done', 0) + 1, models)}/{models}"
    else:
        epochs = epochs_of(row, progress)
        activity = f"epoch {epochs}" if epochs else "epoch 1 begins"
    return " · ".join(filter(None, (activity, remaining)))


def _fraction(row: Row, progress: Row | None) -> float:
    """The job's fraction, or that of its only training, which is newer."""
    if row["state"] == JobState.DONE:
        return 1.0
    if progress and row["phase"] == Phase.TRAINING and row.get("models", 0) == 1 and "epoch" in progress:
        return float(progress.get("fraction") or 0.0)
    return min(1.0, max(0.0, float(row["fraction"])))


def _job_metric_text(row: Row) -> str:
    """Best error of a job, or what opening it leads to."""
    if row["state"] == JobState.FAILED:
        return "see why"
    if row["state"] == JobState.DRAFT:
        return "open to go on"
    ended = row["state"] in TERMINAL_JOB_STATES
    if (best := row.get("best")) and (ended or row.get("models", 1) <= 1 or not row.get("validation")):
        role = "best" if row.get("models", 1) > 1 else "test"
        return f"{role} {format_metric(best['metric'], best['value'])}"
    if validation := row.get("validation"):
        return f"val {format_metric(validation['metric'], validation['value'])}"
    return ""


def _task_text(task: Row, current: Row) -> str:
    if task["error"]:
        return str(task["error"].get("message", ""))
    if task["state"] == TaskState.WAITING:
        return "waits for another task"
    if current.get("message") and task["state"] == TaskState.RUNNING:
        return str(current["message"])
    if epochs := epochs_of(current, current):
        remaining = f" · {format_duration(float(current['time_left_s']))} left" if "time_left_s" in current else ""
        return f"epoch {epochs}{remaining}"
    if "rows" in task["result"]:
        return f"{task['result'].get('files')} files, {task['result']['rows']:,} rows"
    return str(task["message"])


def _task_metric_text(task: Row) -> str:
    overall = task["result"].get("overall") or {}
    for role in _ROLES:
        for name, value in (overall.get(role) or {}).items():
            if name == "rmse" or name.startswith("rmse_"):
                return f"{role if role == 'test' else 'val'} {format_metric(name, value)}"
    for name, value in task["progress"].items():
        if name.startswith("best_validation_rmse") and isinstance(value, int | float):
            return f"val {format_metric(name.removeprefix('best_validation_'), value)}"
    return ""
