"""Retest: trained models of an ended job on new files, from the job's folder alone.

Every model's results lie in `result/<training>/`, in the form that every test has. Each file is prepared once for all
models that were trained with the same preparation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import torch

from vestim_core.data.files import find_files
from vestim_core.data.prepared import PreparedFile, unique_keys
from vestim_core.evaluation.envelope import envelope_findings
from vestim_core.evaluation.report import MAX_TOLD_FILES, ResultWriter, headlines
from vestim_core.evaluation.standalone import TrainedModel, read_new_file
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.finding import Severity
from vestim_core.spec.retest import Retest
from vestim_core.spec.states import AttemptState
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.imported import make_model

MAX_TOLD_MODELS = 200


def run(attempt: Attempt) -> AttemptState:
    """Leaves `result/<training>/metrics.json` and predictions for each model."""
    asked = attempt.task.retest
    if asked is None:
        raise wrong_input("the task names no files: ask again", place="retest")
    torch.set_num_threads(attempt.launch.threads)
    paths = find_files(asked.files)
    models = {name: _open(attempt, name) for name in asked.trained}
    writers = {name: _writer(attempt, name, model) for name, model in models.items()}
    done, count = 0, len(paths) * len(models)
    for names, path, key in _work(models, paths):
        if attempt.cancelled():
            return AttemptState.STOPPED
        file = _read(attempt, asked, models[names[0]], path, key)
        for name in names:
            writers[name].add(file, models[name].predict(file))
            done += 1
            attempt.journal.progress({"fraction": done / count, "message": f"tested {done} of {count}"})
    found = [_told(writer.finish(), len(models)) for writer in writers.values()]
    attempt.journal.event(EventKind.RESULT, {"retest": found[:MAX_TOLD_MODELS], "models": len(found)})
    return AttemptState.FINISHED


def _open(attempt: Attempt, name: str) -> TrainedModel:
    """The model of a training; one whose weights were imported is made first."""

    def warn(sentence: str) -> None:
        attempt.journal.event(EventKind.MESSAGE, {"level": "warning", "text": sentence})

    make_model(attempt.result_of(name).parent, warn)
    return TrainedModel.open(attempt.result_of(name))


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
    about = {"task_id": name, "title": model.document["trial"]["title"]}
    return ResultWriter(
        attempt.result / name, target=model.target, model=about, csv=attempt.task.testing.predictions_csv
    )


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
