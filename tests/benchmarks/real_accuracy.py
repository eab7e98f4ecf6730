"""Accuracy of the unchanged presets on real drives: trained on files 10, 12, 14 and 16, median error on file 18.

SOC labels drift by up to a percent from file to file, and a voltage model inherits that. Its error is therefore
reported twice: with the labels of file 18, and with its SOC scaled and shifted to the best fit of an equivalent circuit
fitted to the training files. Both use the weights that a training leaves.

The time is CPU time of the training thread without validation, so that a busy machine measures the same trainings. The
number of epochs comes from the preset, never from a clock.

`python -m tests.benchmarks.real_accuracy PRESET KIND [SEEDS]` measures the models of one kind of one preset. The preset
`left_out` measures those of Balanced on a drive that neither training nor validation uses.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal
from unittest.mock import patch

import numpy as np

from tests.benchmarks.measurement import Measurement
from tests.training.real import real_set
from tests.training.synthetic import Recorder
from vestim_core.data.prepared_set import PreparedFile, PreparedSet
from vestim_core.evaluation.alignment import align
from vestim_core.evaluation.evaluation_report import evaluate, metrics_by_role
from vestim_core.evaluation.inference import predict
from vestim_core.models.circuit_fit import fit_circuit
from vestim_core.models.network import Network
from vestim_core.spec.job import JobSpec, Trial, validate_job
from vestim_core.spec.job_presets import find_preset
from vestim_core.spec.model import TRAINING_METHODS, model_title
from vestim_core.spec.states import Intent
from vestim_core.training import loop

Kind = Literal["lstm", "fnn"]

SEEDS = 5  # trainings per median
DRIVES = (10, 12, 14, 16)
VALIDATION = 18  # number of the drive file
HELD_OUT = 10  # number of the drive file
SIZES: dict[Kind, list[int]] = {"lstm": [32], "fnn": [64, 32]}
"""Layer sizes of Balanced, out of those that a preset searches."""
NO_LIMIT = float("inf")
# absent in a checkout without the shared folder
_SHARED = Path(__file__).resolve().parents[3] / "shared"


@dataclass(frozen=True)
class Limits:
    """time_s: CPU time of training. errors: in mV for voltage, with original and aligned labels; in percent for SOC."""

    time_s: float = NO_LIMIT
    errors: tuple[float, ...] = (NO_LIMIT, NO_LIMIT)


PRESETS: dict[tuple[str, Kind], Limits] = {
    ("voltage_quick", "lstm"): Limits(),
    ("voltage_quick", "fnn"): Limits(),
    ("voltage_balanced", "lstm"): Limits(60.0, (14.0, 7.5)),
    ("voltage_balanced", "fnn"): Limits(60.0, (14.0, 7.5)),
    ("voltage_thorough", "lstm"): Limits(180.0, (10.0, 6.0)),
    ("voltage_thorough", "fnn"): Limits(),
    ("soc_quick", "lstm"): Limits(),
    ("soc_quick", "fnn"): Limits(),
    ("soc_balanced", "lstm"): Limits(60.0, (0.65,)),
    ("soc_balanced", "fnn"): Limits(60.0, (0.65,)),
    ("soc_thorough", "lstm"): Limits(),
    ("soc_thorough", "fnn"): Limits(),
}


@dataclass(frozen=True)
class TrainedModel:
    module: Network
    best: dict[str, float | None]
    best_epoch: int
    cpu_s: float


def run() -> list[Measurement]:
    """Measurements of the presets for voltage and SOC; without the shared data a single failed one."""
    if not (_SHARED / "data" / "tesla_m80").is_dir():
        return [
            Measurement("accuracy on real drives", "", f"not measured: {_SHARED} with the real data is absent", False)
        ]
    kinds: tuple[Kind, ...] = ("fnn", "lstm")
    left_out_measurements = [measurement for kind in kinds for measurement in _measure_left_out(kind)]
    return [
        measurement for preset, kind in PRESETS for measurement in measure_preset(preset, kind)
    ] + left_out_measurements


def measure_preset(preset: str, kind: Kind, seeds: int = SEEDS) -> Iterator[Measurement]:
    """Measure the models of one kind of one preset."""
    limits = PRESETS[preset, kind]
    with _prepare_job(preset, kind, DRIVES, seeds=seeds) as (spec, prepared, folder):
        models = [_train(trial, prepared, folder) for trial in spec.trials()]
        name = f"{preset.replace('_', ', ')}, {model_title(spec.trials()[0].model)}, file {VALIDATION}"
        if preset.startswith("soc"):
            errors_by_label = [("MAE", [float(model.best["mae_percent"] or np.inf) for model in models])]
        else:
            file = prepared.files_of_role("validation")[0]
            files_by_label = (("RMSE", file), ("RMSE, SOC aligned", _align_soc(file, prepared)))
            errors_by_label = [
                (label, [_rmse_mV(model.module, rows, prepared) for model in models]) for label, rows in files_by_label
            ]
    unit = "%" if preset.startswith("soc") else "mV"
    for (label, errors), limit in zip(errors_by_label, limits.errors, strict=False):
        yield _summarize(f"{name}, {label}", errors, limit, limits.time_s, unit, models)


def _measure_left_out(kind: Kind, seeds: int = SEEDS) -> Iterator[Measurement]:
    """Measure on a drive that neither training nor validation uses; reported without a limit."""
    drives = tuple(drive for drive in DRIVES if drive != HELD_OUT)
    with _prepare_job("voltage_balanced", kind, drives, (HELD_OUT,), seeds) as (spec, prepared, folder):
        models = [_train(trial, prepared, folder) for trial in spec.trials()]
        errors = [_rmse_mV(model.module, prepared.files_of_role("test")[0], prepared) for model in models]
    name = f"voltage, balanced, {kind.upper()}, file {HELD_OUT} held out, RMSE"
    yield _summarize(name, errors, NO_LIMIT, NO_LIMIT, "mV", models)


@contextmanager
def _prepare_job(
    preset: str, kind: Kind, drives: Sequence[int], test: Sequence[int] = (), seeds: int = SEEDS
) -> Iterator[tuple[JobSpec, PreparedSet, Path]]:
    """Yield job, prepared data and temporary checkpoint folder for one kind of model of a preset."""
    job = find_preset(preset).job
    training = next(section for section in job["training"] if section["method"] in TRAINING_METHODS[kind])
    model = next(section for section in job["model"] if section["kind"] == kind)
    spec = validate_job(
        {
            **job,
            "data": {"train": ["a"], "validation": ["b"]},
            "model": {**model, "sizes": SIZES[kind]} if isinstance(model["sizes"][0], list) else model,
            "training": {**training, "repetitions": seeds},
        }
    )
    first_trial = spec.trials()[0]
    with tempfile.TemporaryDirectory() as folder_name:
        files = {"train": drives, "validation": (VALIDATION,), "test": test}
        folder = Path(folder_name)
        yield (
            spec,
            real_set(_SHARED, folder, **files, signals=first_trial.signals, steps=first_trial.preparation),
            folder,
        )


def _train(trial: Trial, prepared: PreparedSet, folder: Path) -> TrainedModel:
    validation_s = 0.0

    def timed_evaluate(*args: Any) -> Any:
        nonlocal validation_s
        validation_start_s = time.thread_time()
        results = evaluate(*args)
        validation_s += time.thread_time() - validation_start_s
        return results

    start_s = time.thread_time()
    with patch.object(loop, "evaluate", timed_evaluate):
        outcome = loop.train(
            trial,
            prepared,
            folder / str(trial.seed),
            device="cpu",
            threads=1,
            reporter=Recorder(),
            intent=lambda: Intent.RUN,
        )
    cpu_s = time.thread_time() - start_s - validation_s
    assert outcome.module is not None
    return TrainedModel(outcome.module, outcome.best, outcome.best_epoch, cpu_s)


def _align_soc(file: PreparedFile, prepared: PreparedSet) -> PreparedFile:
    """`file` with its feature `soc` scaled and shifted to fit the circuit of the training files."""
    alignment = align(fit_circuit(prepared.files_of_role("train"), prepared.period_s), file, prepared.period_s)
    assert alignment is not None
    soc, column = file.column("soc"), prepared.signals.features.index("soc")
    factor, offset = np.polyfit(soc, file.features[:, column], 1)  # recovers the pipeline's scaling of that feature
    features = np.array(file.features)
    features[:, column] = factor * (alignment.scale * soc + alignment.shift) + offset
    return replace(file, features=features)


def _rmse_mV(module: Network, file: PreparedFile, prepared: PreparedSet) -> float:
    results = evaluate(lambda prediction_file: predict(module, prediction_file, prepared.pipeline), [file], "voltage_V")
    return float(metrics_by_role(results)[file.role]["rmse_mV"] or np.inf)


def _summarize(
    name: str, errors: list[float], limit: float, time_s: float, unit: str, models: Sequence[TrainedModel]
) -> Measurement:
    median_error, cpu_s = median(errors), median(model.cpu_s for model in models)
    errors_text = ", ".join(f"{error:.2f}" for error in errors)
    epochs_text = ", ".join(str(model.best_epoch) for model in models)
    limit_text = f"<= {limit:g} {unit} in {time_s:g} s" if np.isfinite(limit) else "reported"
    passed = median_error <= limit and cpu_s <= time_s
    return Measurement(
        name,
        limit_text,
        f"{median_error:.2f} {unit} in {cpu_s:.0f} s ({errors_text}; best epochs {epochs_text})",
        passed,
    )


def _machine_text() -> str:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    cores = os.cpu_count()
    return f"{platform.platform()}, {cores} cores, load {load:.1f}; one thread a training; CPU time without validation"


def _selected_measurements(arguments: Sequence[str]) -> Iterator[Measurement]:
    """Measurements for the command line: preset or `left_out`, kind and number of seeds; all without arguments."""
    if not arguments:
        yield from run()
        return
    preset, kind_name, *seed_count = arguments
    kind: Kind = "fnn" if kind_name == "fnn" else "lstm"
    seeds = int(seed_count[0]) if seed_count else SEEDS
    yield from _measure_left_out(kind, seeds) if preset == "left_out" else measure_preset(preset, kind, seeds)


if __name__ == "__main__":
    print(_machine_text(), flush=True)
    for measurement in _selected_measurements(sys.argv[1:]):
        print(measurement, flush=True)
