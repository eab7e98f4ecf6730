"""Prepare: read a job's files, check them, and write their prepared arrays to the home's cache. Never loads torch."""

from __future__ import annotations

import time

from vestim_core.data.prepare_data import PreparationCanceled, provenance
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.data.roles import files_by_role
from vestim_core.spec.events import EventKind
from vestim_core.spec.finding import Finding
from vestim_core.spec.states import AttemptState, Intent, Phase, PhaseState
from vestim_core.spec.task import TaskSpec
from vestim_core.system import write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.home_mappings import column_mapping
from vestim_core.worker.task_data import prepare_task

PROGRESS_INTERVAL_S = 0.1  # between two progress reports, as in a training


class _PhaseReporter:
    """Writes changes of a phase's state to the journal and sends the progress in between to the doorbell only."""

    def __init__(self, attempt: Attempt) -> None:
        self._journal = attempt.journal
        self._state: dict[Phase, PhaseState] = {}
        self._reported_s = 0.0
        self.findings: list[Finding] = []

    def report(self, phase: Phase, state: PhaseState, fraction: float, message: str) -> None:
        data = {"phase": phase.value, "state": state.value, "fraction": fraction, "message": message}
        now_s = time.monotonic()
        if self._state.get(phase) is not state:
            self._state[phase] = state
            self._journal.event(EventKind.PHASE, data)
        elif now_s - self._reported_s >= PROGRESS_INTERVAL_S:
            self._reported_s = now_s
            self._journal.progress(data)

    def add_finding(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._journal.event(EventKind.FINDING, finding.model_dump(mode="json"))

    def fail(self, message: str) -> None:
        """End the running phase as failed."""
        running_phases = [phase for phase, state in self._state.items() if state is PhaseState.RUNNING]
        for phase in running_phases or [Phase.DATA_IMPORT]:
            self.report(phase, PhaseState.FAILED, 0.0, message)


def run(attempt: Attempt) -> AttemptState:
    """Prepare the job's data; write `result/prepared.json` and the description in the job's data folder."""
    reporter = _PhaseReporter(attempt)
    try:
        task = _with_stored_mappings(attempt)
        prepared = prepare_task(attempt, task, reporter.report, reporter.add_finding)
    except PreparationCanceled:
        return AttemptState.PAUSED if attempt.control.intent() is Intent.PAUSE else AttemptState.STOPPED
    except Exception as error:
        reporter.fail(str(error))
        raise
    _write_data_documents(attempt, prepared, reporter.findings)
    data = provenance(prepared)
    pointer = {"key": prepared.directory.name, "arrays_sha256": prepared.arrays_sha256}
    write_json(attempt.result_folder / "prepared.json", {"schema_version": 1, **pointer, "data": data})
    rows = sum(file.scored_rows for file in prepared.files)
    attempt.journal.event(
        EventKind.RESULT, {**pointer, "files": len(prepared.files), "rows": rows, "provenance": {task.task_id: data}}
    )
    return AttemptState.FINISHED


def _with_stored_mappings(attempt: Attempt) -> TaskSpec:
    """The task with the mappings stored in the home for its files' headers; looked up by the first attempt only.

    A data set has its own mapping, and a job may have one; then nothing is looked up.
    """
    task = attempt.task
    if task.data is None or task.mappings is not None:
        return task
    has_own_mapping = bool(task.data.columns or task.data.data_set)
    paths = [] if has_own_mapping else [path for path, _ in files_by_role(task.data)]
    mapping_by_path = {str(path): column_mapping(attempt.home, path, {}) for path in paths}
    mappings = {path: columns for path, columns in mapping_by_path.items() if columns}
    attempt.store_in_task(mappings=mappings)
    for path, columns in mappings.items():
        column_list = ", ".join(f'{name} = "{header}"' for name, header in columns.items())
        text = f'"{path}" is read with what you said of its header before: {column_list}.'
        attempt.journal.event(EventKind.MESSAGE, {"level": "info", "message": text})
    return task.model_copy(update={"mappings": mappings})


def _write_data_documents(attempt: Attempt, prepared: PreparedSet, findings: list[Finding]) -> None:
    """Write the fitted pipeline, the values drawn for augmented files and the findings to the job's data folder.

    They are for people and for whoever opens the job's folder elsewhere.
    """
    folder = attempt.job_folder / "data"
    folder.mkdir(exist_ok=True)
    task_number = attempt.task.task_id.rpartition("_")[2]
    suffix = "" if task_number == "1" else f"_{task_number}"
    augmentations = {file.key: list(file.augmentation) for file in prepared.files if file.augmentation}
    drawn_values = {"augmentation": augmentations} if augmentations else {}
    write_json(folder / f"preparation{suffix}.json", prepared.pipeline.to_json() | drawn_values)
    checks = [finding.model_dump(mode="json") for finding in findings]
    write_json(folder / f"checks{suffix}.json", {"schema_version": 1, "findings": checks})
