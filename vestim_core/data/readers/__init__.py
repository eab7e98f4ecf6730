"""Readers: any supported file to a `Table` in canonical columns. Nothing is dropped, zeroed or guessed in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vestim_core.data.files import READABLE, sha256_of, unreadable
from vestim_core.data.readers.assign import assign
from vestim_core.data.readers.csv import open_csv
from vestim_core.data.readers.mat import open_mat
from vestim_core.data.readers.source import Source
from vestim_core.data.readers.tidy import tidy
from vestim_core.data.table import Table
from vestim_core.spec.errors import wrong_input

__all__ = ["read_table"]


def read_table(
    path: Path, mapping: Mapping[str, str], needed: Sequence[str], wanted: Sequence[str] = (), *, sha256: str = ""
) -> Table:
    """The rows of one file.

    mapping: canonical name to the name in the file, where that is not recognised. needed: canonical columns that must
    be there, time apart, which always must. wanted: columns that are read when they are there and whole. sha256: of the
    file when it is known already. Raises VestimError with one sentence for whatever cannot be used.
    """
    source = _open(path, mapping)
    assigned, findings = assign(source, mapping, ["time_s", *needed], wanted)
    time = assigned["time_s"].position
    raw = source.read(sorted({column.position for column in assigned.values()}), time)
    columns, noticed = tidy(source, assigned, raw, needed)
    return Table(path, path.name, sha256 or sha256_of(path), columns, (*source.findings, *findings, *noticed))


def _open(path: Path, mapping: Mapping[str, str]) -> Source:
    if path.is_dir():
        raise wrong_input(f'"{path}" is a folder, not a file: give the files in it.', place=str(path))
    kind = path.suffix.lower()
    if kind not in READABLE:
        raise wrong_input(f'"{path.name}" cannot be read: Vestim reads {", ".join(READABLE)}.', place=str(path))
    try:
        return open_mat(path, mapping) if kind == ".mat" else open_csv(path)
    except OSError as error:
        raise unreadable(path, error) from None
