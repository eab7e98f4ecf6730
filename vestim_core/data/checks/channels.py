"""Single channels: values that are missing, constant, stuck, cut off or far out."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks.temperature import NOT_READ_BELOW
from vestim_core.data.checks.view import View, finite_sample
from vestim_core.data.readers.troubles import missing_repair
from vestim_core.data.spans import count_rows, rows_in, rows_words, spans_of
from vestim_core.spec.finding import Finding, Repair, Severity

WORDS = {
    "voltage_V": ("voltage", "V"),
    "current_A": ("current", "A"),
    "temperature_degC": ("temperature", "degC"),
    "soc": ("SOC", ""),
}
_STUCK_ROWS, _STUCK_SHARE = 10, 0.05
_SPIKE_DEVIATIONS = 30.0
_LEAST_SPIKE = {"voltage_V": 0.05, "temperature_degC": 2.0, "soc": 0.02}
_CLIPPED_RUNS, _CLIPPED_ROWS, _NOISY = 3, 5, 0.95
_POSSIBLE = {"voltage_V": (-0.5, 2000.0), "current_A": (-5000.0, 5000.0), "temperature_degC": (-80.0, 200.0)}


def missing(view: View) -> list[Finding]:
    """Cells without a number, and infinite ones; rows without any value are told by the reader."""
    findings = []
    columns = view.table.columns
    empty: np.ndarray | None = None
    for name, values in columns.items():
        finite = np.isfinite(values)
        if finite.all():
            continue
        if empty is None:
            empty = np.logical_and.reduce([np.isnan(column) for column in columns.values()])
        gone = np.isnan(values) & ~empty & ~_texts(view, name)
        endless = ~finite & ~np.isnan(values)
        for mask, code, said in ((gone, "channel.missing", "has no value"), (endless, "channel.not_finite", "is inf")):
            if not mask.any():
                continue
            spans = spans_of(mask)
            findings.append(
                view.finding(
                    code,
                    Severity.WARNING,
                    f'{_word(name)} of "{view.name}" {said} in {count_rows(spans)} row'
                    f"{'' if count_rows(spans) == 1 else 's'} ({rows_words(spans)}): treat as missing.",
                    name,
                    spans,
                    missing_repair(spans, name),
                )
            )
    return findings


def constant(view: View) -> list[Finding]:
    """A channel that never moves has nothing to teach."""
    findings = []
    for name in ("voltage_V", "current_A", "soc"):
        values = view.column(name)
        if values is not None and len(values) > 2 and np.ptp(finite_sample(values)) == 0 and _still(values):
            findings.append(
                view.finding(
                    "channel.constant",
                    Severity.WARNING,
                    f'{_word(name)} of "{view.name}" is {values[np.isfinite(values)][:1].sum():g} in all rows.',
                    name,
                )
            )
    return findings


def stuck(view: View) -> list[Finding]:
    """A voltage that stands still to the last digit while the current moves."""
    voltage_V, current_A = view.column("voltage_V"), view.column("current_A")
    if voltage_V is None or current_A is None or len(voltage_V) < _STUCK_ROWS:
        return []
    same = np.diff(voltage_V) == 0
    if not same.any():
        return []
    limit = _STUCK_SHARE * np.ptp(finite_sample(current_A))
    spans = tuple(
        (first + 1, last + 1)
        for first, last in spans_of(same)
        if last - first + 1 >= _STUCK_ROWS and np.ptp(np.nan_to_num(current_A[first : last + 2])) > limit > 0
    )
    if not spans:
        return []
    return [
        view.finding(
            "channel.stuck",
            Severity.ERROR,
            f'Voltage of "{view.name}" does not move in {count_rows(spans)} rows ({rows_words(spans)}) while the '
            f"current does: cut these rows out.",
            "voltage_V",
            spans,
            Repair(kind="drop_rows", parameters={"rows": [list(span) for span in spans]}),
        )
    ]


def clipped(view: View) -> list[Finding]:
    """A noisy channel that stands at its highest or lowest value again and again."""
    findings = []
    for name in ("voltage_V", "current_A", "temperature_degC"):
        values = view.column(name)
        if values is None or len(values) < 100 or np.isnan(values).all():
            continue
        inside = (values != np.nanmax(values)) & (values != np.nanmin(values))
        moved = np.diff(values)[inside[1:] & inside[:-1]] != 0
        if len(moved) == 0 or moved.mean() < _NOISY:
            continue
        for limit in (np.nanmax(values), np.nanmin(values)):
            if name == "current_A" and limit == 0:
                continue  # a rest of a test that only charges, or only discharges
            spans = tuple(span for span in spans_of(values == limit) if span[1] - span[0] + 1 >= _CLIPPED_ROWS)
            if len(spans) < _CLIPPED_RUNS:
                continue
            findings.append(
                view.finding(
                    "channel.clipped",
                    Severity.WARNING,
                    f'{_word(name)} of "{view.name}" stands at {limit:g} {WORDS[name][1]} in {count_rows(spans)} rows '
                    f"({rows_words(spans)}): the sensor's limit.",
                    name,
                    spans,
                )
            )
    return findings


def spikes(view: View) -> list[Finding]:
    """Single values far from both neighbours, which agree; a voltage that answers the current is none."""
    findings = []
    current_A = view.column("current_A")
    for name, least in _LEAST_SPIKE.items():
        values = view.column(name)
        if values is None or len(values) < 10:
            continue
        if name == "temperature_degC":
            values = np.where(values < NOT_READ_BELOW, np.nan, values)
        steps = np.diff(values)
        noise = 1.4826 * float(np.median(np.abs(finite_sample(steps))))
        limit = max(least, _SPIKE_DEVIATIONS * noise)
        if not (np.abs(steps) > limit).any():
            continue
        up, down = np.nan_to_num(steps[:-1]), np.nan_to_num(steps[1:])
        lowest = np.minimum(np.abs(up), np.abs(down))
        spike = (np.sign(up) == -np.sign(down)) & (lowest > limit) & (np.abs(up + down) < 0.3 * lowest)
        if name == "voltage_V" and current_A is not None:
            moved = np.abs(np.diff(current_A)) > 0.02 * np.ptp(finite_sample(current_A))
            spike &= ~(moved[:-1] | moved[1:])
        rows = np.flatnonzero(spike) + 1
        if len(rows) == 0:
            continue
        spans, highest = spans_of(rows), float(np.max(lowest[rows - 1]))
        findings.append(
            view.finding(
                "channel.spike",
                Severity.WARNING,
                f'{_word(name)} of "{view.name}" jumps by up to {highest:.3g} {WORDS[name][1]} and back in {len(rows)} '
                f"row{'' if len(rows) == 1 else 's'} ({rows_words(spans)}): replace by its neighbours.",
                name,
                spans,
                Repair(kind="interpolate_rows", parameters={"column": name, "rows": [list(span) for span in spans]}),
            )
        )
    return findings


def impossible(view: View) -> list[Finding]:
    """Values that no such sensor can have measured."""
    findings = []
    for name, (low, high) in _POSSIBLE.items():
        values = view.column(name)
        if values is None:
            continue
        beyond = ((values < low) | (values > high)) & np.isfinite(values)
        if name == "temperature_degC":
            beyond &= ~(values < NOT_READ_BELOW)  # told elsewhere
        if beyond.any() and beyond.mean() < 0.5:
            spans = spans_of(beyond)
            findings.append(
                view.finding(
                    "channel.range",
                    Severity.WARNING,
                    f'{_word(name)} of "{view.name}" leaves {low:g} to {high:g} {WORDS[name][1]} in '
                    f"{count_rows(spans)} rows ({rows_words(spans)}).",
                    name,
                    spans,
                )
            )
    return findings


def power(view: View) -> list[Finding]:
    """A power that is not voltage times current was averaged, or measured elsewhere."""
    power_W, voltage_V, current_A = (view.column(name) for name in ("power_W", "voltage_V", "current_A"))
    if power_W is None or voltage_V is None or current_A is None:
        return []
    away = np.abs(power_W - voltage_V * current_A)
    highest = float(np.nanmax(np.abs(power_W), initial=0.0))
    worst = float(np.nanmax(away, initial=0.0))
    if highest == 0 or worst < 0.002 * highest:
        return []
    rows = away > 0.002 * highest
    return [
        view.finding(
            "power.mismatch",
            Severity.WARNING if worst > 0.1 * highest else Severity.INFO,
            f'Power of "{view.name}" differs from voltage times current by up to {worst:.3g} W '
            f"({100 * worst / highest:.2g} % of its highest) in {int(rows.sum())} rows: averaged or measured apart.",
            "power_W",
            rows,
        )
    ]


def _texts(view: View, name: str) -> np.ndarray:
    """Rows whose cell the reader found to hold text."""
    mask = np.zeros(view.table.rows, dtype=bool)
    if view.table.repairs:
        return mask
    for finding in view.table.findings:
        if finding.code == "channel.text" and finding.column == name and finding.rows is not None:
            mask |= rows_in(finding.spans or (finding.rows,), view.table.rows)
    return mask


def _still(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) > 2 and float(np.ptp(finite)) == 0.0


def _word(name: str) -> str:
    word = WORDS.get(name, (name, ""))[0]
    return word[:1].upper() + word[1:]
