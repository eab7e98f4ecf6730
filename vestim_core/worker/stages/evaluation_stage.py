"""Evaluation of an ended job's trained models on new files or on disturbed ones, from the job's folder alone.

The results of each model lie in `result/<training>/` in the format of every test, with `robustness.json` for the
effect of disturbances. Each new file is prepared once for all models that were trained with the same preparation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import torch

from vestim_core.data.data_files import distinct_names, find_files
from vestim_core.data.file_repairs import resolve_repairs, select_repairs
from vestim_core.data.prepare_data import PreparationCanceled
from vestim_core.data.prepared_set import PreparedFile, unique_keys
from vestim_core.evaluation.conformal import Band
from vestim_core.evaluation.disturbances import robustness, robustness_document
from vestim_core.evaluation.envelope import envelope_findings
from vestim_core.evaluation.evaluation_report import MAX_LISTED_FILES, METRICS_FILE, ResultWriter, metrics_summary
from vestim_core.evaluation.trained_model import TrainedModel, read_new_file
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.evaluation import EvaluationSpec
from vestim_core.spec.events import EventKind
from vestim_core.spec.finding import Repair, Severity
from vestim_core.spec.states import AttemptState, TaskKind
from vestim_core.system import read_json, write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.home_mappings import column_mapping
from vestim_core.worker.imported_weights import build_imported_model
from vestim_core.worker.task_data import open_prepared_set, preparing_task_id

MAX_EVENT_MODELS = 200  # in the result event, which has a size limit; metrics.json of every model is in its folder
MAX_EVENT_ROBUSTNESS = 100  # models' robustness in the result event, for the same reason


@dataclass(frozen=True)
class _NewFile:
    """A file, its display name, the key of its results, and its repairs."""

    path: Path
    name: str
    key: str
    repairs: list[Repair]


class _Canceled(Exception):
    """The user's intent is to end the attempt."""


def run(attempt: Attempt) -> AttemptState:
    """Write `metrics.json`, predictions and, if requested, `robustness.json` to `result/<training>/` of each model."""
    evaluation = attempt.task.evaluation
    if evaluation is None:
        raise wrong_input("the task names no files: ask again", location="evaluation")
    torch.set_num_threads(attempt.launch.threads)
    models = {name: _open_model(attempt, name) for name in evaluation.training_task_ids}
    try:
        files = _new_files(evaluation)
        summary, tested_files = _test_models(attempt, evaluation, models, files)
        if evaluation.robustness:
            robustness_summaries = [
                _evaluate_robustness(
                    attempt, name, model, tested_files[name] if files else _job_files(attempt, name), model_index
                )
                for model_index, (name, model) in enumerate(models.items())
            ]
            summary["robustness"] = robustness_summaries[:MAX_EVENT_ROBUSTNESS]
    except (_Canceled, PreparationCanceled):
        return AttemptState.STOPPED
    attempt.journal.event(EventKind.RESULT, summary)
    return AttemptState.FINISHED


def _test_models(
    attempt: Attempt, evaluation: EvaluationSpec, models: dict[str, TrainedModel], files: list[_NewFile]
) -> tuple[dict[str, Any], dict[str, list[PreparedFile]]]:
    """Test the models on new files; raises `_Canceled` between two files.

    Returns the summary for the event, and the files as each model reads them when robustness is requested too.
    """
    writers = {name: _writer(attempt, name, model) for name, model in models.items()} if files else {}
    tested_files: dict[str, list[PreparedFile]] = {name: [] for name in models}
    done_count, count = 0, len(files) * len(models)
    for names, new_file in _iter_work(models, files):
        if attempt.is_canceled():
            raise _Canceled
        file = _read_file(attempt, evaluation, models[names[0]], new_file)
        for name in names:
            writers[name].add(file, models[name].predict(file))
            tested_files[name] += [file] if evaluation.robustness else []
            done_count += 1
            attempt.journal.progress({"fraction": done_count / count, "message": f"tested {done_count} of {count}"})
    summaries = [_event_summary(writer.finish(), len(models)) for writer in writers.values()]
    return {"evaluation": summaries[:MAX_EVENT_MODELS], "models": len(models)}, tested_files


def _open_model(attempt: Attempt, name: str) -> TrainedModel:
    """Open the model of a training; one with imported weights is built first."""

    def warn(message: str) -> None:
        attempt.journal.event(EventKind.MESSAGE, {"level": "warning", "message": message})

    build_imported_model(attempt.result_folder_of(name).parent, warn)
    return TrainedModel.open(attempt.result_folder_of(name))


def _job_files(attempt: Attempt, training_id: str) -> list[PreparedFile]:
    """The job's test files as prepared for that training, or its validation files when there are none."""
    prepared = open_prepared_set(attempt, preparing_task_id(attempt.load_task(training_id)))
    return prepared.files_of_role("test") or prepared.files_of_role("validation")


def _evaluate_robustness(
    attempt: Attempt, name: str, model: TrainedModel, files: Sequence[PreparedFile], model_index: int
) -> dict[str, Any]:
    """Write the effect of disturbances on one model and return its summary; raises `_Canceled` between two.

    model_index: position of the model among all, from 0.
    """
    model_count = len(attempt.task.evaluation.training_task_ids) if attempt.task.evaluation else 1

    def report(done_count: int, count: int) -> None:
        if attempt.is_canceled():
            raise _Canceled
        fraction = (model_index + done_count / count) / model_count
        attempt.journal.progress({"fraction": fraction, "message": f"{name}: {done_count} of {count} disturbances"})

    records = robustness(model.predict, files, model.pipeline, on_case=report)
    document = robustness_document(_model_info(name, model), files, model.target, records)
    folder = attempt.result_folder / name
    folder.mkdir(exist_ok=True)
    write_json(folder / "robustness.json", document)
    return {key: document[key] for key in ("model", "target", "cases")}


def _new_files(evaluation: EvaluationSpec) -> list[_NewFile]:
    paths = find_files(evaluation.files) if evaluation.files else []
    repairs = resolve_repairs(evaluation.repairs, paths)
    names, keys = distinct_names(paths), unique_keys(path.name for path in paths)
    return [
        _NewFile(path, name, key, select_repairs(repairs, path))
        for path, name, key in zip(paths, names, keys, strict=True)
    ]


def _iter_work(models: dict[str, TrainedModel], files: list[_NewFile]) -> Iterator[tuple[list[str], _NewFile]]:
    """Yield each file with the models that share a preparation."""

    def preparation(name: str) -> str:
        return json.dumps(models[name].pipeline.to_json(), sort_keys=True)

    for _, group in groupby(sorted(models, key=preparation), key=preparation):
        names = list(group)
        for file in files:
            yield names, file


def _writer(attempt: Attempt, name: str, model: TrainedModel) -> ResultWriter:
    return ResultWriter(
        attempt.result_folder / name,
        target=model.target,
        model=_model_info(name, model),
        csv=attempt.task.testing.predictions_csv,
        envelope=model.document.get("envelope"),
        band=_band(attempt, name, model),
    )


def _band(attempt: Attempt, name: str, model: TrainedModel) -> Band | None:
    """The band found by the job's own test of that model; None where there is no such test."""
    try:
        document = read_json(attempt.result_folder_of(name.replace("train", "test", 1)) / METRICS_FILE).get("band")
        return Band.from_json(document, model.target) if document else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _model_info(name: str, model: TrainedModel) -> dict[str, Any]:
    return {"task_id": name, "title": model.document["trial"]["title"]}


def _job_mapping(attempt: Attempt, training_id: str) -> dict[str, str]:
    """The job's column mapping as stored by its preparing tasks, when all files have the same; else empty."""
    preparing_ids = [
        name for name in attempt.load_task(training_id).depends_on if name.startswith(TaskKind.PREPARE.value)
    ]
    mappings = [columns for name in preparing_ids for columns in (attempt.load_task(name).mappings or {}).values()]
    return dict(mappings[0]) if mappings and all(columns == mappings[0] for columns in mappings) else {}


def _read_file(attempt: Attempt, evaluation: EvaluationSpec, model: TrainedModel, new_file: _NewFile) -> PreparedFile:
    file, findings = read_new_file(
        new_file.path,
        model.pipeline,
        column_mapping(
            attempt.home, new_file.path, evaluation.columns, _job_mapping(attempt, evaluation.training_task_ids[0])
        ),
        repairs=new_file.repairs,
        name=new_file.name,
        key=new_file.key,
        extra_vendors=attempt.home.vendors,
    )
    for finding in (*findings, *envelope_findings(file, model.document.get("envelope", {}))):
        if finding.severity is not Severity.INFO:
            attempt.journal.event(EventKind.MESSAGE, {"level": "warning", "message": finding.message})
    return file


def _event_summary(document: dict[str, Any], model_count: int) -> dict[str, Any]:
    summary = metrics_summary(document)
    return {**summary, "files": summary["files"][: max(1, MAX_LISTED_FILES // model_count)]}
