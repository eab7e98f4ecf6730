"""Small data files, valid and defective."""

from __future__ import annotations

import math
from pathlib import Path

HEADER = "time_s,voltage_V,current_A,temperature_degC,soc"


def write_cycle(
    path: Path,
    *,
    rows: int = 400,
    phase: float = 0.0,
    ambient_degC: float = 25.0,
    sign: float = 1.0,
    header: str = HEADER,
) -> Path:
    """Write a discharge with pulses; voltage falls while current leaves the cell. sign: -1 for reversed current."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines, soc = [header], 0.95
    for row in range(rows):
        current_A = -2.0 + 1.5 * math.sin(row / 9 + phase) - (1.0 if row % 50 < 20 else 0.0)
        soc += current_A / 3600 / 4.5
        voltage_V = 3.2 + 0.9 * soc + 0.03 * current_A + 0.002 * math.sin(row / 3 + phase)
        cell_degC = ambient_degC + 4 * math.sin(row / 80)
        lines.append(f"{row},{voltage_V:.5f},{sign * current_A:.5f},{cell_degC:.3f},{soc:.6f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_cells(folder: Path) -> dict[str, list[str]]:
    """Write a file for each role; returns the data section."""
    roles = {"train": 0.0, "validation": 1.0, "test": 2.0}
    return {role: [str(write_cycle(folder / f"{role}.csv", phase=phase))] for role, phase in roles.items()}
