"""Prepare: read a job's files, check them, and put their prepared arrays into the home's cache. Never loads torch."""

from __future__ import annotations

import time

from vestim_core.data.prepare import PreparationCancelled, provenance
from vestim_core.data.prepared import PreparedSet
from vestim_core.data.roles import files_by_role
from vestim_core.spec.events import EventKind
from vestim_core.spec.finding import Finding
from vestim_core.spec.states import AttemptState, Intent, Phase, PhaseState
from vestim_core.spec.task import TaskSpec
from vestim_core.system import write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.mappings import mapping_of
from vestim_core.worker.prepared import prepare_task

PROGRESS_S = 0.1


class _Reporter:
    """Changes of a phase's state go to the journal, what lies between them only to the doorbell."""

    def __init__(self, attempt: Attempt) -> None:
        self._journal = attempt.journal
        self._state: dict[Phase, PhaseState] = {}
        self._told_s = 0.0
        self.findings: list[Finding] = []

    def report(self, phase: Phase, state: PhaseState, fraction: float, message: str) -> None:
        data = {"phase": phase.value, "state": state.value, "fraction": fraction, "message": message}
        now_s = time.monotonic()
        if self._state.get(phase) is not state:
            self._state[phase] = state
            self._journal.event(EventKind.PHASE, data)
        elif now_s - self._told_s >= PROGRESS_S:
            self._told_s = now_s
            self._journal.progress(data)

    def found(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._journal.event(EventKind.FINDING, finding.model_dump(mode="json"))

    def failed(self, sentence: str) -> None:
        """The phase that was running ends with this sentence."""
        running = [phase for phase, state in self._state.items() if state is PhaseState.RUNNING]
        for phase in running or [Phase.DATA_IMPORT]:
            self.report(phase, PhaseState.FAILED, 0.0, sentence)


def run(attempt: Attempt) -> AttemptState:
    """Prepare the job's data; leaves `result/prepared.json` and describes the data in the job's folder."""
    reporter = _Reporter(attempt)
    try:
        task = _with_mappings(attempt)
        prepared = prepare_task(attempt, task, reporter.report, reporter.found)
    except PreparationCancelled:
        return AttemptState.PAUSED if attempt.control.intent() is Intent.PAUSE else AttemptState.STOPPED
    except Exception as error:
        reporter.failed(str(error))
        raise
    _describe(attempt, prepared, reporter.findings)
    data = provenance(prepared)
    pointer = {"key": prepared.directory.name, "arrays_sha256": prepared.arrays_sha256}
    write_json(attempt.result / "prepared.json", {"schema_version": 1, **pointer, "data": data})
    rows = sum(file.scored_rows for file in prepared.files)
    attempt.journal.event(
        EventKind.RESULT, {**pointer, "files": len(prepared.files), "rows": rows, "provenance": {task.task_id: data}}
    )
    return AttemptState.FINISHED


def _with_mappings(attempt: Attempt) -> TaskSpec:
    """The task with what was remembered of its files' headers: looked up by the first attempt, and the same ever after.

    A data set has its own mapping, and a job may say one.
    """
    task = attempt.task
    if task.data is None or task.mappings is not None:
        return task
    says_it = bool(task.data.columns or task.data.data_set)
    paths = [] if says_it else [path for path, _ in files_by_role(task.data)]
    found = {str(path): mapping_of(attempt.home, path, {}) for path in paths}
    mappings = {path: columns for path, columns in found.items() if columns}
    attempt.write_down(mappings=mappings)
    for path, columns in mappings.items():
        said = ", ".join(f'{name} = "{header}"' for name, header in columns.items())
        text = f'"{path}" is read with what you said of its header before: {said}.'
        attempt.journal.event(EventKind.MESSAGE, {"level": "info", "text": text})
    return task.model_copy(update={"mappings": mappings})


def _describe(attempt: Attempt, prepared: PreparedSet, findings: list[Finding]) -> None:
    """The fitted pipeline, what was drawn for augmented files, and the findings, for people and for whoever opens the
    job's folder elsewhere."""
    folder = attempt.job_folder / "data"
    folder.mkdir(exist_ok=True)
    number = attempt.task.task_id.rpartition("_")[2]
    suffix = "" if number == "1" else f"_{number}"
    augmented = {file.key: list(file.augmentation) for file in prepared.files if file.augmentation}
    drawn = {"augmentation": augmented} if augmented else {}
    write_json(folder / f"preparation{suffix}.json", prepared.pipeline.to_json() | drawn)
    checks = [finding.model_dump(mode="json") for finding in findings]
    write_json(folder / f"checks{suffix}.json", {"schema_version": 1, "findings": checks})
