"""From imported weights to a model like any other: made once, by the first task that needs it.

A training's result holds the weights as they came; `model.pt` and `model.json` are made of them and of what its task
says of their scale.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.steps.normalise import Scale
from vestim_core.models.files import DESCRIPTION, save_model
from vestim_core.models.former import former_network, read_weights
from vestim_core.models.network import Network
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.imported import ImportedModel
from vestim_core.spec.job import Trial
from vestim_core.spec.model import AnyModel
from vestim_core.spec.task import TaskSpec
from vestim_core.system import read_json
from vestim_core.training.limits import set_output_limits


def make_model(task_folder: Path, warn: Callable[[str], None]) -> None:
    """Make the model of a training whose weights were imported; nothing where there is one, or nothing came.

    warn: told in a sentence what is other than was expected. `VestimError` when no model can be made.
    """
    if (task_folder / "result" / DESCRIPTION).is_file():
        return
    try:
        task = TaskSpec.model_validate(read_json(task_folder / "task.json"))
    except (OSError, ValueError, ValidationError) as error:
        raise wrong_input(f"'{task_folder}' cannot be read ({error}): import the job anew") from None
    came, trial = task.imported, task.trial
    if came is None or trial is None:
        return
    module, model = _first_that_loads(task_folder / "result", came, trial, warn)
    if model.sizes != trial.model.sizes:
        sizes = ", ".join(map(str, model.sizes))
        warn(f"the weights are those of layers of {sizes}, and the settings said otherwise: the weights count")
    trial = trial.model_copy(update={"model": model})
    pipeline = _pipeline(came, trial)
    set_output_limits(module, trial.model, pipeline)
    envelope = dict(zip(trial.signals.features, came.scale or [], strict=False))
    known = {
        "period_s": pipeline.period_s,
        "training": came.training,
        "envelope": {k: list(v) for k, v in envelope.items()},
    }
    save_model(task_folder / "result", module, trial, pipeline.to_json(), {**known, "imported": True})


def _first_that_loads(
    folder: Path, came: ImportedModel, trial: Trial, warn: Callable[[str], None]
) -> tuple[Network, AnyModel]:
    """The network of the first of the files with weights that can be used."""
    refused: VestimError | None = None
    for name in came.weights:
        try:
            found = former_network(read_weights(folder / name), trial.model, len(trial.signals.features))
        except VestimError as error:
            refused = refused or error
            continue
        if refused is not None:
            warn(f"{refused.sentence}; those of '{name}' are taken")
        return found
    raise refused or wrong_input(f"'{folder}' holds no weights: import the job anew")


def _pipeline(came: ImportedModel, trial: Trial) -> Pipeline:
    """The preparation as the network was trained with it: least and greatest values to 0 and 1, or as they are."""
    columns = len(trial.signals.features) + 1
    low, high = np.array(came.scale if came.scale else [(0.0, 1.0)] * columns, dtype=np.float64).T
    factor = np.where(high > low, high - low, 1.0)
    features, target = Scale(low[:-1].copy(), factor[:-1].copy()), Scale(low[-1].reshape(()), factor[-1].reshape(()))
    return Pipeline(tuple(trial.preparation), trial.signals, features, target)
