"""Retest: trained models of an ended job on new files, from the job's folder alone, or on disturbed ones.

Every model's results lie in `result/<training>/`, in the form that every test has; what disturbances cost it in
`robustness.json` beside. Each new file is prepared once for all models that were trained with the same preparation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import torch

from vestim_core.data.files import find_files
from vestim_core.data.prepare import PreparationCancelled
from vestim_core.data.prepared import PreparedFile, unique_keys
from vestim_core.evaluation.conformal import Band
from vestim_core.evaluation.disturbances import robustness, robustness_document
from vestim_core.evaluation.envelope import envelope_findings
from vestim_core.evaluation.report import MAX_TOLD_FILES, METRICS, ResultWriter, headlines
from vestim_core.evaluation.standalone import TrainedModel, read_new_file
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.finding import Severity
from vestim_core.spec.retest import Retest
from vestim_core.spec.states import AttemptState
from vestim_core.spec.task import TaskSpec
from vestim_core.system import read_json, write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.prepared import open_set, preparing_task

MAX_TOLD_MODELS = 200
MAX_TOLD_BATTERIES = 100


class _Cancelled(Exception):
    """The user wants the attempt to end."""


def run(attempt: Attempt) -> AttemptState:
    """Leaves in `result/<training>/` of each model `metrics.json` and predictions of new files, and `robustness.json`
    when that was asked for."""
    asked = attempt.task.retest
    if asked is None:
        raise wrong_input("the task names no files: ask again", place="retest")
    torch.set_num_threads(attempt.launch.threads)
    paths = find_files(asked.files) if asked.files else []
    models = {name: TrainedModel.open(attempt.result_of(name)) for name in asked.trained}
    writers = {name: _writer(attempt, name, model) for name, model in models.items()} if paths else {}
    tested: dict[str, list[PreparedFile]] = {name: [] for name in models}
    done, count = 0, len(paths) * len(models)
    for names, path, key in _work(models, paths):
        if attempt.cancelled():
            return AttemptState.STOPPED
        file = _read(attempt, asked, models[names[0]], path, key)
        for name in names:
            writers[name].add(file, models[name].predict(file))
            tested[name] += [file] if asked.robustness else []
            done += 1
            attempt.journal.progress({"fraction": done / count, "message": f"tested {done} of {count}"})
    found = [_told(writer.finish(), len(models)) for writer in writers.values()]
    told: dict[str, Any] = {"retest": found[:MAX_TOLD_MODELS], "models": len(models)}
    if asked.robustness:
        try:
            costs = [
                _robustness(attempt, name, model, tested[name] if paths else _own_files(attempt, name), number)
                for number, (name, model) in enumerate(models.items())
            ]
        except (_Cancelled, PreparationCancelled):
            return AttemptState.STOPPED
        told["robustness"] = costs[:MAX_TOLD_BATTERIES]
    attempt.journal.event(EventKind.RESULT, told)
    return AttemptState.FINISHED


def _own_files(attempt: Attempt, trained: str) -> list[PreparedFile]:
    """The job's own test files as that training's preparation has them, else its validation files."""
    task = TaskSpec.model_validate(read_json(attempt.job_folder / "tasks" / trained / "task.json"))
    prepared = open_set(attempt, preparing_task(task))
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


def _work(models: dict[str, TrainedModel], paths: list[Path]) -> Iterator[tuple[list[str], Path, str]]:
    """Each file with the models that read it alike, and its key."""

    def preparation(name: str) -> str:
        return json.dumps(models[name].pipeline.to_json(), sort_keys=True)

    keys = unique_keys(path.name for path in paths)
    for _, alike in groupby(sorted(models, key=preparation), key=preparation):
        names = list(alike)
        for path, key in zip(paths, keys, strict=True):
            yield names, path, key


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


def _read(attempt: Attempt, asked: Retest, model: TrainedModel, path: Path, key: str) -> PreparedFile:
    repairs = [one.repair for one in asked.repairs if one.file in (path.name, str(path))]
    vendors = attempt.home.vendors
    file, findings = read_new_file(path, model.pipeline, asked.columns, repairs=repairs, key=key, extra_vendors=vendors)
    for finding in (*findings, *envelope_findings(file, model.document.get("envelope", {}))):
        if finding.severity is not Severity.INFO:
            attempt.journal.event(EventKind.MESSAGE, {"level": "warning", "text": finding.sentence})
    return file


def _told(document: dict[str, Any], models: int) -> dict[str, Any]:
    told = headlines(document)
    return {**told, "files": told["files"][: max(1, MAX_TOLD_FILES // models)]}
