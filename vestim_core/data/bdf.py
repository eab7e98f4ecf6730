"""Battery Data Format: writes tables as CSV with its preferred labels, in a form that the readers accept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from vestim_core.data.table import Table
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input

LABELS = {
    "time_s": "Test Time / s",
    "voltage_V": "Voltage / V",
    "current_A": "Current / A",
    "cycle": "Cycle Count / 1",
    "step": "Step Count / 1",
    "ambient_degC": "Ambient Temperature / degC",
    "temperature_degC": "Surface Temperature / degC",
    "power_W": "Power / W",
    "charge_Ah": "Net Capacity / Ah",
    "energy_Wh": "Net Energy / Wh",
    "soc": "State of Charge / 1",
}
"""Label of each canonical column, in writing order; any other column keeps its own name."""
_UNIX_TIME = "Unix Time / s"
_MIN_UNIX_TIME_S = 1e8
"""Seconds beyond which a file's clock counts from 1970: no test lasts three years."""


def write_bdf(table: Table, path: Path, *, overwrite: bool = False) -> None:
    """Write `table` to `path` (by convention `<name>.bdf.csv`) atomically. A missing value is an empty field.

    Test time continues the file's own clock; if that is a date, test time starts at 0 and Unix time is added as a
    column. Raises wrong_input if the file exists and `overwrite` is false, VestimError if it cannot be written.
    """
    if path.exists() and not overwrite:
        raise wrong_input(f'"{path}" is there already: give another folder or name.', location=str(path))
    has_dates = table.start_s > _MIN_UNIX_TIME_S
    time_s = table.columns["time_s"]
    columns = {LABELS["time_s"]: time_s if has_dates else time_s + table.start_s}
    if has_dates:
        columns[_UNIX_TIME] = time_s + table.start_s
    ordered_names = [name for name in LABELS if name in table.columns] + [
        name for name in table.columns if name not in LABELS
    ]
    columns |= {LABELS.get(name, name): table.columns[name] for name in ordered_names if name != "time_s"}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary_path = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                pd.DataFrame(columns).to_csv(file, index=False, lineterminator="\n")
            Path(temporary_path).replace(path)
        except BaseException:
            Path(temporary_path).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise VestimError(
            ErrorCode.FAILED, f'"{path}" cannot be written: {error.strerror or error}.', location=str(path)
        ) from None
