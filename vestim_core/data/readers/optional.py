"""Formats whose libraries are extras: Parquet by pyarrow, Neware's nda and ndax by NewareNDA."""

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
from vestim_core.data.readers.source import Raw
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.finding import Finding

_SAMPLED = 100


@dataclass(frozen=True)
class FrameSource:
    """A table that a library gave as a whole: one array for each column."""

    path: Path
    headers: list[str]
    arrays: list[np.ndarray]
    findings: tuple[Finding, ...] = ()
    preamble: str = ""

    def sample(self, position: int) -> list[str]:
        """The column's first values."""
        return [str(value) for value in self.arrays[position][:_SAMPLED]]

    def estimated_rows(self) -> int:
        """Exactly."""
        return len(self.arrays[0]) if self.arrays else 0

    def read(self, positions: Sequence[int], texts: Collection[int]) -> Raw:
        """The columns as float64, those of `texts` as text."""
        return Raw({position: self._column(position, position in texts) for position in positions})

    def place(self, row: int) -> str:
        """Counted from 1."""
        return f"row {row + 1}"

    def _column(self, position: int, as_text: bool) -> np.ndarray:
        array = self.arrays[position]
        if as_text:
            return array.astype(str).astype(object)
        return np.asarray(array, dtype=np.float64) if array.dtype.kind in "biuf" else np.full(len(array), np.nan)


def open_parquet(path: Path) -> FrameSource:
    """The columns of a Parquet file."""
    parquet = _library(path, "pyarrow.parquet", "parquet")
    try:
        table = parquet.read_table(path)
        arrays = [np.asarray(column.to_numpy()) for column in table.columns]
        return FrameSource(path, [str(name) for name in table.column_names], arrays)
    except PermissionError:
        raise
    except Exception:  # damaged bytes make the library raise errors of any kind
        raise _damaged(path, "Parquet") from None


def open_neware(path: Path) -> FrameSource:
    """The records of a Neware .nda or .ndax file, under the names of Neware's CSV."""
    packed = path.suffix.lower() == ".ndax"
    library = _library(path, "NewareNDA.NewareNDAx" if packed else "NewareNDA.NewareNDA", "neware")
    logging.getLogger("newarenda").setLevel(logging.CRITICAL + 1)
    if packed:
        check_archive(path)
    try:
        if not packed:
            check_nda(path)
        frame = (library.read_ndax if packed else library.read_nda)(str(path), software_cycle_number=False)
    except PermissionError:
        raise
    except Exception:  # damaged bytes make the library raise errors of any kind
        raise _damaged(path, "Neware") from None
    return FrameSource(path, [_NEWARE.get(name, name) for name in map(str, frame.columns)], _arrays(frame))


_NEWARE = {
    "Index": "DataPoint",
    "Cycle": "Cycle Index",
    "Step": "Step Index",
    "Status": "Step Type",
    "Time": "Step Time [s]",
    "Voltage": "Voltage(V)",
    "Current(mA)": "Current(mA)",
    "Timestamp": "Date",
}
"""What the library calls the columns, and Neware's own program."""


def _arrays(frame: Any) -> list[np.ndarray]:
    return [frame[name].to_numpy() for name in frame.columns]


def _library(path: Path, module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise wrong_input(
            f'"{path.name}" needs the extra "{extra}" to be read: install vestim[{extra}], or export the file as CSV.',
            place=str(path),
            actions=(f"install vestim[{extra}]", "export the file as CSV"),
        ) from None


def _damaged(path: Path, kind: str) -> VestimError:
    return wrong_input(f'"{path.name}" is damaged or no {kind} file: export it again.', place=str(path))
