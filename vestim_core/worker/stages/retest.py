"""Retest: trained models of an ended job on new files, from the job's folder alone.

Every model's results lie in `result/<training>/`, in the form that every test has. Each file is prepared once for all
models that were trained with the same preparation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import torch

from vestim_core.data.file_repairs import repairs_for, repairs_of
from vestim_core.data.files import distinct_names, find_files
from vestim_core.data.prepared import PreparedFile, unique_keys
from vestim_core.evaluation.envelope import envelope_findings
from vestim_core.evaluation.report import MAX_TOLD_FILES, ResultWriter, headlines
from vestim_core.evaluation.standalone import TrainedModel, read_new_file
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.finding import Repair, Severity
from vestim_core.spec.retest import Retest
from vestim_core.spec.states import AttemptState
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.mappings import mapping_of

MAX_TOLD_MODELS = 200


@dataclass(frozen=True)
class _NewFile:
    """A file, what it is called, the key of its results, and how it is repaired."""

    path: Path
    name: str
    key: str
    repairs: list[Repair]


def run(attempt: Attempt) -> AttemptState:
    """Leaves `result/<training>/metrics.json` and predictions for each model."""
    asked = attempt.task.retest
    if asked is None:
        raise wrong_input("the task names no files: ask again", place="retest")
    torch.set_num_threads(attempt.launch.threads)
    files = _new_files(asked)
    models = {name: TrainedModel.open(attempt.result_of(name)) for name in asked.trained}
    writers = {name: _writer(attempt, name, model) for name, model in models.items()}
    done, count = 0, len(files) * len(models)
    for names, new in _work(models, files):
        if attempt.cancelled():
            return AttemptState.STOPPED
        file = _read(attempt, asked, models[names[0]], new)
        for name in names:
            writers[name].add(file, models[name].predict(file))
            done += 1
            attempt.journal.progress({"fraction": done / count, "message": f"tested {done} of {count}"})
    found = [_told(writer.finish(), len(models)) for writer in writers.values()]
    attempt.journal.event(EventKind.RESULT, {"retest": found[:MAX_TOLD_MODELS], "models": len(found)})
    return AttemptState.FINISHED


def _new_files(asked: Retest) -> list[_NewFile]:
    paths = find_files(asked.files)
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
    about = {"task_id": name, "title": model.document["trial"]["title"]}
    return ResultWriter(
        attempt.result / name, target=model.target, model=about, csv=attempt.task.testing.predictions_csv
    )


def _read(attempt: Attempt, asked: Retest, model: TrainedModel, new: _NewFile) -> PreparedFile:
    file, findings = read_new_file(
        new.path,
        model.pipeline,
        mapping_of(attempt.home, new.path, asked.columns),
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
