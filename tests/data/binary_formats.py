"""Binary formats of other programs, written from their published layouts, as small as their readers permit."""

from __future__ import annotations

import struct
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.data.vendor_formats import rows

_SECTOR = 512  # bytes, compound file of version 3
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_START_DATE = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)
_STEPS_S = (0, 20, 60, 70, 100)
_REST, _CHARGE, _DISCHARGE = 4, 1, 2


def xls(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    """A workbook of Excel 97 (BIFF8 in a compound file): numbers and labels."""
    bodies = [_xls_sheet(rows) for rows in sheets.values()]
    names = [name.encode("utf-16-le") for name in sheets]
    start = len(_biff(0x0809, bytes(16))) + sum(4 + 8 + len(name) for name in names) + 4
    globals_ = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    for name, body in zip(names, bodies, strict=True):
        globals_ += _biff(0x0085, struct.pack("<IHBB", start, 0, len(name) // 2, 1) + name)
        start += len(body)
    path.write_bytes(_compound("Workbook", globals_ + _biff(0x000A, b"") + b"".join(bodies)))
    return path


def _xls_sheet(content: list[list[Any]]) -> bytes:
    body = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for row, cells in enumerate(content):
        for column, cell in enumerate(cells):
            position = struct.pack("<HHH", row, column, 0)
            if isinstance(cell, str):
                text = cell.encode("utf-16-le")
                body += _biff(0x0204, position + struct.pack("<HB", len(cell), 1) + text)
            else:
                body += _biff(0x0203, position + struct.pack("<d", cell))
    return body + _biff(0x000A, b"")


def _biff(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _compound(name: str, stream: bytes) -> bytes:
    """A compound file with one stream: header, allocation table, directory, then the stream's sectors in order."""
    stream = stream.ljust(max(4096, -(-len(stream) // _SECTOR) * _SECTOR), b"\x00")
    count = len(stream) // _SECTOR
    chain = [_FAT, _END, *range(3, 2 + count), _END]
    assert len(chain) <= _SECTOR // 4
    fat = struct.pack(f"<{_SECTOR // 4}I", *chain, *[_FREE] * (_SECTOR // 4 - len(chain)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", _FREE) * 108
    root = _directory_entry("Root Entry", 5, child=1, first=_END, size=0)
    entry = _directory_entry(name, 2, child=_FREE, first=2, size=len(stream))
    return header + fat + root + entry + bytes(256) + stream


def _directory_entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\x00\x00"
    entry = text.ljust(64, b"\x00") + struct.pack("<HBBIII", len(text), kind, 1, _FREE, _FREE, child)
    return entry + bytes(36) + struct.pack("<IQ", first, size)


def _records() -> list[tuple[int, int, int, int, float, float, float, datetime]]:
    """(index, step, status, ms in the step, volts, amperes, degC, date) of each true row."""
    records = []
    for index, (t, v, i, temperature, _) in enumerate(rows(), 1):
        step = sum(t >= start for start in _STEPS_S)
        status = _CHARGE if i > 0 else _DISCHARGE if i < 0 else _REST
        in_step_ms = round(1000 * (t - max(_STEPS_S[step - 1] - 1, 0)))  # the first record follows after one second
        records.append((index, step, status, in_step_ms, v, i, temperature, _START_DATE + timedelta(seconds=t)))
    return records


def nda(path: Path) -> Path:
    """Neware's version 29: records of 86 bytes, followed by those of the temperature; 0.1 mV, 0.01 mA, 0.1 K."""
    content = bytearray(b"NEWARE".ljust(200, b"\x01"))
    content[14] = 29
    content += bytes(4)
    channels = bytearray()
    for index, step, status, ms, volts, amperes, temperature, date in _records():
        record = b"\x55\x00" + struct.pack("<IIHB", index, 0, step, status) + b"\x00"
        record += struct.pack("<Qii", ms, round(volts * 1e4), round(amperes * 1e5)) + bytes(8) + bytes(32)
        record += _date(date) + b"\x00" + struct.pack("<i", -1000) + bytes(4)
        aux = b"\x65" + struct.pack("<BI", 1, index) + bytes(16) + struct.pack("<i", 0) + bytes(8)
        aux += struct.pack("<h", round(temperature * 10))
        content += record
        channels += aux.ljust(86, b"\x00")
    path.write_bytes(content + channels)
    return path


def nda_newer(path: Path) -> Path:
    """Version 130 of BTS 9.1: records of 56 bytes with floats in V, mA and degC."""
    content = bytearray(b"NEWARE".ljust(1024, b"\x00"))
    content[14] = 130
    for index, step, status, ms, volts, amperes, temperature, date in _records():
        seconds, rest = divmod(ms, 1000)
        content += struct.pack("<BBBB", 0x55, 0, step, status) + bytes(4)
        content += struct.pack("<III", index, seconds, rest * 10**6)
        content += struct.pack("<ffffI", amperes * 1000, volts, 0.0, 0.0, 0) + bytes(4)
        content += struct.pack("<II", int(date.timestamp()), 0) + struct.pack("<f", temperature)
    path.write_bytes(content)
    return path


def ndax(path: Path) -> Path:
    """An archive with `data.ndc` and one auxiliary channel, both of version 2 with records of 94 bytes."""
    data, aux = bytearray(517), bytearray(517)
    data[0:3], aux[0:3] = b"\x01\x00\x02", b"\x05\x00\x02"
    for index, step, status, ms, volts, amperes, temperature, date in _records():
        record = b"\x55\x00\x01\x01\x00\x00\x00\x00" + struct.pack("<IIBB", index, 0, step, status) + bytes(5)
        record += struct.pack("<Qii", ms, round(volts * 1e4), round(amperes * 1e5)) + bytes(4) + bytes(32)
        record += _date(date) + struct.pack("<i", -1000)
        data += record.ljust(94, b"\x00")
        channel = b"\x65\x00\x01\x01\x00\x00\x00\x00" + struct.pack("<I", index) + bytes(19) + struct.pack("<i", 0)
        channel += bytes(6) + struct.pack("<h", round(temperature * 10))
        aux += channel.ljust(94, b"\x00")
    info = '<root><config><TestInfo><Aux1 AuxID="1" ChlType="103"/></TestInfo></config></root>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("TestInfo.xml", info)
        archive.writestr("data.ndc", bytes(data))
        archive.writestr("data_AUX_1_1_1.ndc", bytes(aux))
    return path


def _date(date: datetime) -> bytes:
    return struct.pack("<HBBBBB", date.year, date.month, date.day, date.hour, date.minute, date.second)
