"""The predecessor's scaler, from the text that lies beside its pickle: least and greatest value of each column.

Only the first table counts; the same file repeats it for every data file. Names longer than its columns, or with blanks
in them, are told apart by the list of names above the table.
"""

from __future__ import annotations

import re
from math import isfinite

_NAMES = re.compile(r"^Feature Names:\s*\[(?P<names>.*)\]\s*$", re.MULTILINE)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_TITLE = re.compile(r"^COLUMN STATISTICS \((?P<kind>\w+)\)", re.MULTILINE)
_RULE = re.compile(r"^-{10,}\s*$")
_NUMBER = re.compile(r"-?\d+\.\d{6}|nan|-?inf")
_WIDTH = 20

Ranges = dict[str, tuple[float, float]]


class NoScaler(ValueError):
    """One sentence on why the text tells no scaler that can be used."""


def read_statistics(text: str) -> Ranges:
    """Least and greatest value by column, as the file names it, of every column that has them. Raises NoScaler."""
    title = _TITLE.search(text)
    if title is None:
        raise NoScaler("the scaler's statistics hold no table of columns")
    if title["kind"] != "MinMaxScaler":
        raise NoScaler(f"the scaler is a {title['kind']}, and only MinMaxScaler is known")
    names = _names(text)
    ranges: Ranges = {}
    for number, line in enumerate(_rows(text[title.end() :])):
        found = _row(line, names[number] if number < len(names) else "")
        if found is not None:
            name, low, high = found
            ranges[name] = low, high
    if not ranges:
        raise NoScaler("the scaler's statistics hold no row that can be read")
    return ranges


def _names(text: str) -> list[str]:
    """The columns as the list above the table names them, in order."""
    found = _NAMES.search(text)
    return [first or second for first, second in _QUOTED.findall(found["names"])] if found else []


def _rows(text: str) -> list[str]:
    """The lines between the second and the third rule."""
    rules, rows = 0, []
    for line in text.splitlines():
        if _RULE.match(line):
            rules += 1
        elif rules == 2 and line.strip():
            rows.append(line)
        if rules == 3:
            break
    return rows


def _row(line: str, name: str) -> tuple[str, float, float] | None:
    """Name, least and greatest value; None where one of them is not told. name: what should stand first, cut off or
    not."""
    if name and line.startswith(name):
        rest = line[len(name) :]
    elif name and line.startswith(name[:_WIDTH]):
        rest = line[_WIDTH:]
    else:
        first = _NUMBER.search(line)
        name, rest = (line[: first.start()].strip(), line[first.start() :]) if first else ("", "")
    numbers = [float(text) for text in _NUMBER.findall(rest)[:2]]
    whole = bool(name) and len(numbers) == 2 and all(map(isfinite, numbers))
    return (name, numbers[0], numbers[1]) if whole else None
