"""SOC: percent, range, and agreement with the integral of the current."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_table import TableView, dot
from vestim_core.data.checks.current import find_wrong_sign
from vestim_core.spec.finding import Finding, Repair, Severity


def find_wrong_scale(view: TableView) -> list[Finding]:
    """Percent instead of a fraction, or values beyond full and empty."""
    soc = view.column("soc")
    if soc is None or not np.isfinite(soc).any():
        return []
    low, high = float(np.nanmin(soc)), float(np.nanmax(soc))
    if high > thresholds.SOC_PERCENT.value:
        return [
            view.finding(
                "soc.percent",
                Severity.WARNING,
                f'The SOC of "{view.name}" lies between {low:.4g} and {high:.4g}: percent, not a fraction. Divide '
                f"it by 100.",
                "soc",
                repair=Repair(kind="scale", parameters={"column": "soc", "factor": 0.01}),
            )
        ]
    lowest, highest = thresholds.SOC_LOWEST.value, thresholds.SOC_HIGHEST.value
    is_outside = (soc < lowest) | (soc > highest)
    if not is_outside.any():
        return []
    return [
        view.finding(
            "soc.range",
            Severity.WARNING,
            f'The SOC of "{view.name}" lies between {low:.4f} and {high:.4f} and leaves {lowest} to {highest} in '
            f"{int(is_outside.sum())} rows.",
            "soc",
            is_outside,
        )
    ]


def implied_capacity(view: TableView) -> tuple[float, float] | None:
    """(capacity in Ah that SOC and current imply, their correlation); None when there is too little to compare."""
    soc, charge = view.timed_column("soc"), view.charge_Ah
    if soc is None or charge is None:
        return None
    is_finite = np.isfinite(soc)
    if is_finite.sum() < thresholds.MIN_ROWS.value:
        return None
    fraction, charge_Ah = soc[is_finite], charge[is_finite]
    if np.nanmax(fraction) > thresholds.SOC_PERCENT.value:
        fraction = fraction / 100
    if np.ptp(fraction) < thresholds.SOC_MIN_CHANGE.value or np.ptp(charge_Ah) == 0:
        return None
    fraction, charge_Ah = fraction - fraction.mean(), charge_Ah - charge_Ah.mean()
    product, squares = dot(fraction, charge_Ah), dot(fraction, fraction)
    return float(product / squares), float(product / np.sqrt(squares * dot(charge_Ah, charge_Ah)))


def find_wrong_capacity(view: TableView) -> list[Finding]:
    """SOC against the integral of the current: they have to agree and imply a capacity that cells have."""
    implied = implied_capacity(view)
    if implied is None or find_wrong_sign(view):
        return []
    capacity_Ah, correlation = implied
    is_too_large = capacity_Ah > thresholds.LARGEST_CAPACITY.value
    if is_too_large and view.median_step_s >= thresholds.SLOW_STEP.value:
        return [_time_unit_finding(view, capacity_Ah, "ms", 1e-3)]
    is_too_small = 0 < capacity_Ah < thresholds.SMALLEST_CAPACITY.value
    if is_too_small and view.median_step_s <= thresholds.FAST_STEP.value:
        return [_time_unit_finding(view, capacity_Ah, "h", 3600.0)]
    if is_too_large:
        description = f"implies a capacity of {capacity_Ah:.0f} Ah: current, SOC or time is in another unit"
    elif correlation < 0:
        description = "falls while the current charges: is it depth of discharge?"
    elif correlation < thresholds.SOC_CORRELATION.value:
        description = f"does not follow its current (correlation {correlation:.3f}): take it from another source"
    else:
        return []
    return [view.finding("soc.capacity", Severity.WARNING, f'The SOC of "{view.name}" {description}.', "soc")]


def _time_unit_finding(view: TableView, capacity_Ah: float, unit: str, factor: float) -> Finding:
    return view.finding(
        "time.unit",
        Severity.ERROR,
        f'"{view.name}" has rows {view.median_step_s:.4g} s apart, and SOC and current imply {capacity_Ah:.4g} Ah: its '
        f"time is in {unit}. Multiply it by {factor:g}.",
        "time_s",
        repair=Repair(kind="scale", parameters={"column": "time_s", "factor": factor}),
    )
