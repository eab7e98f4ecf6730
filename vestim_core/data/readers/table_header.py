"""Finds where a table begins among rows of fields: the line of names, the units below it, the first row of numbers.

Shared by text files and sheets. Anything above the names is skipped, including small tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vestim_core.data.readers.column_names import KNOWN_UNITS

_NUMBER_PATTERN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|infinity)", re.IGNORECASE)
GROUPED_NUMBER = {
    ",": re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?([eE][-+]?\d+)?"),
    ".": re.compile(r"[-+]?\d{1,3}(\.\d{3})+(,\d*)?([eE][-+]?\d+)?"),
}
"""Numbers with a thousands separator, by separator."""
_MAX_LINES_BETWEEN = 3
"""Lines allowed between names and records: units and lines of an outer layer."""
_SEARCH_LINES = 40
"""Lines below the first row of a table after which a row of the same length ends the search for a wider table."""
MISSING_VALUES = frozenset(("", "nan", "-nan", "na", "n/a", "<na>", "#n/a", "#na", "null", "none", "-", "--", "---"))
"""Texts that stand for a missing value, in lower case."""


def is_number(text: str, decimal: str = ".", thousands: str = "") -> bool:
    """True if `text` is a plain number with these separators."""
    text = text.strip()
    if thousands and GROUPED_NUMBER[thousands].fullmatch(text):
        return True
    return _NUMBER_PATTERN.fullmatch(text if decimal == "." else text.replace(",", ".", 1)) is not None


def plain_number(text: str, decimal: str, thousands: str) -> str:
    """The number with a decimal point and no thousands separator, ready for `float`."""
    text = text.strip()
    if thousands and GROUPED_NUMBER[thousands].fullmatch(text):
        text = text.replace(thousands, "")
    return text if decimal == "." else text.replace(",", ".", 1)


@dataclass(frozen=True)
class Header:
    """The header of a table.

    line, row: indices of the line of names and of the first data row. names: the names as written. headers: one name
    per column, with its unit where units have their own line. leading_empty: number of empty fields that each record
    begins with; a line without them belongs to another layer.
    """

    line: int
    row: int
    names: list[str]
    headers: list[str]
    leading_empty: int


def find_header(rows: Sequence[list[str] | None]) -> Header | None:
    """Find the widest table: a line of names above a row of numbers.

    rows: the fields of each line; None for a blank line, an empty list for a line that is no row of fields.
    """
    best: tuple[int, int, list[str]] | None = None
    line, lines_since, names = 0, 0, None
    for index, fields in enumerate(rows):
        if fields is None:
            continue
        if best is not None and index > best[1] + _SEARCH_LINES and len(fields) == len(rows[best[1]] or []):
            break
        if not fields:
            names = None
        elif names is not None and _is_data_line(fields, names):
            if best is None or _count_filled(names) > _count_filled(best[2]):
                best = line, index, names
            names = None
        elif _is_name_line(fields):
            if names is None or not _is_unit_line(fields) or len(fields) != len(names):
                line, names = index, fields
            lines_since = 0
        elif names is not None:
            lines_since += 1
            names = names if lines_since <= _MAX_LINES_BETWEEN and _count_leading_empty(names) else None
    if best is None:
        return None
    line, row, names = best
    first_row = rows[row] or []
    names = [name.strip() for name in names]
    has_index_column = len(first_row) == len(names) + 1 and bool(first_row[-1].strip())
    headers = (["row"] if has_index_column else []) + _with_units(names, rows[line + 1 : row])
    return Header(line, row, names, headers, _count_leading_empty(names))


def _count_filled(fields: list[str]) -> int:
    return sum(bool(field.strip()) for field in fields)


def is_row(fields: list[str], header: Header) -> bool:
    """True if `fields` could be a data row below `header`."""
    return _is_data_line(fields, header.names)


def _is_name_line(fields: list[str]) -> bool:
    filled_fields = [field for field in fields if field.strip()]
    return len(filled_fields) >= 2 and not any(is_numeric(field) for field in filled_fields)


def _is_data_line(fields: list[str], names: list[str]) -> bool:
    """True for numbers in as many fields as there are names, ignoring empty fields at both ends of the line.

    One extra field at the start counts as the row's label if it numbers the rows or is text.
    """
    leading_empty = _count_leading_empty(names)
    if len(fields) < 2 or any(field.strip() for field in fields[:leading_empty]) or not any(map(is_numeric, fields)):
        return False
    surplus_fields = [field for field in fields[len(names) :] if field.strip()]
    has_label_field = (
        len(fields) == len(names) + 1
        and not leading_empty
        and (fields[0].strip() in ("0", "1") or _has_text_label(fields))
    )
    return not surplus_fields or has_label_field


def _has_text_label(fields: list[str]) -> bool:
    return bool(fields[0].strip()) and not is_numeric(fields[0]) and all(is_numeric(field) for field in fields[1:])


def _count_leading_empty(fields: list[str]) -> int:
    """Number of empty fields at the start of a header line if two or more: the mark of the innermost layer."""
    count = next((index for index, field in enumerate(fields) if field.strip()), 0)
    return count if count >= 2 else 0


def is_numeric(text: str) -> bool:
    """True if `text` is a number with any separators."""
    return is_number(text, ".") or is_number(text, ",") or GROUPED_NUMBER[","].fullmatch(text.strip()) is not None


def _is_unit_line(fields: list[str]) -> bool:
    """True for a line of units: its fields are short, and most are known units or in brackets."""
    filled_fields = [field.strip() for field in fields if field.strip()]
    units = [field for field in filled_fields if field[0] + field[-1] in ("[]", "()") or field.lower() in KNOWN_UNITS]
    return (
        bool(filled_fields) and len(units) * 2 > len(filled_fields) and all(len(field) <= 12 for field in filled_fields)
    )


def _with_units(names: list[str], lines_below: Sequence[list[str] | None]) -> list[str]:
    """The names, each with its unit where units stand in their own line below."""
    for fields in lines_below:
        if fields and len(fields) == len(names) and _is_unit_line(fields):
            units = [field.strip().strip("[]()").strip() for field in fields]
            return [f"{name} [{unit}]" if unit else name for name, unit in zip(names, units, strict=True)]
    return names
