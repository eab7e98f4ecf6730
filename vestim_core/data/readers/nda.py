"""Neware's .nda of version 29, looked at before the library reads it: without two records in a row that are valid, the
library searches for their beginning for ever."""

from __future__ import annotations

import mmap
from pathlib import Path

_VERSION_AT, _VERSION = 14, 29
_FIRST = b"\x00\x00\x00\x00\x55\x00"
_RECORD, _MARK, _STATUS_AT = 86, 0x55, 12


class NoRecords(ValueError):
    """No record of this version is in the file."""


def check_nda(path: Path) -> None:
    """Raise `NoRecords` when the search for the first record would not end. Other versions are not looked at."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if len(data) <= _VERSION_AT or data[_VERSION_AT] != _VERSION:
            return
        place = data.find(_FIRST)
        while place != -1:
            record = place + 4
            following = record + _RECORD
            if following >= len(data) or (data[following] == _MARK and data[record + _STATUS_AT]):
                return
            place = data.find(_FIRST, record)
    raise NoRecords
