"""A trained model on disk: `model.pt` (weights) and `model.json` (everything needed to use them elsewhere).

Reading runs no code from the files. Both are written atomically, `model.json` last: a folder that has it has a complete
model.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter

from vestim_core.models.atomic_files import atomic_write
from vestim_core.models.network import Network
from vestim_core.models.network_registry import build_model
from vestim_core.spec.errors import VestimError, not_found, wrong_input
from vestim_core.spec.job import Trial
from vestim_core.spec.model import ModelSpec, parameter_count

SCHEMA_VERSION = 1  # of `model.json`; later ones are refused
WEIGHTS_FILE, DESCRIPTION_FILE = "model.pt", "model.json"


def save_model(
    folder: Path, module: Network, trial: Trial, pipeline_json: dict[str, Any], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the model to `folder`, which is created; returns the content of `model.json`.

    pipeline_json: the fitted preparation, without which the weights are useless. extra: further entries of
    `model.json`: `period_s`, `training` (summary of the outcome), `data` (hashes), ...
    """
    weights = {name: tensor.detach().cpu() for name, tensor in module.state_dict().items()}
    document = {
        **extra,
        "schema_version": SCHEMA_VERSION,
        "model": trial.model.model_dump(mode="json"),
        "signals": trial.signals.model_dump(mode="json"),
        "preparation": pipeline_json,
        "trial": trial.model_dump(mode="json"),
        "parameters": parameter_count(trial.model, len(trial.signals.features)),
        "versions": {"torch": str(torch.__version__), "python": platform.python_version()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / WEIGHTS_FILE) as path:
        torch.save(weights, path)
    with atomic_write(folder / DESCRIPTION_FILE) as path:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return document


def load_model(folder: Path) -> tuple[Network, dict[str, Any]]:
    """Load the model in `folder`, on CPU and in evaluation mode, and the content of its `model.json`."""
    document = _read_description(folder / DESCRIPTION_FILE)
    spec = TypeAdapter[Any](ModelSpec).validate_python(document["model"])
    module = build_model(spec, len(document["signals"]["features"]))
    try:
        module.load_state_dict(torch.load(folder / WEIGHTS_FILE, map_location="cpu", weights_only=True))
    except FileNotFoundError:
        raise not_found(f"{folder} holds no weights: {WEIGHTS_FILE} is missing", location=str(folder)) from None
    except Exception as error:  # torch raises exceptions of many types for a damaged archive
        raise _damaged_file(folder / WEIGHTS_FILE) from error
    return module.eval(), document


def _read_description(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = document["schema_version"]
    except FileNotFoundError:
        raise not_found(f"{path.parent} holds no model: {path.name} is missing", location=str(path.parent)) from None
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged_file(path) from error
    if version > SCHEMA_VERSION:
        raise wrong_input(f"{path} was written by a later version of Vestim: update this one", location=str(path))
    return dict(document)


def _damaged_file(path: Path) -> VestimError:
    return wrong_input(
        f"{path} cannot be read: it is damaged or no model file; train the model again", location=str(path)
    )
