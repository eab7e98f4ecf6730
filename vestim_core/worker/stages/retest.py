"""Retest: trained models of an ended job on new files, from the job's folder alone, or on disturbed ones.

Every model's results lie in `result/<training>/`, in the form that every test has; what disturbances cost it in
`robustness.json` beside. Each new file is prepared once for all models that were trained with the same preparation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import torch

from vestim_core.data.file_repairs import repairs_for, repairs_of
from vestim_core.data.files import distinct_names, find_files
from vestim_core.data.prepare import PreparationCancelled
from vestim_core.data.prepared import PreparedFile, unique_keys
from vestim_core.evaluation.conformal import Band
from vestim_core.evaluation.disturbances import robustness, robustness_document
from vestim_core.evaluation.envelope import envelope_findings
from vestim_core.evaluation.report import MAX_TOLD_FILES, METRICS, ResultWriter, headlines
from vestim_core.evaluation.standalone import TrainedModel, read_new_file
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.finding import Repair, Severity
from vestim_core.spec.retest import Retest
from vestim_core.spec.states import AttemptState, TaskKind
from vestim_core.system import read_json, write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.imported import make_model
from vestim_core.worker.mappings import mapping_of
from vestim_core.worker.prepared import open_set, preparing_task

MAX_TOLD_MODELS = 200
MAX_TOLD_BATTERIES = 100


@dataclass(frozen=True)
class _NewFile:
    """A file, what it is called, the key of its results, and how it is repaired."""

    path: Path
    name: str
    key: str
    repairs: list[Repair]


class _Cancelled(Exception):
    """The user wants the attempt to end."""


def run(attempt: Attempt) -> AttemptState:
    """Leaves in `result/<training>/` of each model `metrics.json` and predictions of new files, and `robustness.json`
    when that was asked for."""
    asked = attempt.task.retest
    if asked is None:
        raise wrong_input("the task names no files: ask again", place="retest")
    torch.set_num_threads(attempt.launch.threads)
    models = {name: _open(attempt, name) for name in asked.trained}
    try:
        files = _new_files(asked)
        told, tested = _tested(attempt, asked, models, files)
        if asked.robustness:
            costs = [
                _robustness(attempt, name, model, tested[name] if files else _own_files(attempt, name), number)
                for number, (name, model) in enumerate(models.items())
            ]
            told["robustness"] = costs[:MAX_TOLD_BATTERIES]
    except (_Cancelled, PreparationCancelled):
        return AttemptState.STOPPED
    attempt.journal.event(EventKind.RESULT, told)
    return AttemptState.FINISHED


def _tested(
    attempt: Attempt, asked: Retest, models: dict[str, TrainedModel], files: list[_NewFile]
) -> tuple[dict[str, Any], dict[str, list[PreparedFile]]]:
    """What is told of the models' tests on new files, and these files as each model has them when they are to be
    disturbed too. `_Cancelled` between two."""
    writers = {name: _writer(attempt, name, model) for name, model in models.items()} if files else {}
    tested: dict[str, list[PreparedFile]] = {name: [] for name in models}
    done, count = 0, len(files) * len(models)
    for names, new in _work(models, files):
        if attempt.cancelled():
            raise _Cancelled
        file = _read(attempt, asked, models[names[0]], new)
        for name in names:
            writers[name].add(file, models[name].predict(file))
            tested[name] += [file] if asked.robustness else []
            done += 1
            attempt.journal.progress({"fraction": done / count, "message": f"tested {done} of {count}"})
    found = [_told(writer.finish(), len(models)) for writer in writers.values()]
    return {"retest": found[:MAX_TOLD_MODELS], "models": len(models)}, tested


def _open(attempt: Attempt, name: str) -> TrainedModel:
    """The model of a training; one whose weights were imported is made first."""

    def warn(sentence: str) -> None:
        attempt.journal.event(EventKind.MESSAGE, {"level": "warning", "text": sentence})

    make_model(attempt.result_of(name).parent, warn)
    return TrainedModel.open(attempt.result_of(name))


def _own_files(attempt: Attempt, trained: str) -> list[PreparedFile]:
    """The job's own test files as that training's preparation has them, else its validation files."""
    prepared = open_set(attempt, preparing_task(attempt.spec_of(trained)))
    return prepared.of("test") or prepared.of("validation")


def _robustness(
    attempt: Attempt, name: str, model: TrainedModel, files: Sequence[PreparedFile], number: int
) -> dict[str, Any]:
    """Write what disturbances cost one model, the `number`-th from 0; what is told of it. `_Cancelled` between two."""
    models = len(attempt.task.retest.trained) if attempt.task.retest else 1

    def report(done: int, count: int) -> None:
        if attempt.cancelled():
            raise _Cancelled
        fraction = (number + done / count) / models
        attempt.journal.progress({"fraction": fraction, "message": f"{name}: {done} of {count} disturbances"})

    records = robustness(model.predict, files, model.pipeline, on_case=report)
    document = robustness_document(_about(name, model), files, model.target, records)
    folder = attempt.result / name
    folder.mkdir(exist_ok=True)
    write_json(folder / "robustness.json", document)
    return {key: document[key] for key in ("model", "target", "cases")}


def _new_files(asked: Retest) -> list[_NewFile]:
    paths = find_files(asked.files) if asked.files else []
    repairs = repairs_of(asked.repairs, paths)
    names, keys = distinct_names(paths), unique_keys(path.name for path in paths)
    return [
        _NewFile(path, name, key, repairs_for(repairs, path))
        for path, name, key in zip(paths, names, keys, strict=True)
    ]


def _work(models: dict[str, TrainedModel], files: list[_NewFile]) -> Iterator[tuple[list[str], _NewFile]]:
    """Each file with the models that read it alike."""

    def preparation(name: str) -> str:
        return json.dumps(models[name].pipeline.to_json(), sort_keys=True)

    for _, alike in groupby(sorted(models, key=preparation), key=preparation):
        names = list(alike)
        for file in files:
            yield names, file


def _writer(attempt: Attempt, name: str, model: TrainedModel) -> ResultWriter:
    return ResultWriter(
        attempt.result / name,
        target=model.target,
        model=_about(name, model),
        csv=attempt.task.testing.predictions_csv,
        envelope=model.document.get("envelope"),
        band=_band(attempt, name, model),
    )


def _band(attempt: Attempt, name: str, model: TrainedModel) -> Band | None:
    """The band that the job's own test of that model has found; None where there is no such test."""
    try:
        known = read_json(attempt.result_of(name.replace("train", "test", 1)) / METRICS).get("band")
        return Band.from_json(known, model.target) if known else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _about(name: str, model: TrainedModel) -> dict[str, Any]:
    return {"task_id": name, "title": model.document["trial"]["title"]}


def _as_prepared(attempt: Attempt, trained: str) -> dict[str, str]:
    """What the columns of the job's own files were taken for, where that was said of their headers and alike in all."""
    prepared = [name for name in attempt.spec_of(trained).depends_on if name.startswith(TaskKind.PREPARE.value)]
    each = [columns for name in prepared for columns in (attempt.spec_of(name).mappings or {}).values()]
    return dict(each[0]) if each and all(columns == each[0] for columns in each) else {}


def _read(attempt: Attempt, asked: Retest, model: TrainedModel, new: _NewFile) -> PreparedFile:
    file, findings = read_new_file(
        new.path,
        model.pipeline,
        mapping_of(attempt.home, new.path, asked.columns, _as_prepared(attempt, asked.trained[0])),
        repairs=new.repairs,
        name=new.name,
        key=new.key,
        extra_vendors=attempt.home.vendors,
    )
    for finding in (*findings, *envelope_findings(file, model.document.get("envelope", {}))):
        if finding.severity is not Severity.INFO:
            attempt.journal.event(EventKind.MESSAGE, {"level": "warning", "text": finding.sentence})
    return file


def _told(document: dict[str, Any], models: int) -> dict[str, Any]:
    told = headlines(document)
    return {**told, "files": told["files"][: max(1, MAX_TOLD_FILES // models)]}
