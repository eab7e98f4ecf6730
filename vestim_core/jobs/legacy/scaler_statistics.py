"""The legacy scaler, from the text beside its pickle: minimum and maximum of each column.

Only the first table counts; the file repeats it for every data file. Names that are cut off at the column width or
contain blanks are resolved with the list of names above the table.
"""

from __future__ import annotations

import re
from math import isfinite

_NAMES = re.compile(r"^Feature Names:\s*\[(?P<names>.*)\]\s*$", re.MULTILINE)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_TITLE = re.compile(r"^COLUMN STATISTICS \((?P<kind>\w+)\)", re.MULTILINE)
_RULE = re.compile(r"^-{10,}\s*$")
_NUMBER_PATTERN = re.compile(r"-?\d+\.\d{6}|nan|-?inf")
_NAME_WIDTH = 20  # characters; longer names are cut off in the table

ColumnRanges = dict[str, tuple[float, float]]


class ScalerError(ValueError):
    """The text describes no usable scaler; the message says why."""


def read_scaler_statistics(text: str) -> ColumnRanges:
    """Minimum and maximum of every column that has them, by the file's name of the column. Raises ScalerError."""
    title = _TITLE.search(text)
    if title is None:
        raise ScalerError("the scaler's statistics hold no table of columns")
    if title["kind"] != "MinMaxScaler":
        raise ScalerError(f"the scaler is a {title['kind']}, and only MinMaxScaler is known")
    names = _column_names(text)
    ranges: ColumnRanges = {}
    for index, line in enumerate(_table_rows(text[title.end() :])):
        row = _parse_row(line, names[index] if index < len(names) else "")
        if row is not None:
            name, low, high = row
            ranges[name] = low, high
    if not ranges:
        raise ScalerError("the scaler's statistics hold no row that can be read")
    return ranges


def _column_names(text: str) -> list[str]:
    """Columns in the order of the list above the table."""
    match = _NAMES.search(text)
    return (
        [single_quoted or double_quoted for single_quoted, double_quoted in _QUOTED.findall(match["names"])]
        if match
        else []
    )


def _table_rows(text: str) -> list[str]:
    """Lines between the second and the third rule."""
    rules, rows = 0, []
    for line in text.splitlines():
        if _RULE.match(line):
            rules += 1
        elif rules == 2 and line.strip():
            rows.append(line)
        if rules == 3:
            break
    return rows


def _parse_row(line: str, name: str) -> tuple[str, float, float] | None:
    """Name, minimum and maximum; None where one is missing. name: expected at the start of the line, possibly
    cut off."""
    if name and line.startswith(name):
        rest = line[len(name) :]
    elif name and line.startswith(name[:_NAME_WIDTH]):
        rest = line[_NAME_WIDTH:]
    else:
        first_number = _NUMBER_PATTERN.search(line)
        name, rest = (line[: first_number.start()].strip(), line[first_number.start() :]) if first_number else ("", "")
    numbers = [float(text) for text in _NUMBER_PATTERN.findall(rest)[:2]]
    is_complete = bool(name) and len(numbers) == 2 and all(map(isfinite, numbers))
    return (name, numbers[0], numbers[1]) if is_complete else None
