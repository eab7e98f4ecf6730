"""Ensemble: the repetitions of one combination as one model, and how much they differ.

Needs no torch: it reads the predictions of its members' tests and uses the tested members, at least two.
"""

from __future__ import annotations

from typing import Any
from zipfile import BadZipFile

import numpy as np

from vestim_core.data.prepare_data import PreparationCanceled
from vestim_core.data.prepared_set import PreparedFile, Role
from vestim_core.evaluation.comparison import Comparison, compared_rows, scored_rows
from vestim_core.evaluation.ensemble import agreement, mean_and_spread, spread_over_repetitions
from vestim_core.evaluation.evaluation_report import METRICS_FILE, ResultWriter, metrics_summary
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState, TaskKind
from vestim_core.spec.task import TaskSpec
from vestim_core.system import read_json, write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.task_data import open_prepared_set, preparing_task_id


def run(attempt: Attempt) -> AttemptState:
    """Write `result/metrics.json`, predictions with their standard deviation, and `seeds.json`."""
    target = attempt.task.signals.target
    members = {name: read_json(attempt.result_folder_of(name) / METRICS_FILE) for name in _find_tested_members(attempt)}
    specs = {name: attempt.load_task(name) for name in members}
    seeds_document = _seeds_document(attempt, members, specs)
    write_json(attempt.result_folder / "seeds.json", seeds_document)
    first_member = next(iter(specs.values()))
    try:
        prepared = open_prepared_set(attempt, preparing_task_id(first_member))
    except PreparationCanceled:
        return AttemptState.STOPPED
    model_info = {"kind": "ensemble", "title": attempt.task.title, "members": [*members]}
    csv = attempt.task.testing.predictions_csv
    writer = ResultWriter(
        attempt.result_folder,
        target=target,
        model=model_info,
        csv=csv,
        envelope=_training_envelope(attempt, first_member),
    )
    spread_by_role: dict[Role, list[tuple[Comparison, np.ndarray]]] = {}
    files = [*prepared.files_of_role("validation"), *prepared.files_of_role("test")]
    for index, file in enumerate(files, 1):
        mean, std = mean_and_spread([_member_prediction(attempt, name, file) for name in members])
        result = writer.add(file, mean, std)
        if result.comparison:
            spread_by_role.setdefault(file.role, []).append((result.comparison, std[compared_rows(file, target)]))
        attempt.journal.progress({"fraction": index / len(files), "message": f"{index} of {len(files)} files"})
    disagreement = {role: agreement(role_comparisons, target) for role, role_comparisons in spread_by_role.items()}
    metrics = writer.finish(spread=disagreement)
    attempt.journal.event(
        EventKind.RESULT, {**metrics_summary(metrics), "spread": disagreement, "seeds": seeds_document}
    )
    return AttemptState.FINISHED


def _find_tested_members(attempt: Attempt) -> list[str]:
    """Ids of the members' tests that have finished."""
    tested_members = [
        name for name in attempt.task.depends_on if (attempt.result_folder_of(name) / METRICS_FILE).is_file()
    ]
    if len(tested_members) < 2:
        raise wrong_input(
            "fewer than two of its models were tested: resume the job so that they are", location="members"
        )
    return tested_members


def _training_envelope(attempt: Attempt, member: TaskSpec) -> dict[str, Any] | None:
    """Value ranges of the data that a member was trained on; they are the same for all members."""
    training_id = next(name for name in member.depends_on if name.startswith(TaskKind.TRAIN.value))
    return dict(read_json(attempt.result_folder_of(training_id) / "model.json")).get("envelope")


def _seeds_document(attempt: Attempt, members: dict[str, dict[str, Any]], specs: dict[str, TaskSpec]) -> dict[str, Any]:
    """Content of `seeds.json`."""
    trials = {name: spec.trial for name, spec in specs.items()}
    return {
        "schema_version": 1,
        "title": attempt.task.title,
        "target": attempt.task.signals.target,
        "members": [{"task_id": name, "seed": trial.seed if trial else None} for name, trial in trials.items()],
        "absent": [name for name in attempt.task.depends_on if name not in members],
        "spread": spread_over_repetitions([document["overall"] for document in members.values()]),
    }


def _member_prediction(attempt: Attempt, member: str, file: PreparedFile) -> np.ndarray:
    """(n,) prediction of a member's test for every row of a file; NaN in resting rows, which the test leaves out."""
    is_scored = scored_rows(file)
    predicted = np.full(len(is_scored), np.nan)
    path = attempt.result_folder_of(member) / "predictions" / f"{file.key}.npz"
    try:
        with np.load(path, allow_pickle=False) as file_predictions:
            predicted[is_scored] = file_predictions["predicted"]
    except (OSError, KeyError, ValueError, BadZipFile):
        raise wrong_input(
            f'what {member} has predicted for "{file.name}" is gone or damaged: train the job anew', location=str(path)
        ) from None
    return predicted
