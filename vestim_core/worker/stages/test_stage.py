"""Test: a trained model on the validation and test files, with the preparation that it was trained with."""

from __future__ import annotations

import torch

from vestim_core.data.prepare_data import PreparationCanceled
from vestim_core.evaluation.evaluation_report import FileResult, metrics_summary, write_results
from vestim_core.evaluation.inference import predict
from vestim_core.models.model_files import load_model
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.task_data import open_prepared_set


def run(attempt: Attempt) -> AttemptState:
    """Write `result/metrics.json`, which names the tested model, and predictions of every file."""
    torch.set_num_threads(attempt.launch.threads)
    try:
        prepared = open_prepared_set(attempt)
    except PreparationCanceled:
        return AttemptState.STOPPED
    training_id = next(name for name in attempt.task.depends_on if name.startswith("train"))
    module, document = load_model(attempt.result_folder_of(training_id))
    files = [*prepared.files_of_role("validation"), *prepared.files_of_role("test")]
    tested_files: list[str] = []

    def report(result: FileResult) -> None:
        tested_files.append(result.name)
        message = f"tested {len(tested_files)} of {len(files)} files"
        attempt.journal.progress({"fraction": len(tested_files) / len(files), "message": message})

    metrics = write_results(
        attempt.result_folder,
        lambda file: predict(module, file, prepared.pipeline),
        files,
        target=attempt.task.signals.target,
        model={"task_id": training_id, "title": attempt.task.title},
        csv=attempt.task.testing.predictions_csv,
        envelope=document.get("envelope"),
        on_file=report,
    )
    attempt.journal.event(EventKind.RESULT, {**metrics_summary(metrics), "parameters": document["parameters"]})
    return AttemptState.FINISHED
