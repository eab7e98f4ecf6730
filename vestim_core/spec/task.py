"""TaskSpec, one unit of work as stored in `task.json`, and the expansion of a job into tasks."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field, model_validator

from vestim_core.spec.data import DataSpec
from vestim_core.spec.evaluation import EvaluationSpec
from vestim_core.spec.imported_model import ImportedModel
from vestim_core.spec.inspection import Inspection
from vestim_core.spec.job import JobSpec, Trial
from vestim_core.spec.preparation import Step
from vestim_core.spec.schema_upgrade import SCHEMA_VERSION, upgrade_versioned
from vestim_core.spec.section import Section
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.states import TaskKind
from vestim_core.spec.testing import TestingSpec

_BASELINES = {"voltage_V": "Equivalent circuit", "soc": "Kalman filter on the circuit"}
"""Titles of the baselines, by target."""


class TaskSpec(Section):
    """One unit of work, executed in its own process.

    What the first attempt determines (threads, device, mappings, plan) stays the same for all later attempts.

    depends_on: ids of tasks of the same job that must be `done` before this one starts; for an ensemble, the tests of
    its members, which must have ended.
    threads: CPU threads; 0 until the first attempt has measured the best number.
    device: compute device; empty until the first attempt has chosen one.
    mappings: column mappings by file path, from the user's stored mappings of file headers; None until the first
    attempt has looked them up, empty if there are none or the job has its own.
    plan: epochs and start step (`epochs`, `from_step`) that the first attempt derived from a time budget.
    trial: settings of a training or testing task. inspection: request of an inspection task.
    evaluation: request of an evaluation task. imported: weights of a training that ran elsewhere.
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
    evaluation: EvaluationSpec | None = None
    imported: ImportedModel | None = None
    testing: TestingSpec = TestingSpec()

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Read tasks that earlier versions stored."""
        return upgrade_versioned(record)


def expand_tasks(spec: JobSpec) -> list[TaskSpec]:
    """Expand a job into its tasks.

    One preparation (and baseline) per distinct combination of signals and steps, one training per trial, one test per
    training, and one ensemble per combination with several repetitions. The same spec always gives the same ids.
    """
    trials = spec.trials()
    width = max(3, len(str(len(trials))))
    data_tasks: dict[str, TaskSpec] = {}
    prepare_ids: dict[str, str] = {}
    trial_tasks: list[TaskSpec] = []
    ensembles: list[TaskSpec] = []
    for trial_index, trial in enumerate(trials, 1):
        sections: dict[str, Any] = {"signals": trial.signals, "preparation": trial.preparation, "testing": spec.testing}
        key = _digest(
            [trial.signals.model_dump(mode="json"), [step.model_dump(mode="json") for step in trial.preparation]]
        )
        if key not in prepare_ids:
            prepare_index = len(prepare_ids) + 1
            prepare_ids[key] = f"prepare_{prepare_index}"
            data_tasks[prepare_ids[key]] = TaskSpec(
                task_id=prepare_ids[key], kind=TaskKind.PREPARE, title="Prepare data", data=spec.data, **sections
            )
            if spec.testing.baseline and _has_baseline(trial.signals):
                baseline_id = f"baseline_{prepare_index}"
                data_tasks[baseline_id] = TaskSpec(
                    task_id=baseline_id,
                    kind=TaskKind.BASELINE,
                    title=_BASELINES[trial.signals.target],
                    depends_on=[prepare_ids[key]],
                    **sections,
                )
        train_id, test_id = f"train_{trial_index:0{width}}", f"test_{trial_index:0{width}}"
        threads = trial.training.threads
        test_threads = 1 if threads == "auto" else threads
        trial_tasks.append(
            TaskSpec(
                task_id=train_id,
                kind=TaskKind.TRAIN,
                title=trial.title,
                depends_on=[prepare_ids[key]],
                threads=0 if threads == "auto" else threads,
                trial=trial,
                **sections,
            )
        )
        trial_tasks.append(
            TaskSpec(
                task_id=test_id,
                kind=TaskKind.TEST,
                title=trial.title,
                depends_on=[prepare_ids[key], train_id],
                threads=test_threads,
                trial=trial,
                **sections,
            )
        )
        if trial.repetition == trial.training.repetitions > 1:
            test_ids = [task.task_id for task in trial_tasks[-2 * trial.repetition :] if task.kind is TaskKind.TEST]
            ensembles.append(
                TaskSpec(
                    task_id=f"ensemble_{len(ensembles) + 1}",
                    kind=TaskKind.ENSEMBLE,
                    title=f"Ensemble of {len(test_ids)} {trial.title.removesuffix(f', rep {trial.repetition}')}",
                    depends_on=test_ids,
                    **sections,
                )
            )
    return [*data_tasks.values(), *trial_tasks, *ensembles]


def _has_baseline(signals: SignalsSpec) -> bool:
    """True if the target has a baseline and the model inputs include the columns that it needs."""
    if signals.target == "soc":
        return {"voltage_V", "current_A"} <= set(signals.features)
    return signals.target in _BASELINES


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
