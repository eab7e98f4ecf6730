"""The demo: test files of a synthetic cell and a job that uses them, byte-identical on every run.

Training covers 5 to 40 degC, validation another kind of drive at 20 degC, and the held-out test yet another kind at 32
degC. One deliberately defective file is written next to them and is not part of the job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import vestim_core
from vestim_core.data.demo.demo_files import DEFECTIVE, FILES, csv_bytes, defective_csv_bytes
from vestim_core.spec.errors import wrong_input

__all__ = ["ensure_demo", "write_demo"]

_MANIFEST = "demo.json"
ProgressCallback = Callable[[dict[str, Any]], None]


def ensure_demo(folder: Path, on_progress: ProgressCallback = lambda progress: None) -> dict[str, Any]:
    """Ensure that `folder` holds the demo files of this version, and return the demo's description.

    Keys: spec (the job document), folder, defective (path of the deliberately defective file) and generated (true if
    anything was written). on_progress: called with fraction and message. Raises VestimError if the files cannot be
    written.
    """
    folder = folder.absolute()
    is_generated = not _is_current(folder)
    if is_generated:
        try:
            write_demo(folder, on_progress)
            manifest = {
                "version": vestim_core.__version__,
                "sha256": {name: _sha256(folder / name) for name in _file_names()},
            }
            (folder / _MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        except OSError as error:
            raise wrong_input(
                f"the demo data cannot be written to '{folder}' ({error.strerror or error}): make room or give access",
                location=str(folder),
            ) from None
    answer = {"spec": demo_document(folder), "folder": str(folder), "defective": str(folder / DEFECTIVE)}
    return {**answer, "generated": is_generated}


def write_demo(folder: Path, on_progress: ProgressCallback = lambda progress: None) -> dict[str, Any]:
    """Write the files into `folder` (created if absent) and return the job document, with absolute paths."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for index, file in enumerate(FILES):
        on_progress({"fraction": index / len(FILES), "message": f"driving the synthetic cell: {file.name}"})
        (folder / file.name).write_bytes(csv_bytes(file))
    (folder / DEFECTIVE).write_bytes(defective_csv_bytes())
    return demo_document(folder)


def demo_document(folder: Path) -> dict[str, Any]:
    """Build the job document for the demo files in `folder`."""
    roles = ("train", "validation", "test")
    return {
        "name": "Demo: LSTM and FNN on a synthetic cell",
        "data": {role: [str(folder / file.name) for file in FILES if file.role == role] for role in roles},
        "signals": {"features": ["soc", "current_A", "temperature_degC"], "target": "voltage_V"},
        "preparation": [
            {"step": "resample", "period_s": 1.0},
            {"step": "pre_roll", "duration_s": 100.0},
            {"step": "normalize", "method": "z-score"},
        ],
        "model": [{"kind": "lstm", "sizes": [24]}, {"kind": "fnn", "sizes": [64, 32]}],
        "training": [
            {"method": "tbptt", "max_epochs": 32, "draws_per_epoch": 12, "learning_rate": 1e-2},
            {"method": "rows", "max_epochs": 300, "patience": 60, "batch_size": 256, "learning_rate": 5e-3},
        ],
        "testing": {"baseline": True},
    }


def _file_names() -> list[str]:
    return [*(file.name for file in FILES), DEFECTIVE]


def _is_current(folder: Path) -> bool:
    """True if every file is present exactly as this version wrote it."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        is_unchanged = manifest["sha256"] == {name: _sha256(folder / name) for name in _file_names()}
        return bool(is_unchanged and manifest["version"] == vestim_core.__version__)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
