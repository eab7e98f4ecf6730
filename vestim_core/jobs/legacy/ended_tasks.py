"""Legacy trainings and tests as ended tasks of today, with the files that their workers would have left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from vestim_core.jobs.legacy.job_reader import LegacyJob
from vestim_core.jobs.legacy.legacy_folder import LegacyFolder, UnreadableFile
from vestim_core.jobs.legacy.legacy_results import (
    MAX_PREDICTION_BYTES,
    FilePrediction,
    metrics_document,
    paths_within_limit,
    predictions_npz,
    read_predictions,
    read_results_table,
)
from vestim_core.jobs.legacy.legacy_status import attempt_end, status_notes
from vestim_core.jobs.legacy.training_history import epoch_lines, finite_float, whole_number
from vestim_core.jobs.legacy.trial_translation import JobTranslation, TranslatedTrial
from vestim_core.spec.events import EventKind
from vestim_core.spec.imported_model import ImportedModel
from vestim_core.spec.model import parameter_count
from vestim_core.spec.signals import error_scale
from vestim_core.spec.states import AttemptState, Phase, PhaseState, TaskKind
from vestim_core.spec.task import TaskSpec
from vestim_core.system import safe_name

MAX_NOTES = 100  # arbitrary: bounds the job's record
_PREPARING = (Phase.DATA_IMPORT, Phase.DATA_PROCESSING, Phase.DATA_AUGMENTATION)
_PREPARED = {"state": PhaseState.DONE.value, "fraction": 1.0, "message": "done by PyBattML"}
FileContent = bytes | Path
"""Content of a file, or the file that it is copied from."""


@dataclass
class ImportReport:
    """Outcome of an import. models: trainings with usable weights. notes: what was left out or differs here."""

    models: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EndedTask:
    """One task, its end state, its journal and its files by path within its folder."""

    spec: TaskSpec
    end: AttemptState
    lines: list[tuple[EventKind, dict[str, Any]]]
    files: Mapping[str, FileContent]


def json_bytes(value: Any) -> bytes:
    """`value` as an indented JSON file."""
    return to_json(value, indent=2, inf_nan_mode="null") + b"\n"


def ended_tasks(job: LegacyJob, translation: JobTranslation, report: ImportReport) -> list[EndedTask]:
    """A training for each translated trial and, where it was tested, a test, in order; notes are added to `report`."""
    width = max(3, len(str(len(translation.trials))))
    table = (
        read_results_table(job.results_table, translation.trials[0].trial.signals.target) if translation.trials else {}
    )
    readable = paths_within_limit(path for trial in translation.trials for path in trial.task.predictions)
    tasks: list[EndedTask] = []
    for index, trial in enumerate(translation.trials, 1):
        predictions = _predictions_by_key(trial, readable, table, report)
        training = _training_task(job, trial, f"train_{index:0{width}}", report, is_tested=bool(predictions))
        tasks.append(training)
        if predictions:
            tasks.append(_test_task(trial, f"test_{index:0{width}}", training.spec.task_id, predictions))
    all_finished = all(task.end is AttemptState.FINISHED for task in tasks)
    report.notes[:0] = status_notes(job, all_finished=all_finished)
    if tasks:
        messages = [(EventKind.MESSAGE, {"level": "info", "message": note}) for note in report.notes[:MAX_NOTES]]
        tasks[0].lines[:0] = [
            *((EventKind.PHASE, {"phase": phase.value, **_PREPARED}) for phase in _PREPARING),
            *messages,
        ]
    return tasks


def _predictions_by_key(
    trial: TranslatedTrial, readable: Collection[Path], table: Mapping[str, list[FilePrediction]], report: ImportReport
) -> dict[str, FilePrediction]:
    """Predictions of the training's model by key of the file; metrics alone where no predictions can be read."""
    predictions: list[FilePrediction] = []
    paths = [path for path in trial.task.predictions if path in readable]
    if len(paths) < len(trial.task.predictions):
        report.notes.append(
            f"of the {len(trial.task.predictions)} predicted files of '{trial.task.name}' {len(paths)} are read, "
            f"for a job has more than {MAX_PREDICTION_BYTES >> 20} MiB of them: "
            f"the others' figures are from its table of results"
        )
    for path in paths:
        try:
            predictions.append(read_predictions(LegacyFolder(trial.task.folder), path, trial.trial.signals.target))
        except UnreadableFile as error:
            report.notes.append(str(error))
    read_files = {prediction.file for prediction in predictions}
    predictions += [prediction for prediction in table.get(trial.task.name, []) if prediction.file not in read_files]
    keys: dict[str, FilePrediction] = {}
    for prediction in predictions:
        stem = safe_name(prediction.file).rpartition(".")[0] or "file"
        key = next(name for suffix in range(1, len(keys) + 2) if (name := _numbered(stem, suffix)) not in keys)
        keys[key] = prediction
    return keys


def _numbered(stem: str, suffix: int) -> str:
    return stem if suffix == 1 else f"{stem}_{suffix}"


def _training_task(
    job: LegacyJob, translated: TranslatedTrial, task_id: str, report: ImportReport, *, is_tested: bool
) -> EndedTask:
    trial, task = translated.trial, translated.task
    suffix, scale = error_scale(trial.signals.target)
    spread = translated.scale[-1][1] - translated.scale[-1][0] if translated.scale else 1.0
    epochs = epoch_lines(task.epochs, suffix, scale * spread, trial.training.max_epochs)
    end = attempt_end(job, task, is_tested=is_tested)
    summary = _summary(translated, epochs, suffix, end)
    files: dict[str, FileContent] = {"result/history.csv": _history_csv(epochs)} if epochs else {}
    imported_model: ImportedModel | None = None
    is_testable = bool(task.weights) and not translated.untestable_reason
    if task.weights and translated.untestable_reason:
        report.notes.append(f"the weights of '{task.name}' cannot be tested: {translated.untestable_reason}")
    if is_testable:
        report.models += 1
        weights = [path.name for path in task.weights]
        imported_model = ImportedModel(weights=weights, scale=translated.scale, training=summary)
        files |= {f"result/{path.name}": path for path in task.weights}
    result = {
        "training": summary,
        "has_model": is_testable,
        "parameters": parameter_count(trial.model, len(trial.signals.features)),
    }
    lines = [*((EventKind.EPOCH, line) for line in epochs), (EventKind.RESULT, result)]
    spec = TaskSpec(
        task_id=task_id,
        kind=TaskKind.TRAIN,
        title=trial.title,
        signals=trial.signals,
        preparation=trial.preparation,
        trial=trial,
        imported=imported_model,
    )
    return EndedTask(spec, end, lines, files)


def _summary(
    translated: TranslatedTrial, epochs: Sequence[Mapping[str, Any]], suffix: str, end: AttemptState
) -> dict[str, Any]:
    """Summary of the training in its result, in the form that every training leaves."""
    legacy_summary, last_epoch = translated.task.summary, epochs[-1] if epochs else {}
    best, elapsed_s = (
        finite_float(legacy_summary.get("best_validation_loss_denormalized")),
        finite_float(legacy_summary.get("training_time_seconds")),
    )
    best = best if best is not None else last_epoch.get(f"best_validation_rmse{suffix}")
    elapsed_s = elapsed_s if elapsed_s is not None else last_epoch.get("elapsed_s")
    count = whole_number(legacy_summary.get("completed_epochs"))
    return {
        "end": end.value,
        "epochs": count if count is not None else len(epochs),
        "best_epoch": last_epoch.get("best_epoch", 0),
        "validation": {f"rmse{suffix}": best} if best is not None else {},
        "elapsed_s": elapsed_s if elapsed_s is not None else 0.0,
        "rows_per_s": None,
    }


def _test_task(
    translated: TranslatedTrial, task_id: str, train_id: str, predictions: Mapping[str, FilePrediction]
) -> EndedTask:
    trial = translated.trial
    document = metrics_document({"task_id": train_id, "title": trial.title}, trial.signals.target, predictions)
    result = {name: document[name] for name in ("schema_version", "model", "target", "overall", "files")}
    files: dict[str, FileContent] = {"result/metrics.json": json_bytes(document)}
    files |= {
        f"result/predictions/{key}.npz": predictions_npz(prediction)
        for key, prediction in predictions.items()
        if prediction.time_s
    }
    parameters = parameter_count(trial.model, len(trial.signals.features))
    spec = TaskSpec(
        task_id=task_id,
        kind=TaskKind.TEST,
        title=trial.title,
        depends_on=[train_id],
        signals=trial.signals,
        preparation=trial.preparation,
        trial=trial,
    )
    return EndedTask(spec, AttemptState.FINISHED, [(EventKind.RESULT, {**result, "parameters": parameters})], files)


def _history_csv(epochs: Sequence[Mapping[str, Any]]) -> bytes:
    columns = list(dict.fromkeys(name for line in epochs for name in line))
    rows = [",".join(str(line.get(name, "")) for name in columns) for line in epochs]
    return ("\n".join([",".join(columns), *rows]) + "\n").encode()
