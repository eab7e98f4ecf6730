"""The demo: a synthetic cell's test files and a job on them, the same bytes at every run.

Training at 5 to 40 degC, validation on another kind of drive at 20 degC, and a held-out test on yet another kind
at 32 degC, a temperature in between. One deliberately defective file lies beside and is no part of the job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import vestim_core
from vestim_core.data.demo.files import DEFECTIVE, FILES, csv_bytes, defective_csv_bytes
from vestim_core.spec.errors import wrong_input

__all__ = ["keep_demo", "write_demo"]

_NOTE = "demo.json"
Tell = Callable[[dict[str, Any]], None]


def keep_demo(folder: Path, tell: Tell = lambda progress: None) -> dict[str, Any]:
    """The demo in `folder`, written unless a whole set of this version lies there.

    Answers spec (the job's document), folder, defective (path of the file that is broken on purpose and no part of the
    job) and generated (whether anything was written). tell: hears fraction and message. `VestimError` where nothing
    can be written.
    """
    folder = folder.absolute()
    generated = not _whole(folder)
    if generated:
        try:
            write_demo(folder, tell)
            note = {"version": vestim_core.__version__, "sha256": {name: _sha256(folder / name) for name in _names()}}
            (folder / _NOTE).write_text(json.dumps(note, indent=2), encoding="utf-8")
        except OSError as error:
            raise wrong_input(
                f"the demo data cannot be written to '{folder}' ({error.strerror or error}): make room or give access",
                place=str(folder),
            ) from None
    answer = {"spec": demo_document(folder), "folder": str(folder), "defective": str(folder / DEFECTIVE)}
    return {**answer, "generated": generated}


def write_demo(folder: Path, tell: Tell = lambda progress: None) -> dict[str, Any]:
    """Write the files into `folder` (made when absent) and return the job's document, with absolute paths."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate(FILES):
        tell({"fraction": number / len(FILES), "message": f"driving the synthetic cell: {file.name}"})
        (folder / file.name).write_bytes(csv_bytes(file))
    (folder / DEFECTIVE).write_bytes(defective_csv_bytes())
    return demo_document(folder)


def demo_document(folder: Path) -> dict[str, Any]:
    """The job on the demo's files in `folder`."""
    roles = ("train", "validation", "test")
    return {
        "name": "Demo: LSTM and FNN on a synthetic cell",
        "data": {role: [str(folder / file.name) for file in FILES if file.role == role] for role in roles},
        "signals": {"features": ["soc", "current_A", "temperature_degC"], "target": "voltage_V"},
        "preparation": [
            {"step": "resample", "period_s": 1.0},
            {"step": "pre_roll", "duration_s": 100.0},
            {"step": "normalise", "method": "z-score"},
        ],
        "model": [{"kind": "lstm", "sizes": [24]}, {"kind": "fnn", "sizes": [64, 32]}],
        "training": [
            {"method": "streams", "max_epochs": 32, "draws_per_epoch": 12, "learning_rate": 1e-2},
            {"method": "rows", "max_epochs": 300, "patience": 60, "batch_rows": 256, "learning_rate": 5e-3},
        ],
        "testing": {"baseline": True},
    }


def _names() -> list[str]:
    return [*(file.name for file in FILES), DEFECTIVE]


def _whole(folder: Path) -> bool:
    """Whether every file lies there as this version wrote it."""
    try:
        note = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        written = note["sha256"] == {name: _sha256(folder / name) for name in _names()}
        return bool(written and note["version"] == vestim_core.__version__)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
