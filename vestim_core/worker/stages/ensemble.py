"""Ensemble: the repetitions of one combination as one model, and how much they differ. Needs no torch: it reads what
the tests of its members have predicted, and takes those that were tested, two at least.
"""

from __future__ import annotations

from typing import Any
from zipfile import BadZipFile

import numpy as np

from vestim_core.data.prepare import PreparationCancelled
from vestim_core.data.prepared import PreparedFile, Role
from vestim_core.evaluation.comparison import Comparison, compared_rows, scored_rows
from vestim_core.evaluation.ensemble import agreement, mean_and_spread, over_seeds
from vestim_core.evaluation.report import METRICS, ResultWriter, headlines
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState, TaskKind
from vestim_core.spec.task import TaskSpec
from vestim_core.system import read_json, write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.prepared import open_set, preparing_task


def run(attempt: Attempt) -> AttemptState:
    """Leaves `result/metrics.json`, predictions with their standard deviation, and `seeds.json`."""
    target = attempt.task.signals.target
    members = {name: read_json(attempt.result_of(name) / METRICS) for name in _tested(attempt)}
    specs = {name: attempt.spec_of(name) for name in members}
    seeds = _seeds(attempt, members, specs)
    write_json(attempt.result / "seeds.json", seeds)
    one = next(iter(specs.values()))
    try:
        prepared = open_set(attempt, preparing_task(one))
    except PreparationCancelled:
        return AttemptState.STOPPED
    about = {"kind": "ensemble", "title": attempt.task.title, "members": [*members]}
    csv = attempt.task.testing.predictions_csv
    writer = ResultWriter(attempt.result, target=target, model=about, csv=csv, envelope=_envelope(attempt, one))
    spread: dict[Role, list[tuple[Comparison, np.ndarray]]] = {}
    files = [*prepared.of("validation"), *prepared.of("test")]
    for number, file in enumerate(files, 1):
        mean, std = mean_and_spread([_predicted(attempt, name, file) for name in members])
        result = writer.add(file, mean, std)
        if result.comparison:
            spread.setdefault(file.role, []).append((result.comparison, std[compared_rows(file, target)]))
        attempt.journal.progress({"fraction": number / len(files), "message": f"{number} of {len(files)} files"})
    disagreement = {role: agreement(found, target) for role, found in spread.items()}
    metrics = writer.finish(spread=disagreement)
    attempt.journal.event(EventKind.RESULT, {**headlines(metrics), "spread": disagreement, "seeds": seeds})
    return AttemptState.FINISHED


def _tested(attempt: Attempt) -> list[str]:
    """The tests of members that have come to an end."""
    tested = [name for name in attempt.task.depends_on if (attempt.result_of(name) / METRICS).is_file()]
    if len(tested) < 2:
        raise wrong_input("fewer than two of its models were tested: resume the job so that they are", place="members")
    return tested


def _envelope(attempt: Attempt, member: TaskSpec) -> dict[str, Any] | None:
    """What a member's training has seen, as all have."""
    trained = next(name for name in member.depends_on if name.startswith(TaskKind.TRAIN.value))
    return dict(read_json(attempt.result_of(trained) / "model.json")).get("envelope")


def _seeds(attempt: Attempt, members: dict[str, dict[str, Any]], specs: dict[str, TaskSpec]) -> dict[str, Any]:
    """What stands in `seeds.json`."""
    trials = {name: spec.trial for name, spec in specs.items()}
    return {
        "schema_version": 1,
        "title": attempt.task.title,
        "target": attempt.task.signals.target,
        "members": [{"task_id": name, "seed": trial.seed if trial else None} for name, trial in trials.items()],
        "absent": [name for name in attempt.task.depends_on if name not in members],
        "spread": over_seeds([document["overall"] for document in members.values()]),
    }


def _predicted(attempt: Attempt, member: str, file: PreparedFile) -> np.ndarray:
    """(n,) what a member's test has predicted for every row of a file; NaN where it kept nothing, in rested rows."""
    rows = scored_rows(file)
    predicted = np.full(len(rows), np.nan)
    path = attempt.result_of(member) / "predictions" / f"{file.key}.npz"
    try:
        with np.load(path, allow_pickle=False) as kept:
            predicted[rows] = kept["predicted"]
    except (OSError, KeyError, ValueError, BadZipFile):
        raise wrong_input(
            f'what {member} has predicted for "{file.name}" is gone or damaged: train the job anew', place=str(path)
        ) from None
    return predicted
