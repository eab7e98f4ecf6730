"""A job of the predecessor as a job folder of today, as a worker and the daemon would have left it.

It is written beside and renamed, so that a folder of that id is whole. The weights are copied as they are; the first
test makes a model of them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import vestim_core
from vestim_core.jobs.folders import JobFolder
from vestim_core.jobs.legacy.files import FormerFolder, Unreadable
from vestim_core.jobs.legacy.former_job import FormerJob
from vestim_core.jobs.legacy.history import epoch_lines
from vestim_core.jobs.legacy.results import Predicted, metrics_document, npz, read_predictions, read_table
from vestim_core.jobs.legacy.sources import data_section
from vestim_core.jobs.legacy.status import end_of, made_utc, utc, words_on
from vestim_core.jobs.legacy.trials import Translated, Translation, translate
from vestim_core.protocol.journal import write_line
from vestim_core.protocol.launch import ExitFile, Launch
from vestim_core.spec.events import EventKind
from vestim_core.spec.imported import IMPORTED, ImportedModel
from vestim_core.spec.model import parameter_count
from vestim_core.spec.signals import error_scale
from vestim_core.spec.states import AttemptState, Intent, JobState, TaskKind
from vestim_core.spec.task import TaskSpec
from vestim_core.system import safe_name

TAG = "imported"
MAX_NOTES = 100


@dataclass
class Written:
    """What came of a job. models: trainings with weights. notes: what was left out or is other here."""

    models: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Task:
    """One task to be written: its journal and, by path within its folder, what it left."""

    spec: TaskSpec
    end: AttemptState
    lines: list[tuple[EventKind, dict[str, Any]]]
    files: Mapping[str, bytes | Path]


def write_former_job(job: FormerJob, jobs: Path, home: Path) -> Written:
    """Write `job` into `jobs`, where there must be none of its id. home: the home's root.

    Raises OSError when the disk takes nothing more.
    """
    translation = translate(job)
    written = Written(notes=[*job.missed, *translation.notes])
    tasks = _tasks(job, translation, written)
    beside = jobs / f".incoming-{job.job_id}"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        _write(JobFolder(beside), job, translation, tasks, written, home)
        beside.rename(jobs / job.job_id)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return written


def _tasks(job: FormerJob, translation: Translation, written: Written) -> list[_Task]:
    width = max(3, len(str(len(translation.trainings))))
    table = read_table(job.table, translation.trainings[0].trial.signals.target) if translation.trainings else {}
    tasks: list[_Task] = []
    for number, one in enumerate(translation.trainings, 1):
        tested = _tested(one, table, written)
        train = _training(job, one, f"train_{number:0{width}}", written, tested=bool(tested))
        tasks.append(train)
        if tested:
            tasks.append(_test(one, f"test_{number:0{width}}", train.spec.task_id, tested))
    all_ended = all(task.end is AttemptState.FINISHED for task in tasks)
    written.notes[:0] = words_on(job, all_ended=all_ended)
    if tasks:
        told = [(EventKind.MESSAGE, {"level": "info", "text": note}) for note in written.notes[:MAX_NOTES]]
        tasks[0].lines[:0] = told
    return tasks


def _tested(one: Translated, table: Mapping[str, list[Predicted]], written: Written) -> dict[str, Predicted]:
    """What the training's model predicted, by the key of the file; only figures where no predictions can be read."""
    found: list[Predicted] = []
    for path in one.task.predictions:
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


def _training(job: FormerJob, one: Translated, task_id: str, written: Written, *, tested: bool) -> _Task:
    trial, task = one.trial, one.task
    suffix, unit = error_scale(trial.signals.target)
    spread = one.scale[-1][1] - one.scale[-1][0] if one.scale else 1.0
    epochs = epoch_lines(task.epochs, suffix, unit * spread, trial.training.max_epochs)
    end = end_of(job, task, tested=tested)
    summary = _summary(one, epochs, suffix, end)
    files: dict[str, bytes | Path] = {"result/history.csv": _csv(epochs)} if epochs else {}
    testable = bool(task.weights) and not one.untestable
    if task.weights and one.untestable:
        written.notes.append(f"the weights of '{task.name}' cannot be tested: {one.untestable}")
    if testable:
        written.models += 1
        about = ImportedModel(
            weights=[path.name for path in task.weights],
            scale=one.scale,
            training=summary,
        )
        files |= {f"{IMPORTED}/{path.name}": path for path in task.weights}
        files[f"{IMPORTED}/model.json"] = _json(about.model_dump(mode="json"))
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
    )
    return _Task(spec, end, lines, files)


def _summary(one: Translated, epochs: Sequence[Mapping[str, Any]], suffix: str, end: AttemptState) -> dict[str, Any]:
    """What stands of the training in its result, as every training leaves it."""
    told, last = one.task.summary, epochs[-1] if epochs else {}
    best = told.get("best_validation_loss_denormalized", last.get(f"best_validation_rmse{suffix}"))
    elapsed_s, count = told.get("training_time_seconds", last.get("elapsed_s")), told.get("completed_epochs")
    return {
        "end": end.value,
        "epochs": count if isinstance(count, int) else len(epochs),
        "best_epoch": last.get("best_epoch", 0),
        "validation": {f"rmse{suffix}": best} if isinstance(best, int | float) else {},
        "elapsed_s": elapsed_s if isinstance(elapsed_s, int | float) else 0.0,
        "rows_per_s": None,
    }


def _test(one: Translated, task_id: str, train_id: str, tested: Mapping[str, Predicted]) -> _Task:
    trial = one.trial
    document = metrics_document({"task_id": train_id, "title": trial.title}, trial.signals.target, tested)
    told = {name: document[name] for name in ("schema_version", "model", "target", "overall", "files")}
    files: dict[str, bytes | Path] = {"result/metrics.json": _json(document)}
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
    return _Task(spec, AttemptState.FINISHED, [(EventKind.RESULT, {**told, "parameters": parameters})], files)


def _write(
    folder: JobFolder, job: FormerJob, translation: Translation, tasks: list[_Task], written: Written, home: Path
) -> None:
    made, ended = made_utc(job), utc(job.entry.get("updated_at"))
    ended = ended if ended > made else made
    folder.root.mkdir(parents=True)
    stopped = any(task.end is not AttemptState.FINISHED for task in tasks)
    state = _end_state(tasks)
    document = {"name": job.job_id, "data": data_section(job, translation.columns), **translation.sections}
    (folder.root / "state.json").write_bytes(
        _json(
            {
                "schema_version": 1,
                "job_id": job.job_id,
                "name": job.job_id,
                "state": state.value,
                "intent": (Intent.STOP if stopped and state is not JobState.FAILED else Intent.RUN).value,
                "archived": False,
                "tags": [TAG],
                "note": "",
                "position": 0,
                "test_after_stop": True,
                "created_utc": made,
                "started_utc": made if tasks else "",
                "ended_utc": ended if tasks else "",
                "draft": document if state is JobState.DRAFT else None,
                "imported": _provenance(job, translation, tasks, written) if state is JobState.DRAFT else None,
            }
        )
    )
    if state is JobState.DRAFT:
        return
    provenance = {
        "vestim": vestim_core.__version__,
        "created_utc": made,
        "imported": _provenance(job, translation, tasks, written),
    }
    about = {"schema_version": 1, "job_id": job.job_id, "name": job.job_id, "spec": document, "provenance": provenance}
    (folder.root / "job.json").write_bytes(_json(about))
    for task in tasks:
        _write_task(folder, job.job_id, task, home, made, ended)


def _end_state(tasks: Sequence[_Task]) -> JobState:
    """The state that the reconciler gives a job whose tasks ended so; a job without any is a draft."""
    if not tasks:
        return JobState.DRAFT
    ends = {task.end for task in tasks}
    if AttemptState.STOPPED in ends:
        return JobState.STOPPED
    succeeded = any(task.spec.kind is TaskKind.TEST for task in tasks) or ends == {AttemptState.FINISHED}
    return JobState.DONE if succeeded else JobState.FAILED


def _provenance(job: FormerJob, translation: Translation, tasks: Sequence[_Task], written: Written) -> dict[str, Any]:
    entry = {
        name: job.entry[name]
        for name in ("status", "current_phase", "progress_message", "updated_at", "job_folder")
        if name in job.entry
    }
    return {
        "source": str(job.root),
        "tasks": [task.spec.task_id for task in tasks],
        "folders": {task.spec.task_id: task.spec.title.partition(", ")[2] for task in tasks},
        "notes": written.notes[:MAX_NOTES],
        "settings_notes": translation.settings_notes,
        "job_metadata": job.metadata,
        "registry": entry,
    }


def _write_task(folder: JobFolder, job_id: str, task: _Task, home: Path, begun: str, ended: str) -> None:
    task_id = task.spec.task_id
    place, attempt = folder.task(task_id), folder.attempt(task_id, 1)
    attempt.mkdir(parents=True)
    (place / "task.json").write_bytes(_json(task.spec.model_dump(mode="json")))
    launch = Launch(job_id=job_id, task_id=task_id, attempt=1, home=str(home), threads=1, started_utc=begun)
    (attempt / "launch.json").write_bytes(_json(launch.model_dump(mode="json")))
    (attempt / "events.jsonl").write_bytes(b"".join(write_line(begun, kind, data) for kind, data in task.lines))
    error = {"code": "failed", "message": f"{task.spec.title} had failed before it was imported"}
    failed = task.end is AttemptState.FAILED
    exit_file = ExitFile(state=task.end, error=dict(error) if failed else None, ended_utc=ended)
    (attempt / "exit.json").write_bytes(_json(exit_file.model_dump(mode="json")))
    for name, content in task.files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)


def _csv(epochs: Sequence[Mapping[str, Any]]) -> bytes:
    columns = list(dict.fromkeys(name for line in epochs for name in line))
    rows = [",".join(str(line.get(name, "")) for name in columns) for line in epochs]
    return ("\n".join([",".join(columns), *rows]) + "\n").encode()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")
