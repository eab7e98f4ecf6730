"""The layout of a text table, found from its first bytes: encoding, separator, marks in numbers, header, data.

As much of the file is looked at as it takes to see rows of the table down to the end of what was read, so that a
preamble may be long and hold small tables of its own.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path

from vestim_core.data.files import NoTable
from vestim_core.data.readers.header import GROUPED, Header, find_header, is_number, is_row, numeric
from vestim_core.data.readers.pieces import WIDE
from vestim_core.spec.errors import wrong_input

_HEADS = (1 << 12, 1 << 16, 1 << 20, 1 << 23)
_MARK = 2
"""Bytes of the mark before UTF-16."""
_SEPARATORS = "\t;,|"
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_GB2312_PAIRS = re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+")
_HIGH = re.compile(rb"[\x80-\xff]")
_LOOKED_AT = 200


@dataclass(frozen=True)
class Layout:
    """data_offset: byte at which the data rows begin; data_line: the number of that line, counted from 1.

    decimal, thousands: marks in numbers; no thousands mark is "". names: the fields of the header line as they stand;
    headers: one name for each column, with its unit where those have a line of their own. lead: empty fields that each
    record begins with; a line without them is of another layer. first_rows: fields of the first data rows.
    row_bytes: mean length of a data line.
    """

    encoding: str
    separator: str
    decimal: str
    thousands: str
    preamble: str
    names: list[str]
    headers: list[str]
    lead: int
    data_offset: int
    data_line: int
    first_rows: list[list[str]]
    row_bytes: float

    @property
    def width(self) -> int:
        """Number of fields of a data row."""
        return len(self.first_rows[0])

    @property
    def wide(self) -> bool:
        """Whether characters take two bytes or more."""
        return self.encoding in WIDE.values()


def find_layout(path: Path) -> Layout:
    """The layout of the file; wrong_input when it is empty, no text, or has no header line above rows of numbers."""
    size = path.stat().st_size
    texts: list[str] = []
    for limit in _HEADS:
        with path.open("rb") as file:
            head = file.read(limit)
        whole = len(head) >= size
        wide = WIDE.get(head[:_MARK], "")
        if wide:
            head = head[_MARK : len(head) // 2 * 2].decode(wide, "replace").encode()
        if not head.strip():
            if not whole:
                continue
            raise NoTable("file.empty", f'"{path.name}" is empty ({size} bytes).', path)
        if b"\x00" in head or len(_CONTROL.findall(head)) > len(head) // 100:
            raise wrong_input(f'"{path.name}" is no text file: export it as CSV or MAT again.', place=str(path))
        lines = [match for match in _LINE.finditer(head) if match.end() > match.start()]
        if not whole:
            lines = lines[:-1] or lines  # the last one is cut off
        encoding = _encoding(head[: lines[-1].end()])
        texts = [match.group().decode(encoding, "replace").strip("\r\n") for match in lines]
        texts[0] = texts[0].removeprefix("\ufeff")
        found = _widest(texts)
        if found is not None and (whole or limit == _HEADS[-1] or _reaches_the_end(texts, *found)):
            layout = _layout(texts, lines, encoding, *found)
            return _widened(layout, head, wide) if wide else layout
        if whole:
            break
    raise _no_table(path, texts)


def _layout(texts: list[str], lines: list[re.Match[bytes]], encoding: str, separator: str, header: Header) -> Layout:
    body = [text for text in texts[header.row : header.row + _LOOKED_AT] if text.strip()]
    rows = [_split(text, separator) for text in body]
    rows = [fields for fields in rows if not any(map(str.strip, fields[: header.lead]))]
    decimal, thousands = _marks(rows, separator)
    last = min(header.row + _LOOKED_AT, len(lines) - 1)
    return Layout(
        encoding=encoding,
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        preamble="\n".join(texts[: header.line]),
        names=header.names,
        headers=header.headers,
        lead=header.lead,
        data_offset=lines[header.row].start(),
        data_line=header.row + 1,
        first_rows=rows,
        row_bytes=(lines[last].end() - lines[header.row].start()) / (last - header.row + 1),
    )


def _widened(layout: Layout, head: bytes, encoding: str) -> Layout:
    """The layout of the file in its own encoding; `layout` and `head` are of its text in UTF-8."""
    before = head[: layout.data_offset].decode().encode(encoding)
    return replace(layout, encoding=encoding, data_offset=_MARK + len(before), row_bytes=2 * layout.row_bytes)


def _encoding(text: bytes) -> str:
    """UTF-8; else GBK when every byte above 127 is half of a pair that GB 2312 has; else Latin-1."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        pairs = _GB2312_PAIRS.findall(text)
        paired = sum(map(len, pairs)) == len(_HIGH.findall(text))
        return "gb18030" if paired and all(len(run) % 2 == 0 for run in pairs) else "latin-1"
    return "utf-8"


def _widest(texts: list[str]) -> tuple[str, Header] | None:
    """The separator with which the widest table is found, and its header."""
    best: tuple[str, Header] | None = None
    for separator in _SEPARATORS:
        if not any(separator in text for text in texts):
            continue
        header = find_header([_fields(text, separator) for text in texts])
        if header and (best is None or len(header.names) > len(best[1].names)):
            best = separator, header
    return best


def _fields(text: str, separator: str) -> list[str] | None:
    """None for a blank line, nothing for one without separators."""
    if separator not in text:
        return [] if text.strip() else None
    return _split(text, separator)


def _reaches_the_end(texts: list[str], separator: str, header: Header) -> bool:
    """Whether the lines at the end of the head are rows of the table."""
    last = [text for text in texts[-8:] if text.strip()]
    return header.row < len(texts) - 4 and any(is_row(_split(text, separator), header) for text in last)


def _marks(rows: list[list[str]], separator: str) -> tuple[str, str]:
    """(decimal mark, thousands mark): a comma that cannot part thousands is a decimal one, unless there are points."""
    if separator == ",":
        return ".", ""
    fields = [field.strip() for fields in rows for field in fields if "," in field or "." in field]
    points = any("." in field and is_number(field, ".") for field in fields)
    grouped = any(GROUPED[","].fullmatch(field) for field in fields)
    commas = any(is_number(field, ",") and not is_number(field, ".") for field in fields)
    if points or not commas:
        return ".", "," if grouped else ""
    return ",", "." if any(GROUPED["."].fullmatch(field) and "," in field for field in fields) else ""


def _split(text: str, separator: str) -> list[str]:
    if '"' not in text:
        return text.split(separator)
    return next(csv.reader([text], delimiter=separator), [])


def _no_table(path: Path, texts: list[str]) -> Exception:
    filled = [text for text in texts if text.strip()]
    wide = [text for text in filled if any(len(_split(text, separator)) > 1 for separator in _SEPARATORS)]
    if len(wide) == 1 and len(filled) == 1:
        return NoTable("file.no_rows", f'"{path.name}" has a header line and no rows: leave the file out.', path)
    if wide and any(numeric(field) for separator in _SEPARATORS for field in _split(wide[0], separator)):
        return wrong_input(
            f'"{path.name}" has no header: its first line is "{wide[0][:60]}". Put the names of the columns above it.',
            place=str(path),
        )
    return wrong_input(
        f'"{path.name}" has no table in it: a line of column names and rows of numbers, parted by comma, semicolon or '
        f"tab, are expected.",
        place=str(path),
    )
