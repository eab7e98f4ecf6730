"""MAT files: a struct of vectors (`meas` preferred) or plain vectors; version 5 read by scipy, 7.3 by h5py."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from vestim_core.data.data_files import NoTable
from vestim_core.data.readers.column_assignment import ColumnNames
from vestim_core.data.readers.mat_tags import HEADER_BYTES, check_tags
from vestim_core.data.readers.source import RawColumns
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.signals import QUANTITIES

_SAMPLE_ROWS = 100  # values in a sample: the limit that `Source.sample` states


@dataclass(frozen=True)
class MatSource:
    """The vectors of a MAT file that are as long as its time: numbers, or texts with one entry per row."""

    path: Path
    headers: list[str]
    vectors: list[np.ndarray]
    findings: tuple[Finding, ...]
    preamble: str = ""

    def sample(self, position: int) -> list[str]:
        """First values of the vector."""
        return [str(value) for value in self.vectors[position][:_SAMPLE_ROWS]]

    def estimated_rows(self) -> int:
        """Exact row count."""
        return len(self.vectors[0])

    def read(self, positions: Sequence[int], texts: Collection[int]) -> RawColumns:
        """Read the vectors as float64, those in `texts` as text; texts that are not numbers become NaN."""
        return RawColumns({position: self._column(position, position in texts) for position in positions})

    def row_location(self, row: int) -> str:
        """Row number, counted from 1 as in MATLAB."""
        return f"row {row + 1}"

    def _column(self, position: int, as_text: bool) -> np.ndarray:
        vector = self.vectors[position]
        if as_text:
            return vector.astype(str).astype(object)
        return np.full(len(vector), np.nan) if vector.dtype.kind == "U" else np.asarray(vector, dtype=np.float64)


def open_mat(path: Path, names: ColumnNames) -> MatSource:
    """Open the file's vectors; vectors of another length than its time and anything else are skipped."""
    fields = _best_group(_load(path), names)
    vectors = {field: vector for field, value in fields.items() if (vector := _as_vector(value)) is not None}
    if not any(vector.dtype.kind != "U" for vector in vectors.values()):
        raise wrong_input(
            f'"{path.name}" holds no vectors of numbers: save the signals as vectors or as fields of a struct.',
            location=str(path),
        )
    rows = _time_length(vectors, names)
    skipped_fields = [field for field in fields if field not in vectors or len(vectors[field]) != rows]
    used_vectors = {field: vector for field, vector in vectors.items() if len(vector) == rows}
    return MatSource(
        path, list(used_vectors), list(used_vectors.values()), _skipped_findings(path, skipped_fields, rows)
    )


def _load(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    if not head:
        raise NoTable("file.empty", f'"{path.name}" is empty (0 bytes).', path)
    try:
        if head.startswith((b"MATLAB 7.3", b"\x89HDF")):
            from vestim_core.data.readers.hdf5 import load_hdf5  # importing h5py takes longer than reading most files

            return load_hdf5(path)
        check_tags(path)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # scipy warns about variables that it cannot read; they are reported as skipped
            return dict(scipy.io.loadmat(path, simplify_cells=True))
    except PermissionError:
        raise
    except Exception:  # scipy and h5py raise errors of any type for damaged bytes
        raise wrong_input(f'"{path.name}" is damaged or no MAT file: export it again.', location=str(path)) from None


def _best_group(content: Mapping[str, Any], names: ColumnNames) -> Mapping[str, Any]:
    """The struct, or all plain variables together, that holds the most quantities."""
    variables = {name: value for name, value in content.items() if not name.startswith("__")}
    structs = {name: value for name, value in variables.items() if isinstance(value, dict)}
    plain = {name: value for name, value in variables.items() if name not in structs}

    def rank(name: str) -> tuple[int, bool]:
        fields = list(groups[name])
        quantities = sum(names.find_column(fields, quantity) is not None for quantity in QUANTITIES)
        return quantities, name in names.vendor.structs

    groups = {**structs, "": plain}
    return groups[max(groups, key=rank)]


def _as_vector(value: Any) -> np.ndarray | None:
    """`value` as (N,) if it is real numbers or texts along one axis, else None."""
    if not isinstance(value, np.ndarray | int | float):
        return None
    array = np.atleast_1d(np.asarray(value))
    return array if array.ndim == 1 and array.dtype.kind in "biufU" else None


def _time_length(vectors: Mapping[str, np.ndarray], names: ColumnNames) -> int:
    """Length of the time vector, or of the longest vector if there is no time, which the caller then reports."""
    time = names.find_column(list(vectors), "time_s")
    return len(vectors[time.header]) if time else max(map(len, vectors.values()))


def _skipped_findings(path: Path, fields: Sequence[str], rows: int) -> tuple[Finding, ...]:
    if not fields:
        return ()
    return (
        Finding(
            code="fields_skipped",
            severity=Severity.INFO,
            message=f'Of "{path.name}" {", ".join(fields)} {"was" if len(fields) == 1 else "were"} skipped: '
            f"no vector of {rows} numbers.",
            file=path.name,
        ),
    )
