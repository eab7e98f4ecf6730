"""Checkpoints: the complete state of a training in one file of tensors and plain values.

Each is written to a temporary file and renamed, and the previous one is kept, so a complete checkpoint exists whenever
the process dies. They are read with `weights_only=True`: no code runs from them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vestim_core.data.prepared_set import PreparedSet
from vestim_core.models.atomic_files import atomic_write
from vestim_core.spec.errors import refused
from vestim_core.spec.job import Trial
from vestim_core.spec.schema_upgrade import RENAMED_TRAINING_KEYS

SCHEMA_VERSION = 1  # raised when a checkpoint's structure changes
KEPT_CHECKPOINTS = 2  # checkpoints: the newest, and the one before in case the newest is damaged


def identity(trial: Trial, prepared: PreparedSet) -> str:
    """Hash of everything a training depends on; a checkpoint with another hash belongs to another training.

    Settings at their defaults are left out, so a setting added by a later version changes nothing. Keys are those of
    schema 2, so that checkpoints of that time are continued.
    """
    if trial.training.threads == 1:  # the default of earlier versions, which left it out
        trial = trial.model_copy(update={"training": trial.training.model_copy(update={"threads": "auto"})})
    settings = trial.model_dump(mode="json", exclude={"title", "schema_version"}, exclude_defaults=True)
    earlier_keys = {key: earlier for earlier, key in RENAMED_TRAINING_KEYS[trial.training.method].items()}
    if "training" in settings:
        settings["training"] = {earlier_keys.get(key, key): value for key, value in settings["training"].items()}
    files = [[file.role, file.sha256] for file in prepared.files]
    return hashlib.sha256(json.dumps([settings, files, prepared.arrays_sha256], sort_keys=True).encode()).hexdigest()


def save_checkpoint(folder: Path, step: int, identity: str, state: dict[str, Any]) -> Path:
    """Write `state` after `step` batches and remove all but the newest two checkpoints; return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step_{step:012d}.pt"
    with atomic_write(path) as temporary_path:
        torch.save({"schema_version": SCHEMA_VERSION, "identity": identity, "state": state}, temporary_path)
    for outdated_path in sorted(folder.glob("step_*.pt"))[:-KEPT_CHECKPOINTS]:
        outdated_path.unlink(missing_ok=True)
    return path


def latest_checkpoint(folders: Sequence[Path], identity: str) -> tuple[dict[str, Any] | None, list[Path]]:
    """Return the readable state with the most steps in `folders`, on CPU, and the newer checkpoints that are damaged.

    The state is None when no checkpoint is readable. Raises `VestimError` when the newest readable one belongs to a
    training with other settings or data.
    """
    paths = sorted((path for folder in folders for path in folder.glob("step_*.pt")), key=lambda path: path.name)
    damaged_paths: list[Path] = []
    for path in reversed(paths):
        try:
            document = torch.load(path, map_location="cpu", weights_only=True)
            version, stored_identity, state = document["schema_version"], document["identity"], document["state"]
        except Exception:  # torch raises any kind of error for a damaged file; the previous one is complete
            damaged_paths.append(path)
            continue
        if version != SCHEMA_VERSION or stored_identity != identity:
            raise refused(
                f"{path} was made with other settings, data or another version of Vestim: this training cannot go on "
                f"from it; train anew in an empty folder",
                location=str(path),
            )
        return dict(state), damaged_paths
    return None, damaged_paths
