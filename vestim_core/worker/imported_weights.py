"""Build a model from imported weights: done once, by the first task that needs it.

The result folder of an imported training holds the weights as they came; `model.pt` and `model.json` are made of them
and of the scale that its task records.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.steps.normalize import Scale
from vestim_core.models.legacy_weights import build_legacy_network, read_weights
from vestim_core.models.model_files import DESCRIPTION_FILE, save_model
from vestim_core.models.network import Network
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.imported_model import ImportedModel
from vestim_core.spec.job import Trial
from vestim_core.spec.model import AnyModel
from vestim_core.spec.task import TaskSpec
from vestim_core.system import read_json
from vestim_core.training.output_limits import set_output_limits


def build_imported_model(task_folder: Path, warn: Callable[[str], None]) -> None:
    """Build the model of a training with imported weights; do nothing when it exists or nothing was imported.

    warn: receives a message for each unexpected fact. Raises `VestimError` when no model can be built.
    """
    if (task_folder / "result" / DESCRIPTION_FILE).is_file():
        return
    try:
        task = TaskSpec.model_validate(read_json(task_folder / "task.json"))
    except (OSError, ValueError, ValidationError) as error:
        raise wrong_input(f"'{task_folder}' cannot be read ({error}): import the job anew") from None
    imported, trial = task.imported, task.trial
    if imported is None or trial is None:
        return
    module, model = _load_network(task_folder / "result", imported, trial, warn)
    if model.sizes != trial.model.sizes:
        sizes = ", ".join(map(str, model.sizes))
        warn(f"the weights are those of layers of {sizes}, and the settings said otherwise: the weights count")
    trial = trial.model_copy(update={"model": model})
    pipeline = _scaling_pipeline(imported, trial)
    set_output_limits(module, trial.model, pipeline)
    envelope = dict(zip(trial.signals.features, imported.scale or [], strict=False))
    extra = {
        "period_s": pipeline.period_s,
        "training": imported.training,
        "envelope": {k: list(v) for k, v in envelope.items()},
    }
    save_model(task_folder / "result", module, trial, pipeline.to_json(), {**extra, "imported": True})


def _load_network(
    folder: Path, imported: ImportedModel, trial: Trial, warn: Callable[[str], None]
) -> tuple[Network, AnyModel]:
    """Load the first usable file of weights."""
    first_error: VestimError | None = None
    for name in imported.weights:
        try:
            network = build_legacy_network(read_weights(folder / name), trial.model, len(trial.signals.features))
        except VestimError as error:
            first_error = first_error or error
            continue
        if first_error is not None:
            warn(f"{first_error.message}; those of '{name}' are taken")
        return network
    raise first_error or wrong_input(f"'{folder}' holds no weights: import the job anew")


def _scaling_pipeline(imported: ImportedModel, trial: Trial) -> Pipeline:
    """The preparation that the network was trained with: minima and maxima to 0 and 1, or no scaling."""
    columns = len(trial.signals.features) + 1
    low, high = np.array(imported.scale if imported.scale else [(0.0, 1.0)] * columns, dtype=np.float64).T
    span = np.where(high > low, high - low, 1.0)
    features, target = Scale(low[:-1].copy(), span[:-1].copy()), Scale(low[-1].reshape(()), span[-1].reshape(()))
    return Pipeline(tuple(trial.preparation), trial.signals, features, target)
