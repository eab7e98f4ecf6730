"""Readers: any supported file to a `Table` in canonical columns. Nothing is dropped, zeroed or guessed in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vestim_core.data.readers.load import load_table
from vestim_core.data.readers.usable import usable
from vestim_core.data.table import Table

__all__ = ["load_table", "read_table", "usable"]


def read_table(
    path: Path,
    mapping: Mapping[str, str],
    needed: Sequence[str],
    wanted: Sequence[str] = (),
    *,
    sha256: str = "",
    extra_vendors: Path | None = None,
) -> Table:
    """The rows of one file, ready for use: no value missing, time strictly increasing from 0.

    mapping: canonical name to the name in the file, where that is not recognised. needed: canonical columns that must
    be there, time apart, which always must. wanted: columns that are read when they are there and whole. sha256: of the
    file when it is known already. extra_vendors: a folder with more vendor files. Raises VestimError with one sentence
    for whatever cannot be used.
    """
    table = load_table(path, mapping, needed, wanted, sha256=sha256, extra_vendors=extra_vendors)
    return usable(table, needed, dict(mapping))
