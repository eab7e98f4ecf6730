"""Duplicates: the same content in two files, byte for byte or row for row, and a part of one file in another.

The cost grows with the rows of all files together, not with pairs of files: candidates are brought together by sorting
and hashing, and only candidates are compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_table import finite_sample
from vestim_core.data.table import Table

_STRETCH_ROWS = thresholds.SHARED_ROWS.value
_DOUBLINGS = _STRETCH_ROWS.bit_length() - 1  # a hashed stretch is one row doubled so often
_MAX_HITS = 50
"""Rows at which one hash is compared: bounds the work on files that repeat a cycle; arbitrary, 10 to 1000 works."""
_FINGERPRINT_ROWS = 64
"""Rows in the fingerprint of a table: bounds its cost; arbitrary, 16 to 1000 works."""
_HEAD_BITS = 16
"""Leading bits of a hash in the first lookup: its table of 64 KiB fits in the processor's cache."""
_HEAD_SHIFT = np.uint64(64 - _HEAD_BITS)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio, odd: the multiplier of Fibonacci hashing (Knuth 1973)."""

Pair = tuple[int, int]


def find_duplicates(tables: Sequence[Table]) -> list[int]:
    """For each table the index of the first one that is equal, which is its own index for an original.

    Equal are tables with the same bytes, or with the same voltages and currents in all rows.
    """
    first_of: dict[str, int] = {}
    originals_by_table = [first_of.setdefault(table.sha256, index) for index, table in enumerate(tables)]
    by_rows: dict[int, list[int]] = defaultdict(list)
    for index in first_of.values():
        if tables[index].rows >= 2 and _has_signal(tables[index]):
            by_rows[tables[index].rows].append(index)
    for indices in by_rows.values():
        for first, second in _similar_pairs(tables, indices):
            if originals_by_table[first] != originals_by_table[second] and _is_equal(tables[first], tables[second]):
                low, high = sorted((originals_by_table[first], originals_by_table[second]))
                originals_by_table = [low if index == high else index for index in originals_by_table]
    return originals_by_table


def find_overlaps(
    tables: Sequence[Table], indices: Sequence[int], is_candidate: Callable[[Pair], bool]
) -> Iterator[Pair]:
    """Yield index pairs (i < j) of tables that share at least 16 consecutive rows.

    A few stretches of each table in which its voltage moves are looked for in the others. `is_candidate` filters pairs
    beforehand.
    """
    hashes = {
        index: _stretch_hashes(tables[index].columns["voltage_V"]) for index in indices if _is_long(tables[index])
    }
    probes = sorted((int(hashes[index][row]), index, row) for index in hashes for row in _probe_rows(tables[index]))
    probe_hashes = np.array([probe[0] for probe in probes], dtype=np.uint64)
    pairs: set[Pair] = set()
    for index, table_hashes in hashes.items():
        for row, first, last in _hits(probe_hashes, table_hashes):
            for _, probe_index, probe_row in probes[first:last]:
                pair = (min(index, probe_index), max(index, probe_index))
                if index == probe_index or pair in pairs or not is_candidate(pair):
                    continue
                if _is_same_stretch(tables[probe_index], probe_row, tables[index], row):
                    pairs.add(pair)
    yield from sorted(pairs)


def _hits(probe_hashes: np.ndarray, hashes: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield (row, first, last): `hashes` at `row` equals the sorted `probe_hashes` from `first` up to `last`.

    Each hash is yielded for its first few rows only.
    """
    if len(probe_hashes) == 0:
        return
    heads = np.zeros(1 << _HEAD_BITS, dtype=bool)
    heads[probe_hashes >> _HEAD_SHIFT] = True
    rows = np.flatnonzero(heads[hashes >> _HEAD_SHIFT])  # sorts most rows out without a search
    firsts = np.minimum(np.searchsorted(probe_hashes, hashes[rows]), len(probe_hashes) - 1)
    is_hit = probe_hashes[firsts] == hashes[rows]
    hit_counts: dict[int, int] = defaultdict(int)
    for row, first in zip(rows[is_hit].tolist(), firsts[is_hit].tolist(), strict=True):
        hit_counts[first] += 1
        if hit_counts[first] <= _MAX_HITS:
            yield row, first, int(np.searchsorted(probe_hashes, probe_hashes[first], side="right"))


def _shared_columns(first: Table, second: Table) -> list[str]:
    return [name for name in ("voltage_V", "current_A") if name in first.columns and name in second.columns]


def _has_signal(table: Table) -> bool:
    names = _shared_columns(table, table)
    return bool(names) and bool(np.ptp(finite_sample(table.columns[names[0]])))


def _similar_pairs(tables: Sequence[Table], indices: Sequence[int]) -> Iterator[Pair]:
    """Yield the pairs among tables of one length whose fingerprints could be those of the same rows."""
    fingerprints = sorted((_fingerprint(tables[index]), index) for index in indices) if len(indices) > 1 else []
    for position, (fingerprint, index) in enumerate(fingerprints):
        limit = _FINGERPRINT_ROWS * thresholds.SAME_VOLTAGE.value + 1e-12 * abs(fingerprint)  # rounding of the sum
        for later_fingerprint, later_index in fingerprints[position + 1 :]:
            if later_fingerprint - fingerprint > limit:
                break
            yield index, later_index


def _fingerprint(table: Table) -> float:
    """A weighted sum of some rows: close for tables with the same rows, far apart for nearly all others."""
    values = np.nan_to_num(table.columns[_shared_columns(table, table)[0]][:: -(-table.rows // _FINGERPRINT_ROWS)])
    return float(values @ np.cos(np.arange(len(values)) ** 2))


def _is_equal(first: Table, second: Table) -> bool:
    names, atol = _shared_columns(first, second), thresholds.SAME_VOLTAGE.value
    return bool(names) and all(
        np.allclose(first.columns[name], second.columns[name], rtol=0, atol=atol, equal_nan=True) for name in names
    )


def _is_long(table: Table) -> bool:
    return "voltage_V" in table.columns and table.rows >= thresholds.SHARED_MIN_ROWS.value


def _probe_rows(table: Table) -> Iterator[int]:
    """Yield the first rows of the stretches that are looked for in other tables."""
    voltage_V = table.columns["voltage_V"]
    last_row = table.rows - _STRETCH_ROWS - 1
    for row in np.linspace(0, last_row, thresholds.SHARED_PROBES.value).astype(int).tolist():
        if len(np.unique(voltage_V[row : row + _STRETCH_ROWS])) >= thresholds.SHARED_DISTINCT_VALUES.value:
            yield row


def _stretch_hashes(values: np.ndarray) -> np.ndarray:
    """A hash, uint64, of the stretch that begins at each row, (N - 15,).

    Stretches of 1, 2, 4, ... rows in turn, each hashed from two of the length before.
    """
    hashes = (values + 0.0).view(np.uint64) * _FACTOR
    hashes ^= hashes >> np.uint64(29)
    for doubling in range(_DOUBLINGS):
        rows = 1 << doubling
        hashes = hashes[:-rows] * _FACTOR + hashes[rows:]
        hashes ^= hashes >> np.uint64(32)
    return hashes


def _is_same_stretch(first: Table, first_row: int, second: Table, second_row: int) -> bool:
    first_rows = slice(first_row, first_row + _STRETCH_ROWS)
    second_rows = slice(second_row, second_row + _STRETCH_ROWS)
    return all(
        np.array_equal(first.columns[name][first_rows], second.columns[name][second_rows])
        for name in _shared_columns(first, second)
    )
