"""What a job will amount to before it is started: models, parameters, memory, and time where that can be known.

Time is rows x epochs / speed, where speed is what earlier trainings of that kind recorded on this machine; there is no
other source of it, so a kind that was never trained here has no estimate yet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import JobSpec, validate_job
from vestim_core.spec.model import METHODS, AnyModel, FnnModel, parameter_count
from vestim_core.spec.problems import SOME_DATA, job_problems
from vestim_core.spec.training import AnyTraining, StreamsTraining, WindowsTraining

PROCESS_MB = 260.0
"""Memory of a training process before it has a model or data: Python, torch and its libraries."""
_BYTES = 4
_COPIES = 5
"""Of each parameter: weight, gradient, two moments of Adam, the best so far."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an estimate depends on beside the job. speeds: rows a second by kind, see `speed_key`. train_rows: rows of
    the training files after resampling, None where nobody knows."""

    speeds: Mapping[str, float]
    cores: int = 1
    gpus: int = 0
    train_rows: int | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """Trainings that are alike but for their seed and preparation, `count` of them."""

    model: AnyModel
    training: AnyTraining
    features: int
    count: int


def speed_key(model: AnyModel, training: AnyTraining, features: int, threads: int, device: str) -> str:
    """The kind of training that shares a speed: model, method, size and batch in steps of two, threads, device."""
    return f"{kind_key(model, training, features)}/{threads} threads/{device}"


def kind_key(model: AnyModel, training: AnyTraining, features: int) -> str:
    """Trainings that are alike to a processor: model, method, size and batch in steps of two."""
    size = round(math.log2(parameter_count(model, features)))
    batch = round(math.log2(_rows_per_update(training)))
    return f"{model.kind}/{training.method}/parameters 2^{size}/batch 2^{batch}"


def estimate(document: Mapping[str, Any], about: Circumstances) -> dict[str, Any]:
    """What the job that `document` describes will amount to; None where that cannot be said.

    trials; parameters and model_MB {min, max}; memory_MB of all trainings that run at once; rows_epochs, the rows that
    all trainings read; seconds, at most, since a training may end early; basis, a sentence on where seconds come from;
    problems, `{place, sentence}` of everything that is missing or wrong. A document without data has all the others.
    """
    problems = job_problems(document)
    try:
        spec = validate_job({**document, "data": SOME_DATA})
    except VestimError:
        nothing = dict.fromkeys(("trials", "parameters", "model_MB", "memory_MB", "rows_epochs", "seconds"))
        return {**nothing, "basis": "no estimate yet: some settings are missing or wrong", "problems": problems}
    runs = list(_runs(spec))
    sizes = [parameter_count(run.model, run.features) for run in runs]
    seconds, basis = _seconds(spec, runs, about)
    return {
        "trials": sum(run.count for run in runs),
        "parameters": {"min": min(sizes), "max": max(sizes)},
        "model_MB": {"min": min(sizes) * _BYTES / 1e6, "max": max(sizes) * _BYTES / 1e6},
        "memory_MB": round(_at_once(spec, runs, about) * max(_memory_MB(run, about) for run in runs)),
        "rows_epochs": _rows_epochs(runs, about),
        "seconds": seconds,
        "basis": basis,
        "problems": problems,
    }


def _runs(spec: JobSpec) -> Iterator[_Run]:
    models = [model for grid in spec.model for model in grid.choices]
    trainings = [training for grid in spec.training for training in grid.choices]
    for signals in spec.signals.choices:
        for model in models:
            for training in trainings:
                if training.method in METHODS[model.kind]:
                    count = training.repetitions * len(spec.preparation.choices)
                    yield _Run(model, training, len(signals.features), count)


def _rows_per_update(training: AnyTraining) -> int:
    if isinstance(training, StreamsTraining):
        return training.streams * training.chunk_steps
    if isinstance(training, WindowsTraining):
        return training.batch_windows * training.lookback_steps
    return training.batch_rows


def _rows_per_epoch(training: AnyTraining, about: Circumstances) -> int | None:
    if isinstance(training, StreamsTraining):
        return training.draws_per_epoch * training.chunks_per_stream * _rows_per_update(training)
    if isinstance(training, WindowsTraining) and about.train_rows is not None:
        return about.train_rows // training.stride_steps * training.lookback_steps
    return about.train_rows


def _rows_epochs(runs: list[_Run], about: Circumstances) -> int | None:
    rows = [_rows_per_epoch(run.training, about) for run in runs]
    if None in rows:
        return None
    return sum((row or 0) * run.training.max_epochs * run.count for row, run in zip(rows, runs, strict=True))


def _seconds(spec: JobSpec, runs: list[_Run], about: Circumstances) -> tuple[float | None, str]:
    total_s = 0.0
    for run in runs:
        device = "cuda" if about.gpus and run.training.device != "cpu" else "cpu"
        speed = _speed(run, device, about)
        rows = _rows_per_epoch(run.training, about)
        if not speed:
            return None, f"no estimate yet: no {run.model.kind.upper()} of this size has been trained here"
        if rows is None:
            return None, "no estimate yet: how many rows the training files have is not known"
        total_s += rows * run.training.max_epochs / speed * run.count
    seconds = total_s / _at_once(spec, runs, about)
    return round(seconds, 3), "from the speed of earlier trainings on this machine; each may stop earlier"


def _speed(run: _Run, device: str, about: Circumstances) -> float | None:
    """Rows a second; where the threads will be found out, of a training with one, else of the fastest."""
    asked = run.training.threads
    counts = (asked,) if asked != "auto" else (1, *range(about.cores, 1, -1))
    keys = (speed_key(run.model, run.training, run.features, count, device) for count in counts)
    return next((about.speeds[key] for key in keys if key in about.speeds), None)


def _at_once(spec: JobSpec, runs: list[_Run], about: Circumstances) -> int:
    """How many trainings run beside each other when nothing else does."""
    threads = max(run.training.threads if run.training.threads != "auto" else 1 for run in runs)
    fit = max(1, about.cores // threads)
    return min(sum(run.count for run in runs), fit, spec.max_parallel_tasks or fit)


def _memory_MB(run: _Run, about: Circumstances) -> float:
    """Of one training process: its libraries, copies of the parameters, the rows, and what one update keeps of each
    row for its gradients (for a recurrent one its gates, cell and output a unit; for others output and activation)."""
    kept = sum(run.model.sizes) * (2 if isinstance(run.model, FnnModel) else 6) + run.features + 1
    parameters = _COPIES * parameter_count(run.model, run.features)
    rows = 2 * (about.train_rows or 0) * (run.features + 1)
    return PROCESS_MB + _BYTES * (parameters + rows + kept * _rows_per_update(run.training)) / 1e6
