"""Readers: any supported file as a `Table` in canonical columns. Nothing is dropped, zeroed or guessed silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vestim_core.data.readers.cleaning import clean_table
from vestim_core.data.readers.load import load_table
from vestim_core.data.table import Table

__all__ = ["clean_table", "load_table", "read_table"]


def read_table(
    path: Path,
    mapping: Mapping[str, str],
    required_columns: Sequence[str],
    optional_columns: Sequence[str] = (),
    *,
    sha256: str = "",
    extra_vendors: Path | None = None,
) -> Table:
    """Read one file into rows that are ready for use: no value missing, time strictly increasing from 0.

    mapping: canonical name to the name in the file, for names that are not recognized. required_columns: canonical
    columns that must be present; time always must. optional_columns: read when they are present and complete. sha256:
    hash of the file if already known. extra_vendors: a folder with more vendor files. Raises VestimError with a
    one-sentence message for a file that cannot be used.
    """
    table = load_table(path, mapping, required_columns, optional_columns, sha256=sha256, extra_vendors=extra_vendors)
    return clean_table(table, required_columns, dict(mapping))
