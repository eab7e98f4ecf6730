"""Estimates for a job before it starts: trials, parameters, memory, and training time if it can be known.

Time is rows x epochs / speed. Speeds come only from earlier trainings of the same kind on this machine, so a kind that
was never trained here has no time estimate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import JobSpec, validate_job
from vestim_core.spec.job_problems import PLACEHOLDER_DATA, job_problems
from vestim_core.spec.model import TRAINING_METHODS, AnyModel, FnnModel, parameter_count
from vestim_core.spec.training import AnyTraining, TbpttTraining, WindowsTraining

PROCESS_MB = 260.0
"""Memory in MB of a training process without model and data: Python, torch and its libraries."""
_BYTES_PER_VALUE = 4  # single precision
_COPIES_PER_PARAMETER = 5  # weight, gradient, two moments of Adam, and the best weights so far


@dataclass(frozen=True, slots=True)
class EstimateContext:
    """Inputs of an estimate besides the job.

    speeds: rows per second by kind of training, see `speed_key`. cores, gpus: of this machine.
    train_rows: rows of the training files after resampling; None if unknown.
    """

    speeds: Mapping[str, float]
    cores: int = 1
    gpus: int = 0
    train_rows: int | None = None


@dataclass(frozen=True, slots=True)
class _TrialGroup:
    """Trials that differ only in seed and preparation; `count` is their number, `features` the number of inputs."""

    model: AnyModel
    training: AnyTraining
    features: int
    count: int


def speed_key(model: AnyModel, training: AnyTraining, features: int, threads: int, device: str) -> str:
    """Key of trainings that share a speed: model, method, parameters and batch as powers of two, threads, device."""
    return f"{load_key(model, training, features)}/{threads} threads/{device}"


def load_key(model: AnyModel, training: AnyTraining, features: int) -> str:
    """Key of trainings with the same load: model, method, parameters and batch as powers of two."""
    size = round(math.log2(parameter_count(model, features)))
    batch = round(math.log2(_rows_per_update(training)))
    return f"{model.kind}/{training.method}/parameters 2^{size}/batch 2^{batch}"


def estimate_job(document: Mapping[str, Any], context: EstimateContext) -> dict[str, Any]:
    """Estimate the job that `job_document` describes, which may lack its data; a value that cannot be estimated is
    None.

    The result has: trials; parameters and model_MB as {min, max}; memory_MB of all trainings that run in parallel;
    rows_epochs, the rows that all trainings read; seconds, an upper bound since a training may stop early; basis, a
    message about the source of seconds; problems, each `{place, sentence}`.
    """
    problems = job_problems(document)
    try:
        spec = validate_job({**document, "data": PLACEHOLDER_DATA})
    except VestimError:
        unknown_values = dict.fromkeys(("trials", "parameters", "model_MB", "memory_MB", "rows_epochs", "seconds"))
        return {**unknown_values, "basis": "no estimate yet: some settings are missing or wrong", "problems": problems}
    groups = list(_trial_groups(spec))
    sizes = [parameter_count(group.model, group.features) for group in groups]
    seconds, basis = _seconds(spec, groups, context)
    return {
        "trials": sum(group.count for group in groups),
        "parameters": {"min": min(sizes), "max": max(sizes)},
        "model_MB": {"min": min(sizes) * _BYTES_PER_VALUE / 1e6, "max": max(sizes) * _BYTES_PER_VALUE / 1e6},
        "memory_MB": round(
            _parallel_trials(spec, groups, context) * max(_memory_MB(group, context) for group in groups)
        ),
        "rows_epochs": _rows_epochs(groups, context),
        "seconds": seconds,
        "basis": basis,
        "problems": problems,
    }


def _trial_groups(spec: JobSpec) -> Iterator[_TrialGroup]:
    models = [model for grid in spec.model for model in grid.choices]
    trainings = [training for grid in spec.training for training in grid.choices]
    for signals in spec.signals.choices:
        for model in models:
            for training in trainings:
                if training.method in TRAINING_METHODS[model.kind]:
                    count = training.repetitions * len(spec.preparation.choices)
                    yield _TrialGroup(model, training, len(signals.features), count)


def _rows_per_update(training: AnyTraining) -> int:
    if isinstance(training, TbpttTraining):
        return training.batch_size * training.sequence_length
    if isinstance(training, WindowsTraining):
        return training.batch_size * training.lookback
    return training.batch_size


def _rows_per_epoch(training: AnyTraining, context: EstimateContext) -> int | None:
    if isinstance(training, TbpttTraining):
        return training.draws_per_epoch * training.sequences_per_draw * _rows_per_update(training)
    if isinstance(training, WindowsTraining) and context.train_rows is not None:
        return context.train_rows // training.stride_steps * training.lookback
    return context.train_rows


def _rows_epochs(groups: list[_TrialGroup], context: EstimateContext) -> int | None:
    rows = [_rows_per_epoch(group.training, context) for group in groups]
    if None in rows:
        return None
    return sum((row or 0) * group.training.max_epochs * group.count for row, group in zip(rows, groups, strict=True))


def _seconds(spec: JobSpec, groups: list[_TrialGroup], context: EstimateContext) -> tuple[float | None, str]:
    total_s = 0.0
    for group in groups:
        device = "cuda" if context.gpus and group.training.device != "cpu" else "cpu"
        speed = _recorded_speed(group, device, context)
        rows = _rows_per_epoch(group.training, context)
        if not speed:
            return None, f"no estimate yet: no {group.model.kind.upper()} of this size has been trained here"
        if rows is None:
            return None, "no estimate yet: how many rows the training files have is not known"
        total_s += rows * group.training.max_epochs / speed * group.count
    seconds = total_s / _parallel_trials(spec, groups, context)
    return round(seconds, 3), "from the speed of earlier trainings on this machine; each may stop earlier"


def _recorded_speed(group: _TrialGroup, device: str, context: EstimateContext) -> float | None:
    """Recorded rows per second; with threads "auto", of trainings with one thread, else with the most threads known."""
    thread_setting = group.training.threads
    thread_counts = (thread_setting,) if thread_setting != "auto" else (1, *range(context.cores, 1, -1))
    keys = (speed_key(group.model, group.training, group.features, count, device) for count in thread_counts)
    return next((context.speeds[key] for key in keys if key in context.speeds), None)


def _parallel_trials(spec: JobSpec, groups: list[_TrialGroup], context: EstimateContext) -> int:
    """Number of trainings that run in parallel on an otherwise idle machine."""
    threads = max(group.training.threads if group.training.threads != "auto" else 1 for group in groups)
    capacity = max(1, context.cores // threads)
    return min(sum(group.count for group in groups), capacity, spec.max_parallel_tasks or capacity)


def _memory_MB(group: _TrialGroup, context: EstimateContext) -> float:
    """Memory in MB of one training process: libraries, parameter copies, data rows, and values kept for gradients.

    Per row of an update and unit, a recurrent model keeps gates, cell and output, other models output and activation.
    """
    values_per_row = sum(group.model.sizes) * (2 if isinstance(group.model, FnnModel) else 6) + group.features + 1
    parameters = _COPIES_PER_PARAMETER * parameter_count(group.model, group.features)
    data_values = 2 * (context.train_rows or 0) * (group.features + 1)
    return (
        PROCESS_MB
        + _BYTES_PER_VALUE * (parameters + data_values + values_per_row * _rows_per_update(group.training)) / 1e6
    )
