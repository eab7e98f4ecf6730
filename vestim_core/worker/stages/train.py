"""Train: one combination with one seed, from the newest checkpoint of any earlier attempt if there is one.

However it ends, the best model so far is in `result/` before the process goes.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from vestim_core.data.prepare import PreparationCancelled, provenance
from vestim_core.data.prepared import PreparedSet
from vestim_core.evaluation.envelope import envelope_of
from vestim_core.models.files import save_model
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.job import Trial
from vestim_core.spec.states import AttemptState, Intent
from vestim_core.training.budget import Plan
from vestim_core.training.history import write_history
from vestim_core.training.loop import train
from vestim_core.training.outcome import Outcome, TrainingDiverged
from vestim_core.training.reproducible import choose_device
from vestim_core.training.threads import threads_that_pay, update_seconds
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.prepared import open_set


def run(attempt: Attempt) -> AttemptState:
    """Leaves `result/model.pt`, `model.json` and `history.csv` when at least one epoch was finished."""
    trial = attempt.task.trial
    if trial is None:
        raise wrong_input("the task names no trial: set the job up again", place="trial")
    try:
        prepared = open_set(attempt)
        device = _device(attempt, trial)
        threads = _threads(attempt, trial, prepared)
    except PreparationCancelled:
        return AttemptState.PAUSED if attempt.control.intent() is Intent.PAUSE else AttemptState.STOPPED
    try:
        outcome = train(
            trial,
            prepared,
            attempt.folder / "checkpoints",
            device=device,
            threads=threads,
            report=attempt.journal,
            intent=attempt.control.intent,
            earlier=_earlier_checkpoints(attempt),
            planned=Plan(**attempt.task.plan) if attempt.task.plan else None,
            keep_plan=lambda plan: attempt.write_down(plan=asdict(plan)),
        )
    except TrainingDiverged as diverged:
        _leave(attempt, trial, prepared, diverged.outcome, device, threads)
        raise
    _leave(attempt, trial, prepared, outcome, device, threads)
    return AttemptState(outcome.end)


def _device(attempt: Attempt, trial: Trial) -> str:
    """Where to compute: chosen by the task's first attempt, written down, and the same ever after."""
    if attempt.task.device:
        return attempt.task.device
    device = choose_device(trial.training.device)
    attempt.write_down(device=device)
    return device


def _threads(attempt: Attempt, trial: Trial, prepared: PreparedSet) -> int:
    """With how many threads to compute: what the task's first attempt was given or found to pay, ever after.
    PreparationCancelled when the user wants something else before that is known."""
    launch, threads = attempt.launch, attempt.task.threads
    if threads:
        text = f"Of {launch.threads} threads that were free, {threads} are used, as when this training began."
    elif not launch.measure_threads:
        threads = launch.threads
        attempt.write_down(threads=threads)
    else:
        seconds = update_seconds(trial, prepared, launch.threads, attempt.control.intent)
        if not seconds:
            raise PreparationCancelled
        threads = threads_that_pay(seconds)
        attempt.write_down(threads=threads)
        many = f"{threads} threads pay" if threads > 1 else "one thread pays best"
        text = f"Of {launch.threads} threads that were free, {many}, measured on this training's first updates."
    if launch.measure_threads:
        attempt.journal.event(EventKind.MESSAGE, {"level": "info", "text": text, "threads": threads})
    return threads


def _earlier_checkpoints(attempt: Attempt) -> list[Path]:
    folder = attempt.folder.parent
    return [folder / str(number) / "checkpoints" for number in range(1, attempt.launch.attempt)]


def _leave(attempt: Attempt, trial: Trial, prepared: PreparedSet, outcome: Outcome, device: str, threads: int) -> None:
    """Put model, history and summary where testing and people look for them."""
    write_history(attempt.result / "history.csv", outcome.history)
    summary = {**outcome.summary(), "device": device, "threads": threads, "seed": trial.seed}
    result = {"training": summary, "has_model": outcome.module is not None}
    if outcome.module is not None:
        envelope = envelope_of(prepared.of("train"), trial.signals.features)
        known = {"period_s": prepared.period_s, "training": summary, "envelope": envelope}
        extra = {**known, "data": provenance(prepared)}
        document = save_model(attempt.result, outcome.module, trial, prepared.pipeline.to_json(), extra)
        result["parameters"] = document["parameters"]
    attempt.journal.event(EventKind.RESULT, result)
