"""The layout of a text table, found from its first bytes: encoding, separator, decimal mark, header, first data row."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from vestim_core.data.readers.aliases import UNITS
from vestim_core.spec.errors import wrong_input

_HEAD_BYTES = 1 << 16
_UNITS = frozenset(("", *(unit for units in UNITS.values() for unit in units)))
_SEPARATORS = "\t;,"
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|infinity)", re.IGNORECASE)
NO_VALUE = frozenset(("", "nan", "-nan", "na", "n/a", "<na>", "#n/a", "#na", "null", "none"))
"""What stands for a missing value, in lower case."""


@dataclass(frozen=True)
class Layout:
    """data_offset: byte at which the data rows begin; data_line: the number of that line, counted from 1.

    width: fields of a data row. first_row: the fields of the first one.
    """

    encoding: str
    separator: str
    decimal: str
    headers: list[str]
    data_offset: int
    data_line: int
    first_row: list[str]

    @property
    def width(self) -> int:
        """Number of fields of a data row."""
        return len(self.first_row)


def is_number(text: str, decimal: str) -> bool:
    """Whether `text` is a plain number with that decimal mark."""
    text = text.strip()
    return _NUMBER.fullmatch(text if decimal == "." else text.replace(",", ".", 1)) is not None


def find_layout(path: Path) -> Layout:
    """The layout of the file; wrong_input when it is empty, no text, or has no header line above rows of numbers."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip():
        raise wrong_input(f'"{path.name}" is empty ({path.stat().st_size} bytes).', place=str(path))
    if b"\x00" in head:
        raise wrong_input(f'"{path.name}" is no text file: export it as CSV or MAT again.', place=str(path))
    lines = [match for match in _LINE.finditer(head) if match.end() > match.start()]
    if len(head) == _HEAD_BYTES:
        lines = lines[:-1] or lines  # the last one is cut off
    encoding = _encoding(lines[-1].string[: lines[-1].end()])
    texts = [match.group().decode(encoding, "replace").strip("\r\n") for match in lines]
    texts[0] = texts[0].removeprefix("\ufeff")
    best: tuple[int, str, int] | None = None
    for separator in _SEPARATORS:
        found = _first_data_row(texts, separator)
        if found and (best is None or found[0] > best[0]):
            best = found[0], separator, found[1]
    if best is None:
        raise _no_table(path, texts)
    _, separator, row = best
    first_row = _split(texts[row], separator)
    return Layout(
        encoding=encoding,
        separator=separator,
        decimal=_decimal(texts[row:], separator),
        headers=_headers(texts, row, separator),
        data_offset=lines[row].start(),
        data_line=row + 1,
        first_row=first_row,
    )


def _encoding(text: bytes) -> str:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _first_data_row(texts: list[str], separator: str) -> tuple[int, int] | None:
    """(number of columns, line index) of the widest place where a line of names stands over a line with numbers."""
    best: tuple[int, int] | None = None
    names: list[str] | None = None
    for index, text in enumerate(texts):
        if not text.strip():
            continue
        fields = _split(text, separator)
        if names is not None and _is_data(fields, names) and (best is None or len(names) > best[0]):
            best = len(names), index
        names = fields if _is_names(fields) else None
    return best


def _is_names(fields: list[str]) -> bool:
    filled = [field for field in fields if field.strip()]
    return len(filled) >= 2 and not any(_numeric(field) for field in filled)


def _is_data(fields: list[str], names: list[str]) -> bool:
    """Numbers in as many fields as there are names, empty ones at either end of a line apart."""
    extra = fields[len(names) :]
    return len(fields) >= 2 and not any(field.strip() for field in extra) and any(map(_numeric, fields))


def _numeric(text: str) -> bool:
    return is_number(text, ".") or is_number(text, ",")


def _headers(texts: list[str], row: int, separator: str) -> list[str]:
    """The names above the data, each with its unit where those stand in a line of their own between."""
    above = [_split(text, separator) for text in texts[:row] if text.strip()]
    names = [field.strip() for field in above[-1]]
    units = [name.strip("[]()").strip() for name in names]
    if len(above) > 1 and len(above[-2]) == len(names) and all(unit.lower() in _UNITS for unit in units):
        above[-2] = [field.strip() for field in above[-2]]
        return [f"{name} [{unit}]" if unit else name for name, unit in zip(above[-2], units, strict=True)]
    return names


def _decimal(rows: list[str], separator: str) -> str:
    """The comma when some field is a number only with it."""
    if separator == ",":
        return "."
    fields = [field for text in rows[:200] for field in _split(text, separator)]
    with_comma = any(is_number(field, ",") and not is_number(field, ".") for field in fields)
    return "," if with_comma else "."


def _split(text: str, separator: str) -> list[str]:
    return next(csv.reader([text], delimiter=separator), [])


def _no_table(path: Path, texts: list[str]) -> Exception:
    filled = [text for text in texts if text.strip()]
    wide = [text for text in filled if any(len(_split(text, separator)) > 1 for separator in _SEPARATORS)]
    if len(wide) == 1 and len(filled) == 1:
        return wrong_input(f'"{path.name}" has a header line and no rows: leave the file out.', place=str(path))
    if wide and any(_numeric(field) for separator in _SEPARATORS for field in _split(wide[0], separator)):
        return wrong_input(
            f'"{path.name}" has no header: its first line is "{wide[0][:60]}". Put the names of the columns above it.',
            place=str(path),
        )
    return wrong_input(
        f'"{path.name}" has no table in it: a line of column names and rows of numbers, parted by comma, semicolon or '
        f"tab, are expected.",
        place=str(path),
    )
