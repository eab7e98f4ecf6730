"""TaskSpec: one unit of work as it is written to `task.json`, and the expansion of a job into its tasks."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field

from vestim_core.spec.data import DataSpec
from vestim_core.spec.imported import ImportedModel
from vestim_core.spec.inspection import Inspection
from vestim_core.spec.job import SCHEMA_VERSION, JobSpec, Trial
from vestim_core.spec.preparation import Step
from vestim_core.spec.retest import Retest
from vestim_core.spec.section import Section
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.states import TaskKind
from vestim_core.spec.testing import TestingSpec

_BASELINES = {"voltage_V": "Equivalent circuit", "soc": "Kalman filter on the circuit"}
"""Targets that have a baseline, and its title."""


class TaskSpec(Section):
    """One unit of work in a process of its own.

    depends_on: ids of tasks of the same job that must be `done` before it starts; of an ensemble its members' tests,
    which must have ended.
    threads: CPU threads; 0 until its first attempt has found out how many pay, and the same for every later one.
    device: where it computes; empty until its first attempt has chosen, and the same for every later one.
    mappings: what the columns of files are by what the user said of their headers before, by path, as the first attempt
    found it; None until then, empty where nothing was said or the job itself says it.
    plan: what the first attempt turned a time budget into (`epochs`, `from_step`), followed by every later one.
    trial: the settings, of a training or testing task. inspection: the question, of an inspecting one.
    retest: the new files, of a task that tests on such. imported: the weights of a training that took place elsewhere.
    """

    schema_version: int = SCHEMA_VERSION
    task_id: str
    kind: TaskKind
    title: str
    depends_on: list[str] = Field(default_factory=list)
    threads: int = Field(1, ge=0)
    device: Literal["", "cpu", "cuda"] = ""
    plan: dict[str, int] = Field(default_factory=dict)
    data: DataSpec | None = None
    mappings: dict[str, dict[str, str]] | None = None
    signals: SignalsSpec = SignalsSpec()
    preparation: list[Step] = Field(default_factory=list)
    trial: Trial | None = None
    inspection: Inspection | None = None
    retest: Retest | None = None
    imported: ImportedModel | None = None
    testing: TestingSpec = TestingSpec()


def expand_tasks(spec: JobSpec) -> list[TaskSpec]:
    """Every task of a job: one preparation (and baseline) for each distinct signals and steps, one training a trial,
    one test a training, and one ensemble a combination that has several repetitions. Ids are stable: the same spec
    gives the same ids."""
    trials = spec.trials()
    width = max(3, len(str(len(trials))))
    tasks: dict[str, TaskSpec] = {}
    prepared: dict[str, str] = {}
    work: list[TaskSpec] = []
    ensembles: list[TaskSpec] = []
    for number, trial in enumerate(trials, 1):
        shared: dict[str, Any] = {"signals": trial.signals, "preparation": trial.preparation, "testing": spec.testing}
        key = _digest(
            [trial.signals.model_dump(mode="json"), [step.model_dump(mode="json") for step in trial.preparation]]
        )
        if key not in prepared:
            count = len(prepared) + 1
            prepared[key] = f"prepare_{count}"
            tasks[prepared[key]] = TaskSpec(
                task_id=prepared[key], kind=TaskKind.PREPARE, title="Prepare data", data=spec.data, **shared
            )
            if spec.testing.baseline and _has_baseline(trial.signals):
                baseline = f"baseline_{count}"
                tasks[baseline] = TaskSpec(
                    task_id=baseline,
                    kind=TaskKind.BASELINE,
                    title=_BASELINES[trial.signals.target],
                    depends_on=[prepared[key]],
                    **shared,
                )
        train_id, test_id = f"train_{number:0{width}}", f"test_{number:0{width}}"
        threads = trial.training.threads
        fixed = 1 if threads == "auto" else threads
        work.append(
            TaskSpec(
                task_id=train_id,
                kind=TaskKind.TRAIN,
                title=trial.title,
                depends_on=[prepared[key]],
                threads=0 if threads == "auto" else threads,
                trial=trial,
                **shared,
            )
        )
        work.append(
            TaskSpec(
                task_id=test_id,
                kind=TaskKind.TEST,
                title=trial.title,
                depends_on=[prepared[key], train_id],
                threads=fixed,
                trial=trial,
                **shared,
            )
        )
        if trial.repetition == trial.training.repetitions > 1:
            tests = [task.task_id for task in work[-2 * trial.repetition :] if task.kind is TaskKind.TEST]
            ensembles.append(
                TaskSpec(
                    task_id=f"ensemble_{len(ensembles) + 1}",
                    kind=TaskKind.ENSEMBLE,
                    title=f"Ensemble of {len(tests)} {trial.title.removesuffix(f', rep {trial.repetition}')}",
                    depends_on=tests,
                    **shared,
                )
            )
    return [*tasks.values(), *work, *ensembles]


def _has_baseline(signals: SignalsSpec) -> bool:
    """Whether what the baseline of this target needs is among the columns that the files must have."""
    if signals.target == "soc":
        return {"voltage_V", "current_A"} <= set(signals.features)
    return signals.target in _BASELINES


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
