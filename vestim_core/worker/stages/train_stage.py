"""Train: one trial, from the newest checkpoint of any earlier attempt if there is one.

However it ends, the best model so far is in `result/` before the process exits.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from vestim_core.data.prepare_data import PreparationCanceled, provenance
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.evaluation.envelope import training_envelope
from vestim_core.models.model_files import save_model
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.job import Trial
from vestim_core.spec.states import AttemptState, Intent
from vestim_core.training.history_csv import write_history
from vestim_core.training.loop import train
from vestim_core.training.outcome import Outcome, TrainingDiverged
from vestim_core.training.reproducible import choose_device
from vestim_core.training.thread_count import update_seconds, worthwhile_threads
from vestim_core.training.time_budget import EpochBudget
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.task_data import open_prepared_set


def run(attempt: Attempt) -> AttemptState:
    """Write `result/model.pt`, `model.json` and `history.csv` when at least one epoch was finished."""
    trial = attempt.task.trial
    if trial is None:
        raise wrong_input("the task names no trial: set the job up again", location="trial")
    try:
        prepared = open_prepared_set(attempt)
        device = _resolve_device(attempt, trial)
        threads = _resolve_threads(attempt, trial, prepared)
    except PreparationCanceled:
        return AttemptState.PAUSED if attempt.control.intent() is Intent.PAUSE else AttemptState.STOPPED
    try:
        outcome = train(
            trial,
            prepared,
            attempt.folder / "checkpoints",
            device=device,
            threads=threads,
            reporter=attempt.journal,
            intent=attempt.control.intent,
            earlier_checkpoints=_earlier_checkpoints(attempt),
            epoch_budget=EpochBudget(**attempt.task.plan) if attempt.task.plan else None,
            save_epoch_budget=lambda budget: attempt.store_in_task(plan=asdict(budget)),
        )
    except TrainingDiverged as divergence:
        _write_result(attempt, trial, prepared, divergence.outcome, device, threads)
        raise
    _write_result(attempt, trial, prepared, outcome, device, threads)
    return AttemptState(outcome.end)


def _resolve_device(attempt: Attempt, trial: Trial) -> str:
    """Device to compute on: chosen and stored by the task's first attempt, and used by all later ones."""
    if attempt.task.device:
        return attempt.task.device
    device = choose_device(trial.training.device)
    attempt.store_in_task(device=device)
    return device


def _resolve_threads(attempt: Attempt, trial: Trial, prepared: PreparedSet) -> int:
    """Number of CPU threads: given to or measured by the task's first attempt, and used by all later ones.

    Raises `PreparationCanceled` when the user's intent changes during the measurement.
    """
    launch, threads = attempt.launch, attempt.task.threads
    if threads:
        text = f"Of {launch.threads} threads that were free, {threads} are used, as when this training began."
    elif not launch.measure_threads:
        threads = launch.threads
        attempt.store_in_task(threads=threads)
    else:
        seconds = update_seconds(trial, prepared, launch.threads, attempt.control.intent)
        if not seconds:
            raise PreparationCanceled
        threads = worthwhile_threads(seconds)
        attempt.store_in_task(threads=threads)
        thread_note = f"{threads} threads pay" if threads > 1 else "one thread pays best"
        text = f"Of {launch.threads} threads that were free, {thread_note}, measured on this training's first updates."
    if launch.measure_threads:
        attempt.journal.event(EventKind.MESSAGE, {"level": "info", "message": text, "threads": threads})
    return threads


def _earlier_checkpoints(attempt: Attempt) -> list[Path]:
    folder = attempt.folder.parent
    return [folder / str(attempt_number) / "checkpoints" for attempt_number in range(1, attempt.launch.attempt)]


def _write_result(
    attempt: Attempt, trial: Trial, prepared: PreparedSet, outcome: Outcome, device: str, threads: int
) -> None:
    """Write model, history and summary to the result folder."""
    write_history(attempt.result_folder / "history.csv", outcome.history)
    summary = {**outcome.summary(), "device": device, "threads": threads, "seed": trial.seed}
    result = {"training": summary, "has_model": outcome.module is not None}
    if outcome.module is not None:
        envelope = training_envelope(prepared.files_of_role("train"), trial.signals.features)
        description = {"period_s": prepared.period_s, "training": summary, "envelope": envelope}
        extra = {**description, "data": provenance(prepared)}
        document = save_model(attempt.result_folder, outcome.module, trial, prepared.pipeline.to_json(), extra)
        result["parameters"] = document["parameters"]
    attempt.journal.event(EventKind.RESULT, result)
