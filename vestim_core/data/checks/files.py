"""Checks across the files of a job: one content twice, overlaps, leaks between roles, labels that disagree, and tests
that ask for more than was learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from vestim_core.data.checks.soc import capacity_Ah
from vestim_core.data.checks.view import View, finite_sample, spread
from vestim_core.data.spans import Spans, finding_at, rows_words, spans_of
from vestim_core.data.table import Table
from vestim_core.spec.data import Role
from vestim_core.spec.finding import Finding, Repair, Severity

_WORDS: dict[Role, str] = {"train": "training", "validation": "validation", "test": "test"}
_PROBES = 8
_PROBED_ROWS = 16
_SAME_TIME_S = 1e-3
_SAME_V = 1e-6
_SOC_JUMP = 0.003
_FOLLOWS_WITHIN_S = 3600.0
_CAPACITY_SHARE = 0.1
_FOLLOWS = 0.9
_REST_S = 600.0
_SAME_SOC = 0.002
_STEEP_SOC = 0.1
_OCV_V = 0.03
_OUTSIDE_SHARE = 0.001
_MARGIN = 0.02
_LEAST_SPREAD_K = 2.5
_CHANNELS = {"voltage_V": "V", "current_A": "A", "temperature_degC": "degC", "soc": ""}


@dataclass(frozen=True)
class Member:
    """A loaded table and what it is for."""

    table: Table
    role: Role = "train"


def check_set(members: Sequence[Member]) -> list[Finding]:
    """What is to be said of files together. Each finding names one file; where two are concerned both have one."""
    found, same = _twice(members)
    found += _overlaps(members, same)
    found += _soc_jumps(members)
    found += _capacities(members)
    found += _rest_voltages(members)
    found += _envelope(members)
    found += _temperature(members)
    return found


def _twice(members: Sequence[Member]) -> tuple[list[Finding], set[frozenset[int]]]:
    """One content in two files, by its bytes or by what it says; a part of one file in another. With the ids of the
    pairs that are the same."""
    found: list[Finding] = []
    same: set[frozenset[int]] = set()
    for first, second in combinations(members, 2):
        bytes_same = first.table.sha256 == second.table.sha256
        if bytes_same or _same_rows(first.table, second.table):
            same.add(frozenset((id(first.table), id(second.table))))
            how = "are equal byte for byte" if bytes_same else "hold the same rows"
            found += _shared(first, second, "set.same_file_twice", how)
        elif not _follow_on(first.table, second.table) and _share_rows(first.table, second.table):
            found += _shared(first, second, "set.same_rows", "have stretches of rows in common", whole=False)
    return found, same


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


def _same_rows(first: Table, second: Table) -> bool:
    shared = [name for name in ("voltage_V", "current_A") if name in first.columns and name in second.columns]
    if not shared or first.rows != second.rows or first.rows < 2:
        return False
    probe = slice(None, None, max(1, first.rows // 64))
    for rows in (probe, slice(None)):
        for name in shared:
            one, other = first.columns[name][rows], second.columns[name][rows]
            if not np.allclose(one, other, rtol=0, atol=_SAME_V, equal_nan=True):
                return False
    return not any(np.ptp(finite_sample(first.columns[name])) == 0 for name in shared[:1])


def _share_rows(first: Table, second: Table) -> bool:
    return _part_of(first, second) or _part_of(second, first)


def _part_of(part: Table, whole: Table) -> bool:
    """Whether some stretch of `part`, looked at in a few places where the voltage moves, stands in `whole` as well."""
    names = [name for name in ("voltage_V", "current_A") if name in part.columns and name in whole.columns]
    if "voltage_V" not in names or min(part.rows, whole.rows) < 4 * _PROBED_ROWS:
        return False
    voltage_V, other_V = part.columns["voltage_V"], whole.columns["voltage_V"]
    starts = np.linspace(0, part.rows - _PROBED_ROWS - 1, _PROBES).astype(int)
    for start in starts.tolist():
        stretch = slice(start, start + _PROBED_ROWS)
        if len(np.unique(voltage_V[stretch])) < _PROBED_ROWS // 2:
            continue
        places = np.flatnonzero(other_V[: whole.rows - _PROBED_ROWS] == voltage_V[start])[:50]
        for place in places.tolist():
            there = slice(place, place + _PROBED_ROWS)
            if all(np.array_equal(part.columns[name][stretch], whole.columns[name][there]) for name in names):
                return True
    return False


def _clock(table: Table) -> np.ndarray:
    return table.columns["time_s"] + table.start_s


def _follow_on(first: Table, second: Table) -> bool:
    """Whether the later file begins within the earlier one on a clock that both share."""
    earlier, later = sorted((first, second), key=lambda table: table.start_s)
    return 0 < later.start_s != earlier.start_s and later.start_s <= float(np.nanmax(_clock(earlier)))


def _overlaps(members: Sequence[Member], same: set[frozenset[int]]) -> Iterator[Finding]:
    """Files of one clock of which the later one begins before the earlier one ends."""
    ordered = sorted((member.table for member in members), key=lambda table: table.start_s)
    for earlier, later in pairwise(ordered):
        if not _follow_on(earlier, later) or frozenset((id(earlier), id(later))) in same:
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
    rests = sorted((soc, volts, member.table.name) for member in members for soc, volts in _rests(member.table))
    worst: tuple[float, tuple[float, float, str], tuple[float, float, str]] | None = None
    for number, one in enumerate(rests):
        for other in rests[number + 1 :]:
            if other[0] - one[0] > _SAME_SOC:
                break
            away = abs(other[1] - one[1])
            if one[2] != other[2] and away >= _OCV_V and (worst is None or away > worst[0]):
                worst = away, one, other
    if worst is None:
        return
    _, (soc, volts, name), (_, other_volts, other_name) = worst
    yield Finding(
        code="set.ocv",
        severity=Severity.WARNING,
        sentence=f'After a rest at SOC {soc:.3f} "{name}" has {volts:.4f} V and "{other_name}" {other_volts:.4f} V: '
        f"another cell, another temperature, or SOC labels that disagree.",
        file=other_name,
        column="voltage_V",
    )


def _rests(table: Table) -> Iterator[tuple[float, float]]:
    """(SOC, voltage) at the end of each rest of ten minutes or more."""
    names = ("soc", "voltage_V", "current_A")
    if any(name not in table.columns for name in names) or table.rows < 2:
        return
    soc, voltage_V, current_A = (table.columns[name] for name in names)
    limit = 0.002 * float(np.abs(finite_sample(current_A)).max())
    time_s = table.columns["time_s"]
    for first, last in spans_of(np.abs(current_A) <= limit):
        if time_s[last] - time_s[first] >= _REST_S and soc[last] > _STEEP_SOC and np.isfinite(voltage_V[last]):
            yield float(soc[last]), float(voltage_V[last])


def _envelope(members: Sequence[Member]) -> Iterator[Finding]:
    """Tests with values that no training file has: what is said there is extrapolated."""
    training = [member.table for member in members if member.role == "train"]
    for member in members:
        if member.role == "train" or not training:
            continue
        for name, unit in _CHANNELS.items():
            values = member.table.columns.get(name)
            learned = [table.columns[name] for table in training if name in table.columns]
            if values is None or not learned:
                continue
            low = min(float(np.nanmin(column, initial=np.inf)) for column in learned)
            high = max(float(np.nanmax(column, initial=-np.inf)) for column in learned)
            margin = _MARGIN * (high - low)
            outside = (values < low - margin) | (values > high + margin)
            if outside.mean() <= _OUTSIDE_SHARE:
                continue
            there = f"{float(np.nanmin(values)):.4g} to {float(np.nanmax(values)):.4g}"
            yield finding_at(
                spans_of(outside),
                code="set.outside_training",
                severity=Severity.WARNING,
                sentence=f'{name} of "{member.table.name}" goes from {there} {unit}, training only from {low:.4g} to '
                f"{high:.4g}: {100 * outside.mean():.2g} % of its rows are extrapolation.".replace("  ", " "),
                file=member.table.name,
                column=name,
            )


def _temperature(members: Sequence[Member]) -> Iterator[Finding]:
    """Training files that together hardly vary in temperature."""
    name = "temperature_degC"
    samples = [
        finite_sample(member.table.columns[name])
        for member in members
        if member.role == "train" and name in member.table.columns
    ]
    if not samples:
        return
    kelvins = spread(np.concatenate(samples))
    if kelvins < _LEAST_SPREAD_K:
        yield Finding(
            code="set.constant_temperature",
            severity=Severity.WARNING,
            sentence=f"The temperature of all training files together hardly moves: 90 % of it lies within "
            f"{kelvins:.2g} K. Its influence cannot be learned, and a sensor that is 5 K off would mislead the model.",
            column=name,
        )
