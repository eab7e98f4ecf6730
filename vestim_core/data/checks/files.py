"""Checks across the files of a job: one content twice, overlaps, leaks between roles, labels that disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from vestim_core.data.checks import twice
from vestim_core.data.checks.member import Member
from vestim_core.data.checks.missing_soc import missing_soc
from vestim_core.data.checks.rests import rests
from vestim_core.data.checks.soc import capacity_Ah
from vestim_core.data.checks.training import beyond_training, constant_temperature
from vestim_core.data.checks.view import View
from vestim_core.data.spans import Spans, finding_at, rows_words, spans_of
from vestim_core.data.table import Table
from vestim_core.spec.data import Role
from vestim_core.spec.finding import Finding, Repair, Severity

_WORDS: dict[Role, str] = {"train": "training", "validation": "validation", "test": "test"}
_SAME_TIME_S = 1e-3
_SAME_V = 1e-6
_SOC_JUMP = 0.003
_FOLLOWS_WITHIN_S = 3600.0
_CAPACITY_SHARE = 0.1
_FOLLOWS = 0.9
_SAME_SOC = 0.002
_STEEP_SOC = 0.1
_OCV_V = 0.03


def check_set(members: Sequence[Member]) -> list[Finding]:
    """What is to be said of files together. Each finding names one file; where two are concerned both have one."""
    tables = [member.table for member in members]
    first_of = twice.originals(tables)
    return [
        *_twice(members, first_of),
        *_overlaps([table for number, table in enumerate(tables) if first_of[number] == number]),
        *_soc_jumps(members),
        *_capacities(members),
        *_rest_voltages(members),
        *beyond_training(members),
        *constant_temperature(members),
        *missing_soc(tables),
    ]


def _twice(members: Sequence[Member], first_of: Sequence[int]) -> Iterator[Finding]:
    """One content in two files, by its bytes or by what it says; a part of one file in another."""
    tables = [member.table for member in members]
    for number, first in enumerate(first_of):
        if first != number:
            same = tables[first].sha256 == tables[number].sha256
            how = "are equal byte for byte" if same else "hold the same rows"
            yield from _shared(members[first], members[number], "set.same_file_twice", how)

    def asked(pair: twice.Pair) -> bool:
        return not _follow_on(tables[pair[0]], tables[pair[1]])

    once = [number for number, first in enumerate(first_of) if first == number]
    for one, other in twice.shared_stretches(tables, once, asked):
        how = "have stretches of rows in common"
        yield from _shared(members[one], members[other], "set.same_rows", how, whole=False)


def _shared(first: Member, second: Member, code: str, how: str, whole: bool = True) -> Iterator[Finding]:
    """For both files. A leak of whole files is an error; simulated cycles begin alike, so a part is only told."""
    leak = first.role != second.role
    for one, other in ((first, second), (second, first)):
        if leak:
            said = f"one is for {_WORDS[one.role]}, the other for {_WORDS[other.role]}: results would look too good"
        else:
            said = "keep one"
        yield Finding(
            code=code,
            severity=Severity.ERROR if leak and whole else Severity.WARNING,
            sentence=f'"{one.table.name}" and "{other.table.name}" {how}; {said}.',
            file=one.table.name,
        )


def _clock(table: Table) -> np.ndarray:
    return table.columns["time_s"] + table.start_s


def _follow_on(first: Table, second: Table) -> bool:
    """Whether the later file begins within the earlier one on a clock that both share."""
    earlier, later = sorted((first, second), key=lambda table: table.start_s)
    return 0 < later.start_s != earlier.start_s and later.start_s <= float(np.nanmax(_clock(earlier)))


def _overlaps(tables: Sequence[Table]) -> Iterator[Finding]:
    """Files of one clock of which the later one begins before the earlier one ends."""
    for earlier, later in pairwise(sorted(tables, key=lambda table: table.start_s)):
        if not _follow_on(earlier, later):
            continue
        ends_s, begins_s = _clock(earlier), _clock(later)
        last_s, first_s = float(np.nanmax(ends_s)), float(np.nanmin(begins_s))
        of_earlier, of_later = spans_of(ends_s >= first_s), spans_of(begins_s <= last_s)
        if not of_earlier or not of_later:
            continue
        agree = _agree(earlier, of_earlier, later, of_later)
        if not agree and last_s - first_s > 0.5 * min(np.nanmax(earlier.columns["time_s"]), last_s):
            continue  # two tests whose clocks only happen to run at the same time
        values = "with the same values" if agree else "with other values"
        drop = Repair(kind="drop_rows", parameters={"rows": [list(span) for span in of_later]})
        for table, other, spans, repair in ((earlier, later, of_earlier, None), (later, earlier, of_later, drop)):
            yield finding_at(
                spans,
                code="set.overlap",
                severity=Severity.WARNING,
                sentence=f'"{table.name}" and "{other.name}" overlap by {last_s - first_s:.4g} s '
                f'({rows_words(spans)}), {values}: drop these rows from "{later.name}".',
                file=table.name,
                column="time_s",
                repair=repair,
            )


def _agree(earlier: Table, of_earlier: Spans, later: Table, of_later: Spans) -> bool:
    one, other = (slice(spans[0][0], spans[-1][1] + 1) for spans in (of_earlier, of_later))
    times = _clock(earlier)[one], _clock(later)[other]
    if len(times[0]) != len(times[1]) or not np.allclose(*times, rtol=0, atol=_SAME_TIME_S):
        return False
    return all(
        np.allclose(earlier.columns[name][one], later.columns[name][other], rtol=0, atol=_SAME_V, equal_nan=True)
        for name in ("voltage_V", "current_A")
        if name in earlier.columns and name in later.columns
    )


def _soc_jumps(members: Sequence[Member]) -> Iterator[Finding]:
    """Files that follow each other on one clock, whose SOC does not go on where the one before ended."""
    with_soc = [member.table for member in members if "soc" in member.table.columns and member.table.rows > 1]
    for earlier, later in pairwise(sorted(with_soc, key=lambda table: table.start_s)):
        pause_s = later.start_s - float(np.nanmax(_clock(earlier)))
        if later.start_s <= 0 or later.start_s == earlier.start_s or abs(pause_s) > _FOLLOWS_WITHIN_S:
            continue
        ended, began = float(earlier.columns["soc"][-1]), float(later.columns["soc"][0])
        if abs(began - ended) > _SOC_JUMP:
            yield Finding(
                code="set.soc_jump",
                severity=Severity.WARNING,
                sentence=f'SOC jumps by {100 * (began - ended):+.2f} % from the end of "{earlier.name}" ({ended:.4f}) '
                f'to the start of "{later.name}" ({began:.4f}), which follows it: the labels disagree by that much.',
                file=later.name,
                column="soc",
                rows=(0, 0),
            )


def _capacities(members: Sequence[Member]) -> Iterator[Finding]:
    known = [
        (member.table, found[0])
        for member in members
        if (found := capacity_Ah(View(member.table))) is not None and found[1] > _FOLLOWS
    ]
    if len(known) < 2:
        return
    usual = float(np.median([capacity for _, capacity in known]))
    for table, capacity in known:
        if abs(capacity - usual) > _CAPACITY_SHARE * abs(usual):
            yield Finding(
                code="set.capacity",
                severity=Severity.WARNING,
                sentence=f'SOC and current of "{table.name}" imply {capacity:.3g} Ah where {usual:.3g} Ah is usual '
                f"among the files: another cell, another unit or another definition of SOC.",
                file=table.name,
                column="soc",
            )


def _rest_voltages(members: Sequence[Member]) -> Iterator[Finding]:
    """Voltages after a long rest at one SOC that differ from file to file: the two that do so most."""
    ends = sorted((soc, volts, number) for number, member in enumerate(members) for soc, volts in _rests(member.table))
    soc, volts, numbers = np.array(ends, dtype=np.float64).reshape(-1, 3).T
    stops = np.searchsorted(soc, soc + _SAME_SOC, side="right")
    worst, pair = 0.0, (0, 0)
    for one, stop in enumerate(stops.tolist()):
        away = np.where(numbers[one:stop] == numbers[one], 0.0, np.abs(volts[one:stop] - volts[one]))
        other = int(np.argmax(away))
        if away[other] > worst:
            worst, pair = float(away[other]), (one, one + other)
    if worst < _OCV_V:
        return
    (at, one_V, one), (_, other_V, other) = (ends[place] for place in pair)
    name, other_name = members[one].table.name, members[other].table.name
    yield Finding(
        code="set.ocv",
        severity=Severity.WARNING,
        sentence=f'After a rest at SOC {at:.3f} "{name}" has {one_V:.4f} V and "{other_name}" {other_V:.4f} V: '
        f"another cell, another temperature, or SOC labels that disagree.",
        file=other_name,
        column="voltage_V",
    )


def _rests(table: Table) -> Iterator[tuple[float, float]]:
    """(SOC, voltage) at the end of each rest of ten minutes or more."""
    soc, voltage_V = table.columns.get("soc"), table.columns.get("voltage_V")
    if soc is None or voltage_V is None:
        return
    for _, last in rests(table):
        if soc[last] > _STEEP_SOC and np.isfinite(voltage_V[last]):
            yield float(soc[last]), float(voltage_V[last])
