"""SOC: percent, range, and whether it follows the current."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks.current import sign
from vestim_core.data.checks.view import View, dot
from vestim_core.spec.finding import Finding, Repair, Severity

_PERCENT = 1.5
_LOW, _HIGH = -0.02, 1.02
_MOVED = 0.05
_FOLLOWS = 0.98
_LARGEST_AH, _SMALLEST_AH = 1000.0, 0.002
_SLOW_S, _FAST_S = 100.0, 0.1


def scale(view: View) -> list[Finding]:
    """Percent instead of a fraction, or beyond full and empty."""
    soc = view.column("soc")
    if soc is None or not np.isfinite(soc).any():
        return []
    low, high = float(np.nanmin(soc)), float(np.nanmax(soc))
    if high > _PERCENT:
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
    beyond = (soc < _LOW) | (soc > _HIGH)
    if not beyond.any():
        return []
    return [
        view.finding(
            "soc.range",
            Severity.WARNING,
            f'The SOC of "{view.name}" lies between {low:.4f} and {high:.4f} and leaves {_LOW} to {_HIGH} in '
            f"{int(beyond.sum())} rows.",
            "soc",
            beyond,
        )
    ]


def capacity_Ah(view: View) -> tuple[float, float] | None:
    """(capacity that SOC and current imply, their correlation); None when there is too little to say."""
    soc, charge = view.of_timed("soc"), view.charge_Ah
    if soc is None or charge is None:
        return None
    there = np.isfinite(soc)
    if there.sum() < 10:
        return None
    fraction, moved = soc[there], charge[there]
    if np.nanmax(fraction) > _PERCENT:
        fraction = fraction / 100
    if np.ptp(fraction) < _MOVED or np.ptp(moved) == 0:
        return None
    fraction, moved = fraction - fraction.mean(), moved - moved.mean()
    both, squared = dot(fraction, moved), dot(fraction, fraction)
    return float(both / squared), float(both / np.sqrt(squared * dot(moved, moved)))


def follows_current(view: View) -> list[Finding]:
    """SOC against the integral of the current: the capacity must be one that cells have."""
    known = capacity_Ah(view)
    if known is None or sign(view):
        return []
    capacity, correlation = known
    if capacity > _LARGEST_AH and view.usual_s >= _SLOW_S:
        return [_time_unit(view, capacity, "ms", 1e-3)]
    if 0 < capacity < _SMALLEST_AH and view.usual_s <= _FAST_S:
        return [_time_unit(view, capacity, "h", 3600.0)]
    if capacity > _LARGEST_AH:
        said = f"implies a capacity of {capacity:.0f} Ah: current, SOC or time is in another unit"
    elif correlation < 0:
        said = "falls while the current charges: is it depth of discharge?"
    elif correlation < _FOLLOWS:
        said = f"does not follow its current (correlation {correlation:.3f}): take it from another source"
    else:
        return []
    return [view.finding("soc.capacity", Severity.WARNING, f'The SOC of "{view.name}" {said}.', "soc")]


def _time_unit(view: View, capacity: float, unit: str, factor: float) -> Finding:
    return view.finding(
        "time.unit",
        Severity.ERROR,
        f'"{view.name}" has rows {view.usual_s:.4g} s apart, and SOC and current imply {capacity:.4g} Ah: its time is '
        f"in {unit}. Multiply it by {factor:g}.",
        "time_s",
        repair=Repair(kind="scale", parameters={"column": "time_s", "factor": factor}),
    )
