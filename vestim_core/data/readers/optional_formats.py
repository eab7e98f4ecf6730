"""Formats whose libraries are optional extras: Parquet by pyarrow, Neware's nda and ndax by NewareNDA."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vestim_core.data.readers.archive import check_archive
from vestim_core.data.readers.nda import check_nda
from vestim_core.data.readers.source import RawColumns
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.finding import Finding

_SAMPLE_ROWS = 100  # values in a sample: the limit that `Source.sample` states


@dataclass(frozen=True)
class FrameSource:
    """A table that a library returned complete: one array per column."""

    path: Path
    headers: list[str]
    arrays: list[np.ndarray]
    findings: tuple[Finding, ...] = ()
    preamble: str = ""

    def sample(self, position: int) -> list[str]:
        """First values of the column."""
        return [str(value) for value in self.arrays[position][:_SAMPLE_ROWS]]

    def estimated_rows(self) -> int:
        """Exact row count."""
        return len(self.arrays[0]) if self.arrays else 0

    def read(self, positions: Sequence[int], texts: Collection[int]) -> RawColumns:
        """Read the columns as float64, those in `texts` as text."""
        return RawColumns({position: self._column(position, position in texts) for position in positions})

    def row_location(self, row: int) -> str:
        """Row number, counted from 1."""
        return f"row {row + 1}"

    def _column(self, position: int, as_text: bool) -> np.ndarray:
        array = self.arrays[position]
        if as_text:
            return array.astype(str).astype(object)
        return np.asarray(array, dtype=np.float64) if array.dtype.kind in "biuf" else np.full(len(array), np.nan)


def open_parquet(path: Path) -> FrameSource:
    """Read the columns of a Parquet file."""
    parquet = _import_library(path, "pyarrow.parquet", "parquet")
    try:
        table = parquet.read_table(path)
        arrays = [np.asarray(column.to_numpy()) for column in table.columns]
        return FrameSource(path, [str(name) for name in table.column_names], arrays)
    except PermissionError:
        raise
    except Exception:  # the library raises errors of any type for damaged bytes
        raise _damaged_error(path, "Parquet") from None


def open_neware(path: Path) -> FrameSource:
    """Read the records of a Neware .nda or .ndax file, under the column names of Neware's CSV."""
    is_archive = path.suffix.lower() == ".ndax"
    library = _import_library(path, "NewareNDA.NewareNDAx" if is_archive else "NewareNDA.NewareNDA", "neware")
    logging.getLogger("newarenda").setLevel(logging.CRITICAL + 1)
    if is_archive:
        check_archive(path)
    try:
        if not is_archive:
            check_nda(path)
        frame = (library.read_ndax if is_archive else library.read_nda)(str(path), software_cycle_number=False)
    except PermissionError:
        raise
    except Exception:  # the library raises errors of any type for damaged bytes
        raise _damaged_error(path, "Neware") from None
    return FrameSource(path, [_NEWARE_NAMES.get(name, name) for name in map(str, frame.columns)], _column_arrays(frame))


_NEWARE_NAMES = {
    "Index": "DataPoint",
    "Cycle": "Cycle Index",
    "Step": "Step Index",
    "Status": "Step Type",
    "Time": "Step Time [s]",
    "Voltage": "Voltage(V)",
    "Current(mA)": "Current(mA)",
    "Timestamp": "Date",
}
"""The library's column names to those of Neware's own program."""


def _column_arrays(frame: Any) -> list[np.ndarray]:
    return [frame[name].to_numpy() for name in frame.columns]


def _import_library(path: Path, module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise wrong_input(
            f'"{path.name}" needs the extra "{extra}" to be read: install vestim[{extra}], or export the file as CSV.',
            location=str(path),
            actions=(f"install vestim[{extra}]", "export the file as CSV"),
        ) from None


def _damaged_error(path: Path, format_name: str) -> VestimError:
    return wrong_input(f'"{path.name}" is damaged or no {format_name} file: export it again.', location=str(path))
