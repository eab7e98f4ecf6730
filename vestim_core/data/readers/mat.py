"""MAT files, version 5: a struct of vectors (`meas` before others) or plain vectors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from vestim_core.data.readers.assign import find_column
from vestim_core.data.readers.mat_tags import HEADER_BYTES, check_tags
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.signals import QUANTITIES

_PREFERRED = "meas"


@dataclass(frozen=True)
class MatSource:
    """The vectors of a MAT file that are as long as its time."""

    path: Path
    headers: list[str]
    vectors: list[np.ndarray]
    findings: tuple[Finding, ...]

    def read(self, positions: Sequence[int], time: int) -> dict[int, np.ndarray]:
        """The vectors as float64."""
        return {position: np.asarray(self.vectors[position], dtype=np.float64) for position in positions}

    def place(self, row: int) -> str:
        """MATLAB counts from 1."""
        return f"row {row + 1}"


def open_mat(path: Path, mapping: Mapping[str, str]) -> MatSource:
    """The file's vectors, those of another length than its time and whatever is no vector of numbers left aside."""
    fields = _best_group(_load(path), mapping)
    vectors = {field: vector for field, value in fields.items() if (vector := _vector(value)) is not None}
    if not vectors:
        raise wrong_input(
            f'"{path.name}" holds no vectors of numbers: save the signals as vectors or as fields of a struct.',
            place=str(path),
        )
    rows = _rows(vectors, mapping)
    aside = [field for field in fields if field not in vectors or len(vectors[field]) != rows]
    kept = {field: vector for field, vector in vectors.items() if len(vector) == rows}
    return MatSource(path, list(kept), list(kept.values()), _set_aside(path, aside, rows))


def _load(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    if not start:
        raise wrong_input(f'"{path.name}" is empty (0 bytes).', place=str(path))
    if start.startswith((b"MATLAB 7.3", b"\x89HDF")):
        raise wrong_input(
            f'"{path.name}" is a MAT file of version 7.3: save it in MATLAB with save(..., "-v7").', place=str(path)
        )
    try:
        check_tags(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy's, about what it cannot read; that is skipped and said
            return dict(scipy.io.loadmat(path, simplify_cells=True))
    except OSError:
        raise
    except Exception:  # damaged bytes make scipy raise errors of any kind
        raise wrong_input(f'"{path.name}" is damaged or no MAT file: export it again.', place=str(path)) from None


def _best_group(content: Mapping[str, Any], mapping: Mapping[str, str]) -> Mapping[str, Any]:
    """The struct, or the plain variables together, in which the most quantities are found."""
    variables = {name: value for name, value in content.items() if not name.startswith("__")}
    structs = {name: value for name, value in variables.items() if isinstance(value, dict)}
    plain = {name: value for name, value in variables.items() if name not in structs}

    def worth(name: str) -> tuple[int, bool]:
        fields = list(groups[name])
        return sum(find_column(fields, mapping, quantity) is not None for quantity in QUANTITIES), name == _PREFERRED

    groups = {**structs, "": plain}
    return groups[max(groups, key=worth)]


def _vector(value: Any) -> np.ndarray | None:
    """`value` as (N,) when it is real numbers along one axis."""
    if not isinstance(value, np.ndarray | int | float):
        return None
    array = np.atleast_1d(np.asarray(value))
    return array if array.ndim == 1 and array.dtype.kind in "biuf" else None


def _rows(vectors: Mapping[str, np.ndarray], mapping: Mapping[str, str]) -> int:
    """Length of the time vector; of the longest vector when there is no time, which the caller then reports."""
    time = find_column(list(vectors), mapping, "time_s")
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
