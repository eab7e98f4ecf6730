"""Trainings and tests of the predecessor as tasks of today that have ended, with what their workers would have left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from vestim_core.jobs.legacy.files import FormerFolder, Unreadable
from vestim_core.jobs.legacy.former_job import FormerJob
from vestim_core.jobs.legacy.history import epoch_lines, finite, whole
from vestim_core.jobs.legacy.results import (
    MAX_PREDICTION_BYTES,
    Predicted,
    metrics_document,
    npz,
    read_predictions,
    read_table,
    within_limit,
)
from vestim_core.jobs.legacy.status import end_of, words_on
from vestim_core.jobs.legacy.trials import Translated, Translation
from vestim_core.spec.events import EventKind
from vestim_core.spec.imported import ImportedModel
from vestim_core.spec.model import parameter_count
from vestim_core.spec.signals import error_scale
from vestim_core.spec.states import AttemptState, Phase, PhaseState, TaskKind
from vestim_core.spec.task import TaskSpec
from vestim_core.system import safe_name

MAX_NOTES = 100
_PREPARING = (Phase.DATA_IMPORT, Phase.DATA_PROCESSING, Phase.DATA_AUGMENTATION)
_PASSED = {"state": PhaseState.DONE.value, "fraction": 1.0, "message": "done by PyBattML"}
Content = bytes | Path
"""Of a file: what stands in it, or the file that it is a copy of."""


@dataclass
class Written:
    """What came of a job. models: trainings with weights. notes: what was left out or is other here."""

    models: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EndedTask:
    """One task, how it ended, its journal and, by path within its folder, what it left."""

    spec: TaskSpec
    end: AttemptState
    lines: list[tuple[EventKind, dict[str, Any]]]
    files: Mapping[str, Content]


def as_json(value: Any) -> bytes:
    """`value` as a readable JSON file."""
    return to_json(value, indent=2, inf_nan_mode="null") + b"\n"


def ended_tasks(job: FormerJob, translation: Translation, written: Written) -> list[EndedTask]:
    """A training and, where it was tested, a test for each of the job's trainings, in order; what was noticed goes to
    `written`."""
    width = max(3, len(str(len(translation.trainings))))
    table = read_table(job.table, translation.trainings[0].trial.signals.target) if translation.trainings else {}
    readable = within_limit(path for one in translation.trainings for path in one.task.predictions)
    tasks: list[EndedTask] = []
    for number, one in enumerate(translation.trainings, 1):
        tested = _tested(one, readable, table, written)
        train = _training(job, one, f"train_{number:0{width}}", written, tested=bool(tested))
        tasks.append(train)
        if tested:
            tasks.append(_test(one, f"test_{number:0{width}}", train.spec.task_id, tested))
    all_ended = all(task.end is AttemptState.FINISHED for task in tasks)
    written.notes[:0] = words_on(job, all_ended=all_ended)
    if tasks:
        told = [(EventKind.MESSAGE, {"level": "info", "text": note}) for note in written.notes[:MAX_NOTES]]
        tasks[0].lines[:0] = [*((EventKind.PHASE, {"phase": phase.value, **_PASSED}) for phase in _PREPARING), *told]
    return tasks


def _tested(
    one: Translated, readable: Collection[Path], table: Mapping[str, list[Predicted]], written: Written
) -> dict[str, Predicted]:
    """What the training's model predicted, by the key of the file; only figures where no predictions can be read."""
    found: list[Predicted] = []
    paths = [path for path in one.task.predictions if path in readable]
    if len(paths) < len(one.task.predictions):
        written.notes.append(
            f"of the {len(one.task.predictions)} predicted files of '{one.task.name}' {len(paths)} are read, for a job "
            f"has more than {MAX_PREDICTION_BYTES >> 20} MiB of them: the others' figures are from its table of results"
        )
    for path in paths:
        try:
            found.append(read_predictions(FormerFolder(one.task.folder), path, one.trial.signals.target))
        except Unreadable as error:
            written.notes.append(str(error))
    read = {predicted.file for predicted in found}
    found += [predicted for predicted in table.get(one.task.name, []) if predicted.file not in read]
    keys: dict[str, Predicted] = {}
    for predicted in found:
        stem = safe_name(predicted.file).rpartition(".")[0] or "file"
        key = next(name for number in range(1, len(keys) + 2) if (name := _numbered(stem, number)) not in keys)
        keys[key] = predicted
    return keys


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}_{number}"


def _training(job: FormerJob, one: Translated, task_id: str, written: Written, *, tested: bool) -> EndedTask:
    trial, task = one.trial, one.task
    suffix, unit = error_scale(trial.signals.target)
    spread = one.scale[-1][1] - one.scale[-1][0] if one.scale else 1.0
    epochs = epoch_lines(task.epochs, suffix, unit * spread, trial.training.max_epochs)
    end = end_of(job, task, tested=tested)
    summary = _summary(one, epochs, suffix, end)
    files: dict[str, Content] = {"result/history.csv": _csv(epochs)} if epochs else {}
    about: ImportedModel | None = None
    testable = bool(task.weights) and not one.untestable
    if task.weights and one.untestable:
        written.notes.append(f"the weights of '{task.name}' cannot be tested: {one.untestable}")
    if testable:
        written.models += 1
        weights = [path.name for path in task.weights]
        about = ImportedModel(weights=weights, scale=one.scale, training=summary)
        files |= {f"result/{path.name}": path for path in task.weights}
    result = {
        "training": summary,
        "has_model": testable,
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
        imported=about,
    )
    return EndedTask(spec, end, lines, files)


def _summary(one: Translated, epochs: Sequence[Mapping[str, Any]], suffix: str, end: AttemptState) -> dict[str, Any]:
    """What stands of the training in its result, as every training leaves it."""
    told, last = one.task.summary, epochs[-1] if epochs else {}
    best, elapsed_s = finite(told.get("best_validation_loss_denormalized")), finite(told.get("training_time_seconds"))
    best = best if best is not None else last.get(f"best_validation_rmse{suffix}")
    elapsed_s = elapsed_s if elapsed_s is not None else last.get("elapsed_s")
    count = whole(told.get("completed_epochs"))
    return {
        "end": end.value,
        "epochs": count if count is not None else len(epochs),
        "best_epoch": last.get("best_epoch", 0),
        "validation": {f"rmse{suffix}": best} if best is not None else {},
        "elapsed_s": elapsed_s if elapsed_s is not None else 0.0,
        "rows_per_s": None,
    }


def _test(one: Translated, task_id: str, train_id: str, tested: Mapping[str, Predicted]) -> EndedTask:
    trial = one.trial
    document = metrics_document({"task_id": train_id, "title": trial.title}, trial.signals.target, tested)
    told = {name: document[name] for name in ("schema_version", "model", "target", "overall", "files")}
    files: dict[str, Content] = {"result/metrics.json": as_json(document)}
    files |= {f"result/predictions/{key}.npz": npz(found) for key, found in tested.items() if found.time_s}
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
    return EndedTask(spec, AttemptState.FINISHED, [(EventKind.RESULT, {**told, "parameters": parameters})], files)


def _csv(epochs: Sequence[Mapping[str, Any]]) -> bytes:
    columns = list(dict.fromkeys(name for line in epochs for name in line))
    rows = [",".join(str(line.get(name, "")) for name in columns) for line in epochs]
    return ("\n".join([",".join(columns), *rows]) + "\n").encode()
