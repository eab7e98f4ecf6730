"""Three short synthetic drives and the settings of a small job on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROWS = 400  # seconds at 1 Hz; few, so that trainings are quick
ENDLESS_EPOCHS = 1_000_000
"""Number of epochs of a training that runs until it is stopped."""


def write_drives(folder: Path) -> dict[str, list[str]]:
    """Write one file per role, of a cell with ohmic resistance at 1 Hz, and return a job's data section on them."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        role: [_write_drive(folder / f"{role}.csv", 7 * index)]
        for index, role in enumerate(("train", "validation", "test"))
    }


def _write_drive(path: Path, shift_s: int) -> str:
    lines = ["Test Time (s),Voltage (V),Current (A),Cell Temperature (C),SOC"]
    soc = 0.9
    for time_s in range(ROWS):
        current_A = 0.5 if (time_s + shift_s) // 20 % 3 else -1.0
        soc += current_A / 3600 / 3
        lines.append(f"{time_s},{3.2 + soc + 0.05 * current_A:.4f},{current_A},{25 + time_s / 200:.2f},{soc:.4f}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def sample_settings(**training: Any) -> dict[str, Any]:
    """All sections of a job except its data, for two small networks. training: overrides of the training section."""
    return {
        "signals": {"features": ["soc", "current_A", "temperature_degC"], "target": "voltage_V"},
        "preparation": [{"step": "resample"}, {"step": "normalize"}],
        "model": {"kind": "fnn", "sizes": [[4], [6]]},
        "training": {
            "method": "rows",
            "max_epochs": ENDLESS_EPOCHS,
            "patience": ENDLESS_EPOCHS,
            "batch_size": 64,
            **training,
        },
        "testing": {"baseline": False},
    }
