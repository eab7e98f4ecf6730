"""How well the presets do on real drives, as they are: trained on files 10, 12, 14 and 16, median of file 18.

SOC labels drift by up to a percent from file to file, and a model of the voltage inherits that. So its error is given
twice: with file 18's labels as they are, and with the two numbers (scale and shift of the SOC) with which an equivalent
circuit, fitted to the training files, follows file 18 best. Both are of the weights that a training leaves.

The time is CPU time of the one thread that trains, without validation, so that a machine that has other work to do
too measures the same trainings; the epochs are those of the preset, never what a clock makes of them.

`python -m tests.benchmarks.real_accuracy PRESET KIND [SEEDS]` measures one preset's models of one kind; with
`left_out` for the preset, those of Balanced on a drive that neither training nor validation saw.
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

from tests.benchmarks.figure import Figure
from tests.training.real import real_set
from tests.training.synthetic import Recorder
from vestim_core.data.prepared import PreparedFile, PreparedSet
from vestim_core.evaluation.alignment import align
from vestim_core.evaluation.inference import predict
from vestim_core.evaluation.report import evaluate, overall
from vestim_core.models.circuit_fit import fit_circuit
from vestim_core.models.network import Network
from vestim_core.spec.job import JobSpec, Trial, validate_job
from vestim_core.spec.job_presets import preset_called
from vestim_core.spec.model import METHODS, model_title
from vestim_core.spec.states import Intent
from vestim_core.training import loop

Kind = Literal["lstm", "fnn"]

SEEDS = 5
DRIVES = (10, 12, 14, 16)
VALIDATION = 18
HELD_OUT = 10
SIZES: dict[Kind, list[int]] = {"lstm": [32], "fnn": [64, 32]}
"""Of the sizes that a preset searches, those of Balanced."""
NO_LIMIT = float("inf")
_SHARED = Path(__file__).resolve().parents[3] / "shared"


@dataclass(frozen=True)
class Limits:
    """time_s: of training. errors: mV on the labels and on aligned ones for a voltage, percent for SOC."""

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
class _Trained:
    module: Network
    best: dict[str, float | None]
    best_epoch: int
    cpu_s: float


def run() -> list[Figure]:
    """Figures of the presets for voltage and SOC; without the shared data they say so and do not pass."""
    if not (_SHARED / "data" / "tesla_m80").is_dir():
        return [Figure("accuracy on real drives", "", f"not measured: {_SHARED} with the real data is absent", False)]
    kinds: tuple[Kind, ...] = ("fnn", "lstm")
    left_out = [figure for kind in kinds for figure in _left_out(kind)]
    return [figure for preset, kind in PRESETS for figure in figures(preset, kind)] + left_out


def figures(preset: str, kind: Kind, seeds: int = SEEDS) -> Iterator[Figure]:
    """Those of one preset's models of one kind."""
    limits = PRESETS[preset, kind]
    with _prepared(preset, kind, DRIVES, seeds=seeds) as (spec, prepared, folder):
        trained = [_train(trial, prepared, folder) for trial in spec.trials()]
        name = f"{preset.replace('_', ', ')}, {model_title(spec.trials()[0].model)}, file {VALIDATION}"
        if preset.startswith("soc"):
            found = [("MAE", [float(one.best["mae_percent"] or np.inf) for one in trained])]
        else:
            file = prepared.of("validation")[0]
            files = (("RMSE", file), ("RMSE, SOC aligned", _aligned(file, prepared)))
            found = [(which, [_rmse_mV(one.module, rows, prepared) for one in trained]) for which, rows in files]
    unit = "%" if preset.startswith("soc") else "mV"
    for (which, errors), limit in zip(found, limits.errors, strict=False):
        yield _figure(f"{name}, {which}", errors, limit, limits.time_s, unit, trained)


def _left_out(kind: Kind, seeds: int = SEEDS) -> Iterator[Figure]:
    """Reported for its own sake: a drive that neither training nor validation saw."""
    drives = tuple(number for number in DRIVES if number != HELD_OUT)
    with _prepared("voltage_balanced", kind, drives, (HELD_OUT,), seeds) as (spec, prepared, folder):
        trained = [_train(trial, prepared, folder) for trial in spec.trials()]
        errors = [_rmse_mV(one.module, prepared.of("test")[0], prepared) for one in trained]
    name = f"voltage, balanced, {kind.upper()}, file {HELD_OUT} held out, RMSE"
    yield _figure(name, errors, NO_LIMIT, NO_LIMIT, "mV", trained)


@contextmanager
def _prepared(
    preset: str, kind: Kind, drives: Sequence[int], test: Sequence[int] = (), seeds: int = SEEDS
) -> Iterator[tuple[JobSpec, PreparedSet, Path]]:
    """The job of one kind of model of a preset, its data, and a folder for its checkpoints that goes afterwards."""
    job = preset_called(preset).job
    training = next(one for one in job["training"] if one["method"] in METHODS[kind])
    model = next(one for one in job["model"] if one["kind"] == kind)
    spec = validate_job(
        {
            **job,
            "data": {"train": ["a"], "validation": ["b"]},
            "model": {**model, "sizes": SIZES[kind]} if isinstance(model["sizes"][0], list) else model,
            "training": {**training, "repetitions": seeds},
        }
    )
    first = spec.trials()[0]
    with tempfile.TemporaryDirectory() as name:
        files = {"train": drives, "validation": (VALIDATION,), "test": test}
        folder = Path(name)
        yield spec, real_set(_SHARED, folder, **files, signals=first.signals, steps=first.preparation), folder


def _train(trial: Trial, prepared: PreparedSet, folder: Path) -> _Trained:
    validating_s = 0.0

    def validated(*args: Any) -> Any:
        nonlocal validating_s
        began_s = time.thread_time()
        results = evaluate(*args)
        validating_s += time.thread_time() - began_s
        return results

    start_s = time.thread_time()
    with patch.object(loop, "evaluate", validated):
        outcome = loop.train(
            trial,
            prepared,
            folder / str(trial.seed),
            device="cpu",
            threads=1,
            report=Recorder(),
            intent=lambda: Intent.RUN,
        )
    cpu_s = time.thread_time() - start_s - validating_s
    assert outcome.module is not None
    return _Trained(outcome.module, outcome.best, outcome.best_epoch, cpu_s)


def _aligned(file: PreparedFile, prepared: PreparedSet) -> PreparedFile:
    """`file` with its feature `soc` scaled and shifted as the circuit of the training files would have it."""
    alignment = align(fit_circuit(prepared.of("train"), prepared.period_s), file, prepared.period_s)
    assert alignment is not None
    soc, column = file.column("soc"), prepared.signals.features.index("soc")
    factor, offset = np.polyfit(soc, file.features[:, column], 1)  # how the pipeline scales that feature
    features = np.array(file.features)
    features[:, column] = factor * (alignment.scale * soc + alignment.shift) + offset
    return replace(file, features=features)


def _rmse_mV(module: Network, file: PreparedFile, prepared: PreparedSet) -> float:
    results = evaluate(lambda one: predict(module, one, prepared.pipeline), [file], "voltage_V")
    return float(overall(results)[file.role]["rmse_mV"] or np.inf)


def _figure(
    name: str, errors: list[float], limit: float, time_s: float, unit: str, trained: Sequence[_Trained]
) -> Figure:
    middle, cpu_s = median(errors), median(one.cpu_s for one in trained)
    each = ", ".join(f"{error:.2f}" for error in errors)
    epochs = ", ".join(str(one.best_epoch) for one in trained)
    bound = f"<= {limit:g} {unit} in {time_s:g} s" if np.isfinite(limit) else "reported"
    passed = middle <= limit and cpu_s <= time_s
    return Figure(name, bound, f"{middle:.2f} {unit} in {cpu_s:.0f} s ({each}; best epochs {epochs})", passed)


def _machine() -> str:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    cores = os.cpu_count()
    return f"{platform.platform()}, {cores} cores, load {load:.1f}; one thread a training; CPU time without validation"


def _wanted(arguments: Sequence[str]) -> Iterator[Figure]:
    """Figures of a preset or "left_out", a kind and a number of seeds; all without arguments."""
    if not arguments:
        yield from run()
        return
    preset, of_kind, *count = arguments
    kind: Kind = "fnn" if of_kind == "fnn" else "lstm"
    seeds = int(count[0]) if count else SEEDS
    yield from _left_out(kind, seeds) if preset == "left_out" else figures(preset, kind, seeds)


if __name__ == "__main__":
    print(_machine(), flush=True)
    for figure in _wanted(sys.argv[1:]):
        print(figure, flush=True)
