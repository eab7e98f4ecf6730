"""MAT files: a struct of vectors (`meas` before others) or plain vectors; version 5 by scipy, 7.3 by h5py."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from vestim_core.data.files import NoTable
from vestim_core.data.readers.assign import Names
from vestim_core.data.readers.mat_tags import HEADER_BYTES, check_tags
from vestim_core.data.readers.source import Raw
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.signals import QUANTITIES

_SAMPLED = 100


@dataclass(frozen=True)
class MatSource:
    """The vectors of a MAT file that are as long as its time: numbers, or texts where each row has one."""

    path: Path
    headers: list[str]
    vectors: list[np.ndarray]
    findings: tuple[Finding, ...]
    preamble: str = ""

    def sample(self, position: int) -> list[str]:
        """The vector's first values."""
        return [str(value) for value in self.vectors[position][:_SAMPLED]]

    def estimated_rows(self) -> int:
        """Exactly."""
        return len(self.vectors[0])

    def read(self, positions: Sequence[int], texts: Collection[int]) -> Raw:
        """The vectors as float64, those of `texts` as text; texts that are no numbers are NaN."""
        return Raw({position: self._column(position, position in texts) for position in positions})

    def place(self, row: int) -> str:
        """MATLAB counts from 1."""
        return f"row {row + 1}"

    def _column(self, position: int, as_text: bool) -> np.ndarray:
        vector = self.vectors[position]
        if as_text:
            return vector.astype(str).astype(object)
        return np.full(len(vector), np.nan) if vector.dtype.kind == "U" else np.asarray(vector, dtype=np.float64)


def open_mat(path: Path, names: Names) -> MatSource:
    """The file's vectors, those of another length than its time and whatever is no vector left aside."""
    fields = _best_group(_load(path), names)
    vectors = {field: vector for field, value in fields.items() if (vector := _vector(value)) is not None}
    if not any(vector.dtype.kind != "U" for vector in vectors.values()):
        raise wrong_input(
            f'"{path.name}" holds no vectors of numbers: save the signals as vectors or as fields of a struct.',
            place=str(path),
        )
    rows = _rows(vectors, names)
    aside = [field for field in fields if field not in vectors or len(vectors[field]) != rows]
    kept = {field: vector for field, vector in vectors.items() if len(vector) == rows}
    return MatSource(path, list(kept), list(kept.values()), _set_aside(path, aside, rows))


def _load(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    if not start:
        raise NoTable("file.empty", f'"{path.name}" is empty (0 bytes).', path)
    try:
        if start.startswith((b"MATLAB 7.3", b"\x89HDF")):
            from vestim_core.data.readers.hdf5 import load_hdf5  # loading HDF5 takes longer than most files do

            return load_hdf5(path)
        check_tags(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy's, about what it cannot read; that is skipped and said
            return dict(scipy.io.loadmat(path, simplify_cells=True))
    except PermissionError:
        raise
    except Exception:  # damaged bytes make scipy and h5py raise errors of any kind
        raise wrong_input(f'"{path.name}" is damaged or no MAT file: export it again.', place=str(path)) from None


def _best_group(content: Mapping[str, Any], names: Names) -> Mapping[str, Any]:
    """The struct, or the plain variables together, in which the most quantities are found."""
    variables = {name: value for name, value in content.items() if not name.startswith("__")}
    structs = {name: value for name, value in variables.items() if isinstance(value, dict)}
    plain = {name: value for name, value in variables.items() if name not in structs}

    def worth(name: str) -> tuple[int, bool]:
        fields = list(groups[name])
        found = sum(names.find(fields, quantity) is not None for quantity in QUANTITIES)
        return found, name in names.vendor.structs

    groups = {**structs, "": plain}
    return groups[max(groups, key=worth)]


def _vector(value: Any) -> np.ndarray | None:
    """`value` as (N,) when it is real numbers, or texts, along one axis."""
    if not isinstance(value, np.ndarray | int | float):
        return None
    array = np.atleast_1d(np.asarray(value))
    return array if array.ndim == 1 and array.dtype.kind in "biufU" else None


def _rows(vectors: Mapping[str, np.ndarray], names: Names) -> int:
    """Length of the time vector; of the longest vector when there is no time, which the caller then reports."""
    time = names.find(list(vectors), "time_s")
    return len(vectors[time.header]) if time else max(map(len, vectors.values()))


def _set_aside(path: Path, fields: Sequence[str], rows: int) -> tuple[Finding, ...]:
    if not fields:
        return ()
    return (
        Finding(
            code="fields_skipped",
            severity=Severity.INFO,
            sentence=f'Of "{path.name}" {", ".join(fields)} {"was" if len(fields) == 1 else "were"} skipped: '
            f"no vector of {rows} numbers.",
            file=path.name,
        ),
    )
