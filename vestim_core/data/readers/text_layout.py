"""Detects the layout of a text table from its first bytes: encoding, separator, number format, header and data.

The part that is examined grows until its last lines are rows of the table, so a preamble may be long and contain small
tables of its own.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path

from vestim_core.data.data_files import NoTable
from vestim_core.data.readers.table_header import GROUPED_NUMBER, Header, find_header, is_number, is_numeric, is_row
from vestim_core.data.readers.text_parts import UTF16_ENCODINGS
from vestim_core.spec.errors import wrong_input

_HEAD_SIZES = (1 << 12, 1 << 16, 1 << 20, 1 << 23)  # bytes, tried in turn: most tables begin within 4 KiB
_BOM_BYTES = 2
"""Length of the UTF-16 byte order mark."""
_SEPARATORS = "\t;,|"
_LINE_PATTERN = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")
_CONTROL_BYTES = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_GB2312_PAIRS = re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]")
_SAMPLE_LINES = 200  # data lines, arbitrary: enough to see separators in numbers and the mean line length


@dataclass(frozen=True)
class Layout:
    """The layout of a text table.

    data_offset: byte at which the data rows begin; data_line: number of that line, counted from 1. decimal, thousands:
    separators in numbers, "" for no thousands separator. names: the fields of the header line as written; headers: one
    name per column, with its unit where units have their own line. leading_empty: number of empty fields that each
    record begins with; a line without them belongs to another layer. first_rows: fields of the first data rows.
    row_bytes: mean length of a data line.
    """

    encoding: str
    separator: str
    decimal: str
    thousands: str
    preamble: str
    names: list[str]
    headers: list[str]
    leading_empty: int
    data_offset: int
    data_line: int
    first_rows: list[list[str]]
    row_bytes: float

    @property
    def width(self) -> int:
        """Number of fields of a data row."""
        return len(self.first_rows[0])

    @property
    def is_utf16(self) -> bool:
        """True if the file is encoded in UTF-16."""
        return self.encoding in UTF16_ENCODINGS.values()


def find_layout(path: Path) -> Layout:
    """Detect the layout of the file; wrong_input if it is empty, not text, or has no header above rows of numbers."""
    size = path.stat().st_size
    texts: list[str] = []
    for limit in _HEAD_SIZES:
        with path.open("rb") as file:
            head = file.read(limit)
        is_complete = len(head) >= size
        utf16_encoding = UTF16_ENCODINGS.get(head[:_BOM_BYTES], "")
        if utf16_encoding:
            head = head[_BOM_BYTES : len(head) // 2 * 2].decode(utf16_encoding, "replace").encode()
        if not head.strip():
            if not is_complete:
                continue
            raise NoTable("file.empty", f'"{path.name}" is empty ({size} bytes).', path)
        if b"\x00" in head or len(_CONTROL_BYTES.findall(head)) > len(head) // 100:
            raise wrong_input(f'"{path.name}" is no text file: export it as CSV or MAT again.', location=str(path))
        lines = [match for match in _LINE_PATTERN.finditer(head) if match.end() > match.start()]
        if not is_complete:
            lines = lines[:-1] or lines  # the last line is incomplete
        encoding = _detect_encoding(head[: lines[-1].end()])
        texts = [match.group().decode(encoding, "replace").strip("\r\n") for match in lines]
        texts[0] = texts[0].removeprefix("\ufeff")
        table = _find_widest_table(texts)
        if table is not None and (is_complete or limit == _HEAD_SIZES[-1] or _covers_end(texts, *table)):
            layout = _build_layout(texts, lines, encoding, *table)
            return _in_utf16(layout, head, utf16_encoding) if utf16_encoding else layout
        if is_complete:
            break
    raise _no_table_error(path, texts)


def _build_layout(
    texts: list[str], lines: list[re.Match[bytes]], encoding: str, separator: str, header: Header
) -> Layout:
    body_lines = [text for text in texts[header.row : header.row + _SAMPLE_LINES] if text.strip()]
    rows = [_split(text, separator) for text in body_lines]
    rows = [fields for fields in rows if not any(map(str.strip, fields[: header.leading_empty]))]
    decimal, thousands = _detect_number_marks(rows, separator)
    last_line = min(header.row + _SAMPLE_LINES, len(lines) - 1)
    return Layout(
        encoding=encoding,
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        preamble="\n".join(texts[: header.line]),
        names=header.names,
        headers=header.headers,
        leading_empty=header.leading_empty,
        data_offset=lines[header.row].start(),
        data_line=header.row + 1,
        first_rows=rows,
        row_bytes=(lines[last_line].end() - lines[header.row].start()) / (last_line - header.row + 1),
    )


def _in_utf16(layout: Layout, head: bytes, encoding: str) -> Layout:
    """Convert `layout`, found in the UTF-8 text `head`, to offsets of the file's own encoding."""
    preceding_bytes = head[: layout.data_offset].decode().encode(encoding)
    return replace(
        layout, encoding=encoding, data_offset=_BOM_BYTES + len(preceding_bytes), row_bytes=2 * layout.row_bytes
    )


def _detect_encoding(text: bytes) -> str:
    """UTF-8 if valid; else GBK if every byte above 127 belongs to a GB 2312 pair; else Latin-1."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        pairs = _GB2312_PAIRS.findall(text)
        is_paired = sum(map(len, pairs)) == len(_HIGH_BYTES.findall(text))
        return "gb18030" if is_paired and all(len(run) % 2 == 0 for run in pairs) else "latin-1"
    return "utf-8"


def _find_widest_table(texts: list[str]) -> tuple[str, Header] | None:
    """Find the separator that gives the widest table, and that table's header."""
    best: tuple[str, Header] | None = None
    for separator in _SEPARATORS:
        if not any(separator in text for text in texts):
            continue
        header = find_header([_fields(text, separator) for text in texts])
        if header and (best is None or len(header.names) > len(best[1].names)):
            best = separator, header
    return best


def _fields(text: str, separator: str) -> list[str] | None:
    """Split a line; None for a blank line, an empty list for a line without separators."""
    if separator not in text:
        return [] if text.strip() else None
    return _split(text, separator)


def _covers_end(texts: list[str], separator: str, header: Header) -> bool:
    """True if the lines at the end of the head are rows of the table."""
    last_lines = [text for text in texts[-8:] if text.strip()]
    return header.row < len(texts) - 4 and any(is_row(_split(text, separator), header) for text in last_lines)


def _detect_number_marks(rows: list[list[str]], separator: str) -> tuple[str, str]:
    """(decimal separator, thousands separator): a comma that cannot group thousands is a decimal one, unless there are
    points."""
    if separator == ",":
        return ".", ""
    fields = [field.strip() for fields in rows for field in fields if "," in field or "." in field]
    has_points = any("." in field and is_number(field, ".") for field in fields)
    has_groups = any(GROUPED_NUMBER[","].fullmatch(field) for field in fields)
    has_commas = any(is_number(field, ",") and not is_number(field, ".") for field in fields)
    if has_points or not has_commas:
        return ".", "," if has_groups else ""
    return ",", "." if any(GROUPED_NUMBER["."].fullmatch(field) and "," in field for field in fields) else ""


def _split(text: str, separator: str) -> list[str]:
    if '"' not in text:
        return text.split(separator)
    return next(csv.reader([text], delimiter=separator), [])


def _no_table_error(path: Path, texts: list[str]) -> Exception:
    filled_lines = [text for text in texts if text.strip()]
    multi_field_lines = [
        text for text in filled_lines if any(len(_split(text, separator)) > 1 for separator in _SEPARATORS)
    ]
    if len(multi_field_lines) == 1 and len(filled_lines) == 1:
        return NoTable("file.no_rows", f'"{path.name}" has a header line and no rows: leave the file out.', path)
    if multi_field_lines and any(
        is_numeric(field) for separator in _SEPARATORS for field in _split(multi_field_lines[0], separator)
    ):
        return wrong_input(
            f'"{path.name}" has no header: its first line is "{multi_field_lines[0][:60]}". Put the names of the '
            f"columns above it.",
            location=str(path),
        )
    return wrong_input(
        f'"{path.name}" has no table in it: a line of column names and rows of numbers, parted by comma, semicolon or '
        f"tab, are expected.",
        location=str(path),
    )
