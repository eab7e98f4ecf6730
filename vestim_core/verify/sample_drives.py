"""Three short made-up drives and the settings of a small job on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROWS = 400
ENDLESS = 1_000_000
"""Epochs of a training that goes on until it is told to stop."""


def write_drives(folder: Path) -> dict[str, list[str]]:
    """One file a role, of a cell with some resistance at 1 Hz; the data section of a job on them."""
    folder.mkdir(parents=True, exist_ok=True)
    return {role: [_drive(folder / f"{role}.csv", 7 * n)] for n, role in enumerate(("train", "validation", "test"))}


def _drive(path: Path, shift_s: int) -> str:
    lines = ["Test Time (s),Voltage (V),Current (A),Cell Temperature (C),SOC"]
    soc = 0.9
    for time_s in range(ROWS):
        current_A = 0.5 if (time_s + shift_s) // 20 % 3 else -1.0
        soc += current_A / 3600 / 3
        lines.append(f"{time_s},{3.2 + soc + 0.05 * current_A:.4f},{current_A},{25 + time_s / 200:.2f},{soc:.4f}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def settings(**training: Any) -> dict[str, Any]:
    """Everything of a job but its data: two small networks; `training` changes how they are trained."""
    return {
        "signals": {"features": ["soc", "current_A", "temperature_degC"], "target": "voltage_V"},
        "preparation": [{"step": "resample"}, {"step": "normalise"}],
        "model": {"kind": "fnn", "sizes": [[4], [6]]},
        "training": {"method": "rows", "max_epochs": ENDLESS, "patience": ENDLESS, "batch_rows": 64, **training},
        "testing": {"baseline": False},
    }
