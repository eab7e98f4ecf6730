"""One content in two files, by its bytes or by what it says, and a part of one file in another.

The cost grows with the rows of all files together, not with pairs of files: what can be the same is brought together by
sorting and hashing, and only that is compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from vestim_core.data.checks.view import finite_sample
from vestim_core.data.table import Table

_SAME_V = 1e-6
_PROBES = 8
_STRETCH_ROWS = 16
_PLACES = 50
_MARKED = 64
_DOUBLINGS = 4
"""A stretch is that many doublings of a row."""
_HEAD_BITS = 16
_HEAD_SHIFT = np.uint64(64 - _HEAD_BITS)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

Pair = tuple[int, int]


def originals(tables: Sequence[Table]) -> list[int]:
    """For each table the place of the first one that is equal byte for byte or has the same voltages and currents in
    all rows: its own place where there is none before."""
    first_of: dict[str, int] = {}
    found = [first_of.setdefault(table.sha256, number) for number, table in enumerate(tables)]
    by_rows: dict[int, list[int]] = defaultdict(list)
    for number in first_of.values():
        if tables[number].rows >= 2 and _moves(tables[number]):
            by_rows[tables[number].rows].append(number)
    for numbers in by_rows.values():
        for one, other in _neighbours(tables, numbers):
            if found[one] != found[other] and _equal(tables[one], tables[other]):
                low, high = sorted((found[one], found[other]))
                found = [low if number == high else number for number in found]
    return found


def shared_stretches(tables: Sequence[Table], numbers: Sequence[int], asked: Callable[[Pair], bool]) -> Iterator[Pair]:
    """Pairs of places among `numbers`, the smaller first, for which `asked` and of which one, looked at in a few places
    where its voltage moves, has a stretch of rows that stands in the other as well."""
    hashes = {number: _hashes(tables[number].columns["voltage_V"]) for number in numbers if _is_long(tables[number])}
    probes = sorted((int(hashes[number][row]), number, row) for number in hashes for row in _probed(tables[number]))
    wanted = np.array([probe[0] for probe in probes], dtype=np.uint64)
    found: set[Pair] = set()
    for number, hashed in hashes.items():
        for place, first, last in _hits(wanted, hashed):
            for _, other, row in probes[first:last]:
                pair = (min(number, other), max(number, other))
                if number == other or pair in found or not asked(pair):
                    continue
                if _same_stretch(tables[other], row, tables[number], place):
                    found.add(pair)
    yield from sorted(found)


def _hits(wanted: np.ndarray, hashed: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(place, first, last): where `hashed` has a hash that stands in `wanted`, which is sorted, from `first` up to
    `last`; each hash in its first few places only."""
    if len(wanted) == 0:
        return
    heads = np.zeros(1 << _HEAD_BITS, dtype=bool)
    heads[wanted >> _HEAD_SHIFT] = True
    places = np.flatnonzero(heads[hashed >> _HEAD_SHIFT])  # most are sorted out without a search
    firsts = np.minimum(np.searchsorted(wanted, hashed[places]), len(wanted) - 1)
    hits = wanted[firsts] == hashed[places]
    seen: dict[int, int] = defaultdict(int)
    for place, first in zip(places[hits].tolist(), firsts[hits].tolist(), strict=True):
        seen[first] += 1
        if seen[first] <= _PLACES:
            yield place, first, int(np.searchsorted(wanted, wanted[first], side="right"))


def _shared(first: Table, second: Table) -> list[str]:
    return [name for name in ("voltage_V", "current_A") if name in first.columns and name in second.columns]


def _moves(table: Table) -> bool:
    names = _shared(table, table)
    return bool(names) and bool(np.ptp(finite_sample(table.columns[names[0]])))


def _neighbours(tables: Sequence[Table], numbers: Sequence[int]) -> Iterator[Pair]:
    """The pairs among tables of one length whose marks could be those of the same rows."""
    ordered = sorted((_mark(tables[number]), number) for number in numbers) if len(numbers) > 1 else []
    for place, (mark, number) in enumerate(ordered):
        for other_mark, other in ordered[place + 1 :]:
            if other_mark - mark > _MARKED * _SAME_V + 1e-12 * abs(mark):
                break
            yield number, other


def _mark(table: Table) -> float:
    """A sum over some rows that differs by little for tables that are the same, and by more for nearly all others."""
    values = np.nan_to_num(table.columns[_shared(table, table)[0]][:: -(-table.rows // _MARKED)])
    return float(values @ np.cos(np.arange(len(values)) ** 2))


def _equal(first: Table, second: Table) -> bool:
    names = _shared(first, second)
    return bool(names) and all(
        np.allclose(first.columns[name], second.columns[name], rtol=0, atol=_SAME_V, equal_nan=True) for name in names
    )


def _is_long(table: Table) -> bool:
    return "voltage_V" in table.columns and table.rows >= 4 * _STRETCH_ROWS


def _probed(table: Table) -> Iterator[int]:
    """Rows at which stretches begin that are looked for elsewhere."""
    voltage_V = table.columns["voltage_V"]
    for row in np.linspace(0, table.rows - _STRETCH_ROWS - 1, _PROBES).astype(int).tolist():
        if len(np.unique(voltage_V[row : row + _STRETCH_ROWS])) >= _STRETCH_ROWS // 2:
            yield row


def _hashes(values: np.ndarray) -> np.ndarray:
    """A hash, uint64, of the stretch that begins at each row: stretches of 1, 2, 4, ... rows in turn, each of two of
    the ones before."""
    hashed = (values + 0.0).view(np.uint64) * _FACTOR
    hashed ^= hashed >> np.uint64(29)
    for doubling in range(_DOUBLINGS):
        rows = 1 << doubling
        hashed = hashed[:-rows] * _FACTOR + hashed[rows:]
        hashed ^= hashed >> np.uint64(32)
    return hashed


def _same_stretch(part: Table, row: int, whole: Table, place: int) -> bool:
    here, there = slice(row, row + _STRETCH_ROWS), slice(place, place + _STRETCH_ROWS)
    return all(np.array_equal(part.columns[name][here], whole.columns[name][there]) for name in _shared(part, whole))
