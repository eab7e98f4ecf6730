"""Checks across the files of a job: duplicates, overlaps, leaks between roles, labels that disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_file import CheckedFile
from vestim_core.data.checks.checked_table import TableView
from vestim_core.data.checks.duplicates import Pair, find_duplicates, find_overlaps
from vestim_core.data.checks.missing_soc import find_missing_soc
from vestim_core.data.checks.rests import find_rests
from vestim_core.data.checks.soc import implied_capacity
from vestim_core.data.checks.training_coverage import find_constant_temperature, find_extrapolation
from vestim_core.data.spans import Spans, build_span_finding, describe_rows, find_spans
from vestim_core.data.table import Table
from vestim_core.spec.data import Role
from vestim_core.spec.finding import Finding, Repair, Severity

_ROLE_NAMES: dict[Role, str] = {"train": "training", "validation": "validation", "test": "test"}


def check_set(files: Sequence[CheckedFile]) -> list[Finding]:
    """Return the findings about files together. Each names one file; where two are concerned, both have a finding."""
    tables = [file.table for file in files]
    original_indices = find_duplicates(tables)
    return [
        *_duplicate_findings(files, original_indices),
        *_time_overlaps([table for index, table in enumerate(tables) if original_indices[index] == index]),
        *_soc_jumps(files),
        *_capacity_differences(files),
        *_ocv_differences(files),
        *find_extrapolation(files),
        *find_constant_temperature(files),
        *find_missing_soc(tables),
    ]


def _duplicate_findings(files: Sequence[CheckedFile], original_indices: Sequence[int]) -> Iterator[Finding]:
    """Yield files with the same content, by their bytes or their rows, and files that share a stretch of rows.

    original_indices: index of each file's original, see `find_duplicates`.
    """
    tables = [file.table for file in files]
    for index, original in enumerate(original_indices):
        if original != index:
            has_same_bytes = tables[original].sha256 == tables[index].sha256
            relation = "are equal byte for byte" if has_same_bytes else "hold the same rows"
            yield from _shared_content(files[original], files[index], "set.same_file_twice", relation)

    def is_candidate(pair: Pair) -> bool:
        return not _begins_within(tables[pair[0]], tables[pair[1]])

    unique = [index for index, original in enumerate(original_indices) if original == index]
    for first, second in find_overlaps(tables, unique, is_candidate):
        relation = "have stretches of rows in common"
        yield from _shared_content(files[first], files[second], "set.same_rows", relation, is_complete=False)


def _shared_content(
    first: CheckedFile, second: CheckedFile, code: str, relation: str, is_complete: bool = True
) -> Iterator[Finding]:
    """Yield one finding for each of both files.

    The same file in two roles is an error. A shared part is a warning, since simulated cycles begin alike.
    """
    is_leak = first.role != second.role
    for file, counterpart in ((first, second), (second, first)):
        if is_leak:
            consequence = (
                f"one is for {_ROLE_NAMES[file.role]}, the other for {_ROLE_NAMES[counterpart.role]}: results would "
                f"look too good"
            )
        else:
            consequence = "keep one"
        yield Finding(
            code=code,
            severity=Severity.ERROR if is_leak and is_complete else Severity.WARNING,
            message=f'"{file.table.name}" and "{counterpart.table.name}" {relation}; {consequence}.',
            file=file.table.name,
        )


def _clock_s(table: Table) -> np.ndarray:
    """Time (N,) of each row on the file's own clock."""
    return table.columns["time_s"] + table.start_s


def _begins_within(first: Table, second: Table) -> bool:
    """True when both files share a clock and the later one begins before the earlier one ends."""
    first, second = sorted((first, second), key=lambda table: table.start_s)
    return 0 < second.start_s != first.start_s and second.start_s <= float(np.nanmax(_clock_s(first)))


def _time_overlaps(tables: Sequence[Table]) -> Iterator[Finding]:
    """Yield files on one clock of which the later one begins before the earlier one ends."""
    for first, second in pairwise(sorted(tables, key=lambda table: table.start_s)):
        if not _begins_within(first, second):
            continue
        first_s, second_s = _clock_s(first), _clock_s(second)
        end_s, begin_s = float(np.nanmax(first_s)), float(np.nanmin(second_s))
        first_spans, second_spans = find_spans(first_s >= begin_s), find_spans(second_s <= end_s)
        if not first_spans or not second_spans:
            continue
        is_same = _agree(first, first_spans, second, second_spans)
        duration_s = min(np.nanmax(first.columns["time_s"]), end_s)
        if not is_same and end_s - begin_s > thresholds.MAX_OVERLAP_SHARE.value * duration_s:
            continue  # two tests that only happen to run at the same time
        values = "with the same values" if is_same else "with other values"
        drop = Repair(kind="drop_rows", parameters={"rows": [list(span) for span in second_spans]})
        for table, counterpart, spans, repair in (
            (first, second, first_spans, None),
            (second, first, second_spans, drop),
        ):
            yield build_span_finding(
                spans,
                code="set.overlap",
                severity=Severity.WARNING,
                sentence=f'"{table.name}" and "{counterpart.name}" overlap by {end_s - begin_s:.4g} s '
                f'({describe_rows(spans)}), {values}: drop these rows from "{second.name}".',
                file=table.name,
                column="time_s",
                repair=repair,
            )


def _agree(first: Table, first_spans: Spans, second: Table, second_spans: Spans) -> bool:
    """True when times, voltages and currents of the overlapping rows are the same."""
    first_rows, second_rows = (slice(spans[0][0], spans[-1][1] + 1) for spans in (first_spans, second_spans))
    times = _clock_s(first)[first_rows], _clock_s(second)[second_rows]
    if len(times[0]) != len(times[1]) or not np.allclose(*times, rtol=0, atol=thresholds.SAME_TIME.value):
        return False
    return all(
        np.allclose(
            first.columns[name][first_rows],
            second.columns[name][second_rows],
            rtol=0,
            atol=thresholds.SAME_VOLTAGE.value,
            equal_nan=True,
        )
        for name in ("voltage_V", "current_A")
        if name in first.columns and name in second.columns
    )


def _soc_jumps(files: Sequence[CheckedFile]) -> Iterator[Finding]:
    """Yield consecutive files on one clock whose SOC does not continue where the one before ends."""
    tables = [file.table for file in files if "soc" in file.table.columns and file.table.rows > 1]
    for first, second in pairwise(sorted(tables, key=lambda table: table.start_s)):
        pause_s = second.start_s - float(np.nanmax(_clock_s(first)))
        if second.start_s <= 0 or second.start_s == first.start_s or abs(pause_s) > thresholds.CONSECUTIVE_PAUSE.value:
            continue
        end_soc, begin_soc = float(first.columns["soc"][-1]), float(second.columns["soc"][0])
        if abs(begin_soc - end_soc) > thresholds.SOC_JUMP.value:
            yield Finding(
                code="set.soc_jump",
                severity=Severity.WARNING,
                message=f'SOC jumps by {100 * (begin_soc - end_soc):+.2f} % from the end of "{first.name}" '
                f'({end_soc:.4f}) to the start of "{second.name}" ({begin_soc:.4f}), which follows it: the labels '
                f"disagree by that much.",
                file=second.name,
                column="soc",
                rows=(0, 0),
            )


def _capacity_differences(files: Sequence[CheckedFile]) -> Iterator[Finding]:
    """Yield files whose implied capacity differs from the median of all."""
    capacities = [
        (file.table, implied[0])
        for file in files
        if (implied := implied_capacity(TableView(file.table))) is not None
        and implied[1] > thresholds.CAPACITY_CORRELATION.value
    ]
    if len(capacities) < 2:
        return
    median_Ah = float(np.median([capacity_Ah for _, capacity_Ah in capacities]))
    for table, capacity_Ah in capacities:
        if abs(capacity_Ah - median_Ah) > thresholds.CAPACITY_DIFFERENCE.value * abs(median_Ah):
            yield Finding(
                code="set.capacity",
                severity=Severity.WARNING,
                message=f'SOC and current of "{table.name}" imply {capacity_Ah:.3g} Ah where {median_Ah:.3g} Ah is '
                f"usual among the files: another cell, another unit or another definition of SOC.",
                file=table.name,
                column="soc",
            )


def _ocv_differences(files: Sequence[CheckedFile]) -> Iterator[Finding]:
    """Yield the two files whose voltages after a rest at the same SOC differ most."""
    rest_ends = sorted(
        (soc, voltage_V, index) for index, file in enumerate(files) for soc, voltage_V in _rest_ends(file.table)
    )
    soc, voltage_V, file_index = np.array(rest_ends, dtype=np.float64).reshape(-1, 3).T
    stops = np.searchsorted(soc, soc + thresholds.SAME_SOC.value, side="right")
    largest_V, pair = 0.0, (0, 0)
    for start, stop in enumerate(stops.tolist()):
        is_same_file = file_index[start:stop] == file_index[start]
        difference_V = np.where(is_same_file, 0.0, np.abs(voltage_V[start:stop] - voltage_V[start]))
        offset = int(np.argmax(difference_V))
        if difference_V[offset] > largest_V:
            largest_V, pair = float(difference_V[offset]), (start, start + offset)
    if largest_V < thresholds.OCV_DIFFERENCE.value:
        return
    (first_soc, first_V, first), (_, second_V, second) = (rest_ends[index] for index in pair)
    first_name, second_name = files[first].table.name, files[second].table.name
    yield Finding(
        code="set.ocv",
        severity=Severity.WARNING,
        message=f'After a rest at SOC {first_soc:.3f} "{first_name}" has {first_V:.4f} V and "{second_name}" '
        f"{second_V:.4f} V: another cell, another temperature, or SOC labels that disagree.",
        file=second_name,
        column="voltage_V",
    )


def _rest_ends(table: Table) -> Iterator[tuple[float, float]]:
    """Yield (SOC, voltage) at the end of each rest of ten minutes or more, above the steep part of OCV."""
    soc, voltage_V = table.columns.get("soc"), table.columns.get("voltage_V")
    if soc is None or voltage_V is None:
        return
    for _, last in find_rests(table):
        if soc[last] > thresholds.STEEP_SOC.value and np.isfinite(voltage_V[last]):
            yield float(soc[last]), float(voltage_V[last])
