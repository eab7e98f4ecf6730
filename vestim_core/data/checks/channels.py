"""Single channels: values that are missing, constant, stuck, clipped or far out."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_table import TableView, finite_sample, noise_deviation
from vestim_core.data.readers.read_issues import propose_missing_repair
from vestim_core.data.spans import count_rows, describe_rows, find_spans, row_mask
from vestim_core.spec.finding import Finding, Repair, Severity

_NAMES_AND_UNITS = {
    "voltage_V": ("voltage", "V"),
    "current_A": ("current", "A"),
    "temperature_degC": ("temperature", "degC"),
    "soc": ("SOC", ""),
}
_LEAST_SPIKE = {
    "voltage_V": thresholds.SPIKE_VOLTAGE.value,
    "temperature_degC": thresholds.SPIKE_TEMPERATURE.value,
    "soc": thresholds.SPIKE_SOC.value,
}
_POSSIBLE = {
    "voltage_V": thresholds.VOLTAGE_POSSIBLE.value,
    "current_A": thresholds.CURRENT_POSSIBLE.value,
    "temperature_degC": thresholds.TEMPERATURE_POSSIBLE.value,
}


def find_missing_values(view: TableView) -> list[Finding]:
    """Cells without a number, and infinite ones. The reader reports rows without any value."""
    findings = []
    columns = view.table.columns
    is_empty_row: np.ndarray | None = None
    for name, values in columns.items():
        is_finite = np.isfinite(values)
        if is_finite.all():
            continue
        if is_empty_row is None:
            is_empty_row = np.logical_and.reduce([np.isnan(column) for column in columns.values()])
        is_missing = np.isnan(values) & ~is_empty_row & ~_text_rows(view, name)
        is_infinite = ~is_finite & ~np.isnan(values)
        for mask, code, description in (
            (is_missing, "channel.missing", "has no value"),
            (is_infinite, "channel.not_finite", "is inf"),
        ):
            if not mask.any():
                continue
            spans = find_spans(mask)
            findings.append(
                view.finding(
                    code,
                    Severity.WARNING,
                    f'{_channel_name(name)} of "{view.name}" {description} in {count_rows(spans)} row'
                    f"{'' if count_rows(spans) == 1 else 's'} ({describe_rows(spans)}): treat as missing.",
                    name,
                    spans,
                    propose_missing_repair(spans, name),
                )
            )
    return findings


def find_constant(view: TableView) -> list[Finding]:
    """A channel that never moves, so that nothing can be learned from it."""
    findings = []
    for name in ("voltage_V", "current_A", "soc"):
        values = view.column(name)
        if values is not None and len(values) > 2 and np.ptp(finite_sample(values)) == 0 and _is_constant(values):
            findings.append(
                view.finding(
                    "channel.constant",
                    Severity.WARNING,
                    f'{_channel_name(name)} of "{view.name}" is {values[np.isfinite(values)][:1].sum():g} in all rows.',
                    name,
                )
            )
    return findings


def find_stuck(view: TableView) -> list[Finding]:
    """A voltage that stands still to the last digit while the current moves."""
    voltage_V, current_A = view.column("voltage_V"), view.column("current_A")
    min_rows = thresholds.STUCK_ROWS.value
    if voltage_V is None or current_A is None or len(voltage_V) < min_rows:
        return []
    is_unchanged = np.diff(voltage_V) == 0
    if not is_unchanged.any():
        return []
    limit_A = thresholds.STUCK_CURRENT.value * np.ptp(finite_sample(current_A))
    spans = tuple(
        (first + 1, last + 1)
        for first, last in find_spans(is_unchanged)
        if last - first + 1 >= min_rows and np.ptp(np.nan_to_num(current_A[first : last + 2])) > limit_A > 0
    )
    if not spans:
        return []
    return [
        view.finding(
            "channel.stuck",
            Severity.ERROR,
            f'Voltage of "{view.name}" does not move in {count_rows(spans)} rows ({describe_rows(spans)}) while the '
            f"current does: cut these rows out.",
            "voltage_V",
            spans,
            Repair(kind="drop_rows", parameters={"rows": [list(span) for span in spans]}),
        )
    ]


def find_clipped(view: TableView) -> list[Finding]:
    """A noisy channel that stands at its highest or lowest value again and again."""
    findings = []
    for name in ("voltage_V", "current_A", "temperature_degC"):
        values = view.column(name)
        if values is None or len(values) < thresholds.CLIPPING_MIN_ROWS.value or np.isnan(values).all():
            continue
        is_between = (values != np.nanmax(values)) & (values != np.nanmin(values))
        is_changed = np.diff(values)[is_between[1:] & is_between[:-1]] != 0
        if len(is_changed) == 0 or is_changed.mean() < thresholds.CLIPPING_NOISE.value:
            continue
        for limit in (np.nanmax(values), np.nanmin(values)):
            if name == "current_A" and limit == 0:
                continue  # a rest of a test that only charges, or only discharges
            spans = tuple(
                span
                for span in find_spans(values == limit)
                if span[1] - span[0] + 1 >= thresholds.CLIPPING_RUN_ROWS.value
            )
            if len(spans) < thresholds.CLIPPING_RUNS.value:
                continue
            findings.append(
                view.finding(
                    "channel.clipped",
                    Severity.WARNING,
                    f'{_channel_name(name)} of "{view.name}" stands at {limit:g} {_NAMES_AND_UNITS[name][1]} in '
                    f"{count_rows(spans)} rows ({describe_rows(spans)}): the sensor's limit.",
                    name,
                    spans,
                )
            )
    return findings


def find_spikes(view: TableView) -> list[Finding]:
    """Single values far from both neighbors, which agree. A voltage that answers the current is no spike."""
    findings = []
    current_A = view.column("current_A")
    for name, least in _LEAST_SPIKE.items():
        values = view.column(name)
        if values is None or len(values) < thresholds.MIN_ROWS.value:
            continue
        if name == "temperature_degC":
            values = np.where(values < thresholds.NOT_READ_BELOW.value, np.nan, values)
        steps = np.diff(values)
        limit = max(least, thresholds.SPIKE_DEVIATIONS.value * noise_deviation(finite_sample(steps)))
        if not (np.abs(steps) > limit).any():
            continue
        step_in, step_out = np.nan_to_num(steps[:-1]), np.nan_to_num(steps[1:])
        height = np.minimum(np.abs(step_in), np.abs(step_out))
        is_spike = (
            (np.sign(step_in) == -np.sign(step_out))
            & (height > limit)
            & (np.abs(step_in + step_out) < thresholds.SPIKE_RETURN.value * height)
        )
        if name == "voltage_V" and current_A is not None:
            limit_A = thresholds.SPIKE_CURRENT.value * np.ptp(finite_sample(current_A))
            is_answer = np.abs(np.diff(current_A)) > limit_A
            is_spike &= ~(is_answer[:-1] | is_answer[1:])
        rows = np.flatnonzero(is_spike) + 1
        if len(rows) == 0:
            continue
        spans, highest = find_spans(rows), float(np.max(height[rows - 1]))
        findings.append(
            view.finding(
                "channel.spike",
                Severity.WARNING,
                f'{_channel_name(name)} of "{view.name}" jumps by up to {highest:.3g} {_NAMES_AND_UNITS[name][1]} and '
                f"back in {len(rows)} row{'' if len(rows) == 1 else 's'} ({describe_rows(spans)}): replace by its "
                f"neighbors.",
                name,
                spans,
                Repair(kind="interpolate_rows", parameters={"column": name, "rows": [list(span) for span in spans]}),
            )
        )
    return findings


def find_impossible(view: TableView) -> list[Finding]:
    """Values that no sensor of this kind can have measured."""
    findings = []
    for name, (low, high) in _POSSIBLE.items():
        values = view.column(name)
        if values is None:
            continue
        is_impossible = ((values < low) | (values > high)) & np.isfinite(values)
        if name == "temperature_degC":
            is_impossible &= ~(values < thresholds.NOT_READ_BELOW.value)  # `temperature.sentinel` reports these
        if is_impossible.any() and is_impossible.mean() < thresholds.MAX_IMPOSSIBLE_SHARE.value:
            spans = find_spans(is_impossible)
            findings.append(
                view.finding(
                    "channel.range",
                    Severity.WARNING,
                    f'{_channel_name(name)} of "{view.name}" leaves {low:g} to {high:g} {_NAMES_AND_UNITS[name][1]} in '
                    f"{count_rows(spans)} rows ({describe_rows(spans)}).",
                    name,
                    spans,
                )
            )
    return findings


def find_power_mismatch(view: TableView) -> list[Finding]:
    """A power other than voltage times current: it was averaged, or measured elsewhere."""
    power_W, voltage_V, current_A = (view.column(name) for name in ("power_W", "voltage_V", "current_A"))
    if power_W is None or voltage_V is None or current_A is None:
        return []
    difference_W = np.abs(power_W - voltage_V * current_A)
    highest_W = float(np.nanmax(np.abs(power_W), initial=0.0))
    largest_W = float(np.nanmax(difference_W, initial=0.0))
    limit_W = thresholds.POWER_MISMATCH.value * highest_W
    if highest_W == 0 or largest_W < limit_W:
        return []
    rows = difference_W > limit_W
    is_large = largest_W > thresholds.POWER_LARGE_MISMATCH.value * highest_W
    return [
        view.finding(
            "power.mismatch",
            Severity.WARNING if is_large else Severity.INFO,
            f'Power of "{view.name}" differs from voltage times current by up to {largest_W:.3g} W '
            f"({100 * largest_W / highest_W:.2g} % of its highest) in {int(rows.sum())} rows: averaged or measured "
            f"apart.",
            "power_W",
            rows,
        )
    ]


def _text_rows(view: TableView, name: str) -> np.ndarray:
    """Mask (N,) of the rows in which the reader met text in this column."""
    mask = np.zeros(view.table.rows, dtype=bool)
    if view.table.repairs:
        return mask
    for finding in view.table.findings:
        if finding.code == "channel.text" and finding.column == name and finding.rows is not None:
            mask |= row_mask(finding.spans or (finding.rows,), view.table.rows)
    return mask


def _is_constant(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) > 2 and float(np.ptp(finite)) == 0.0


def _channel_name(column: str) -> str:
    name = _NAMES_AND_UNITS.get(column, (column, ""))[0]
    return name[:1].upper() + name[1:]
