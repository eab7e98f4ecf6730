"""The demo: a synthetic cell's test files and a job on them, the same bytes at every run.

Training at 5 to 40 degC, validation on another kind of drive at 20 degC, and a held-out test on yet another kind
at 32 degC, a temperature in between. One deliberately defective file lies beside and is no part of the job.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vestim_core.data.demo.files import DEFECTIVE, FILES, csv_bytes, defective_csv_bytes

__all__ = ["write_demo"]


def write_demo(folder: Path) -> dict[str, Any]:
    """Write the files into `folder` (made when absent) and return the job's document, with absolute paths."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        (folder / file.name).write_bytes(csv_bytes(file))
    (folder / DEFECTIVE).write_bytes(defective_csv_bytes())
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
            {"method": "streams", "max_epochs": 30, "learning_rate": 5e-3},
            {"method": "rows", "max_epochs": 300, "patience": 60, "batch_rows": 256, "learning_rate": 5e-3},
        ],
        "testing": {"baseline": True},
    }
