"""Battery Data Format: tables as CSV with its preferred labels. What is written here is read back by the readers."""

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
"""The label of each canonical column, in the order in which they are written; any other keeps its own name."""
_UNIX_TIME = "Unix Time / s"
_DATES_FROM_S = 1e8
"""A file's clock beyond this counts from 1970."""


def write_bdf(table: Table, path: Path, *, overwrite: bool = False) -> None:
    """Write `table` to `path` (by custom `<name>.bdf.csv`), beside and renamed. A missing value is an empty field.

    Test time goes on from the file's own clock; where that is a date, it starts at 0 and Unix time stands beside it.
    Raises wrong_input when the file is there already and may not be overwritten, VestimError when it cannot be written.
    """
    if path.exists() and not overwrite:
        raise wrong_input(f'"{path}" is there already: give another folder or name.', place=str(path))
    dated = table.start_s > _DATES_FROM_S
    time_s = table.columns["time_s"]
    columns = {LABELS["time_s"]: time_s if dated else time_s + table.start_s}
    if dated:
        columns[_UNIX_TIME] = time_s + table.start_s
    ordered = [name for name in LABELS if name in table.columns] + [
        name for name in table.columns if name not in LABELS
    ]
    columns |= {LABELS.get(name, name): table.columns[name] for name in ordered if name != "time_s"}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                pd.DataFrame(columns).to_csv(file, index=False, lineterminator="\n")
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise VestimError(
            ErrorCode.FAILED, f'"{path}" cannot be written: {error.strerror or error}.', place=str(path)
        ) from None
