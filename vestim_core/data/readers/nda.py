"""Checks Neware .nda files of version 29 before the library reads them: without two consecutive valid records, the
library searches for the first one forever."""

from __future__ import annotations

import mmap
from pathlib import Path

_VERSION_AT, _VERSION = 14, 29  # byte offset of the version, and the version checked here
_FIRST_RECORD = b"\x00\x00\x00\x00\x55\x00"
_RECORD_BYTES, _RECORD_MARK, _STATUS_AT = 86, 0x55, 12  # length, first byte and offset of the status


class NoRecords(ValueError):
    """The file contains no record of this version."""


def check_nda(path: Path) -> None:
    """Raise `NoRecords` if the search for the first record would not end. Other versions are not checked."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if len(data) <= _VERSION_AT or data[_VERSION_AT] != _VERSION:
            return
        offset = data.find(_FIRST_RECORD)
        while offset != -1:
            record = offset + 4
            next_record = record + _RECORD_BYTES
            if next_record >= len(data) or (data[next_record] == _RECORD_MARK and data[record + _STATUS_AT]):
                return
            offset = data.find(_FIRST_RECORD, record)
    raise NoRecords
