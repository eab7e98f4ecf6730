"""Where a table begins among rows of fields: the line of names, units below it, the first row of numbers.

Text files and sheets share this: whatever stands before the names, small tables too, is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vestim_core.data.readers.names import KNOWN_UNITS

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|infinity)", re.IGNORECASE)
GROUPED = {
    ",": re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?([eE][-+]?\d+)?"),
    ".": re.compile(r"[-+]?\d{1,3}(\.\d{3})+(,\d*)?([eE][-+]?\d+)?"),
}
"""Numbers whose thousands are parted by the mark."""
_BETWEEN = 3
"""Lines that may stand between names and records: units, lines of an outer layer."""
_SURE = 40
"""Lines below the first row of a table after which one of the same length ends the search for a wider one."""
NO_VALUE = frozenset(("", "nan", "-nan", "na", "n/a", "<na>", "#n/a", "#na", "null", "none", "-", "--", "---"))
"""What stands for a missing value, in lower case."""


def is_number(text: str, decimal: str = ".", thousands: str = "") -> bool:
    """Whether `text` is a plain number with these marks."""
    text = text.strip()
    if thousands and GROUPED[thousands].fullmatch(text):
        return True
    return _NUMBER.fullmatch(text if decimal == "." else text.replace(",", ".", 1)) is not None


def plain_number(text: str, decimal: str, thousands: str) -> str:
    """The number with a decimal point and no other mark, for `float`."""
    text = text.strip()
    if thousands and GROUPED[thousands].fullmatch(text):
        text = text.replace(thousands, "")
    return text if decimal == "." else text.replace(",", ".", 1)


@dataclass(frozen=True)
class Header:
    """Indices of the line of names and of the first data row; the names as they stand, and one header for each column,
    with its unit where those have a line of their own. lead: empty fields that each record begins with; a line without
    them is of another layer."""

    line: int
    row: int
    names: list[str]
    headers: list[str]
    lead: int


def find_header(rows: Sequence[list[str] | None]) -> Header | None:
    """The widest place where a line of names stands over a row with numbers.

    rows: the fields of each line; None for a blank one, an empty list for one that is no row of fields.
    """
    best: tuple[int, int, list[str]] | None = None
    line, since, names = 0, 0, None
    for index, fields in enumerate(rows):
        if fields is None:
            continue
        if best is not None and index > best[1] + _SURE and len(fields) == len(rows[best[1]] or []):
            break
        if not fields:
            names = None
        elif names is not None and _is_data(fields, names):
            if best is None or _filled(names) > _filled(best[2]):
                best = line, index, names
            names = None
        elif _is_names(fields):
            if names is None or not _are_units(fields) or len(fields) != len(names):
                line, names = index, fields
            since = 0
        elif names is not None:
            since += 1
            names = names if since <= _BETWEEN and _lead(names) else None
    if best is None:
        return None
    line, row, names = best
    first = rows[row] or []
    names = [name.strip() for name in names]
    shifted = len(first) == len(names) + 1 and bool(first[-1].strip())
    headers = (["row"] if shifted else []) + _with_units(names, rows[line + 1 : row])
    return Header(line, row, names, headers, _lead(names))


def _filled(fields: list[str]) -> int:
    return sum(bool(field.strip()) for field in fields)


def is_row(fields: list[str], header: Header) -> bool:
    """Whether `fields` could be a data row below `header`."""
    return _is_data(fields, header.names)


def _is_names(fields: list[str]) -> bool:
    filled = [field for field in fields if field.strip()]
    return len(filled) >= 2 and not any(numeric(field) for field in filled)


def _is_data(fields: list[str], names: list[str]) -> bool:
    """Numbers in as many fields as there are names, empty ones at either end of a line apart.

    One field more at the start is taken for the row's own name when it counts the rows or is text.
    """
    lead = _lead(names)
    if len(fields) < 2 or any(field.strip() for field in fields[:lead]) or not any(map(numeric, fields)):
        return False
    extra = [field for field in fields[len(names) :] if field.strip()]
    own_name = len(fields) == len(names) + 1 and not lead and (fields[0].strip() in ("0", "1") or _quoted_text(fields))
    return not extra or own_name


def _quoted_text(fields: list[str]) -> bool:
    return bool(fields[0].strip()) and not numeric(fields[0]) and all(numeric(field) for field in fields[1:])


def _lead(fields: list[str]) -> int:
    """Empty fields at the start of a header line, two or more: that of the innermost layer."""
    count = next((number for number, field in enumerate(fields) if field.strip()), 0)
    return count if count >= 2 else 0


def numeric(text: str) -> bool:
    """Whether `text` is a number with any marks."""
    return is_number(text, ".") or is_number(text, ",") or GROUPED[","].fullmatch(text.strip()) is not None


def _are_units(fields: list[str]) -> bool:
    """Whether a line is one of units: those that are not empty are short, and units that are known or in brackets."""
    filled = [field.strip() for field in fields if field.strip()]
    known = [field for field in filled if field[0] + field[-1] in ("[]", "()") or field.lower() in KNOWN_UNITS]
    return bool(filled) and len(known) * 2 > len(filled) and all(len(field) <= 12 for field in filled)


def _with_units(names: list[str], below: Sequence[list[str] | None]) -> list[str]:
    """The names, each with its unit where those stand in a line of their own below."""
    for fields in below:
        if fields and len(fields) == len(names) and _are_units(fields):
            units = [field.strip().strip("[]()").strip() for field in fields]
            return [f"{name} [{unit}]" if unit else name for name, unit in zip(names, units, strict=True)]
    return names
