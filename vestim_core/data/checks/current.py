"""Current: its sign and unit, by how the voltage answers to its jumps; and whether the two are in step."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks.view import View, dot, finite_sample
from vestim_core.spec.finding import Finding, Repair, Severity

_FEWEST_JUMPS = 5
_CORRELATED = 0.5
_LOWEST_OHM = 1e-4
_LARGE_A = 50.0
_MILLIVOLTS = 1000.0
_ONE_CELL_V = 6.0
_LAGS = range(-3, 4)
_LAG_JUMPS = 20
_CLEARLY = 0.25


def resistance(view: View) -> tuple[float, float] | None:
    """(slope of dV on dI in Ohm, correlation) over the jumps of the current; None when there are too few."""
    _, dV, dI = view.jumps
    if len(dV) < _FEWEST_JUMPS or not dV.any():
        return None
    both, squared = dot(dV, dI), dot(dI, dI)
    return float(both / squared), float(both / np.sqrt(dot(dV, dV) * squared))


def sign(view: View) -> list[Finding]:
    """Voltage must rise where the current does, for charge is positive."""
    known = resistance(view)
    if known is not None:
        slope, correlation = known
        wrong = slope < 0 and correlation < -_CORRELATED
        said = f"voltage falls where the current rises ({1000 * slope:.3g} mOhm over {len(view.jumps[1])} jumps)"
    else:
        wrong = _against_the_charge(view, "voltage_V") and _against_the_charge(view, "soc")
        said = "voltage and SOC fall while the current is positive"
    if not wrong:
        return []
    return [
        view.finding(
            "current.sign",
            Severity.ERROR,
            f'In "{view.name}" {said}: discharge is positive there. Flip the sign of the current.',
            "current_A",
            repair=Repair(kind="flip", parameters={"column": "current_A"}),
        )
    ]


def units(view: View) -> list[Finding]:
    """Milliamperes called amperes, millivolts called volts, a pack."""
    voltage_V, current_A = view.of_timed("voltage_V"), view.of_timed("current_A")
    if voltage_V is None:
        return []
    usual_V = float(np.median(np.abs(finite_sample(voltage_V))))
    if usual_V > _MILLIVOLTS:
        return [
            view.finding(
                "voltage.unit",
                Severity.ERROR,
                f'The voltage of "{view.name}" is about {usual_V:.0f} V: the values are mV. Divide them by 1000.',
                "voltage_V",
                repair=_scaled("voltage_V"),
            )
        ]
    if usual_V > _ONE_CELL_V:
        return [
            view.finding(
                "voltage.pack",
                Severity.INFO,
                f'The voltage of "{view.name}" is about {usual_V:.1f} V: a pack, not a cell.',
                "voltage_V",
            )
        ]
    known = resistance(view)
    if known is None or current_A is None:
        return []
    slope, correlation = known
    highest_A = float(np.abs(finite_sample(current_A)).max())
    if abs(slope) < _LOWEST_OHM and abs(correlation) > _CORRELATED and highest_A > _LARGE_A:
        return [
            view.finding(
                "current.unit",
                Severity.ERROR,
                f'The current of "{view.name}" reaches {highest_A:.0f} A and the voltage answers with only '
                f"{1e6 * abs(slope):.3g} microohm: the values are mA. Divide them by 1000.",
                "current_A",
                repair=_scaled("current_A"),
            )
        ]
    return []


def lag(view: View) -> list[Finding]:
    """Voltage and current that were not sampled together: the answer comes rows before or after the jump."""
    voltage_V = view.of_timed("voltage_V")
    rows, _, dI = view.jumps
    if voltage_V is None or len(rows) < _LAG_JUMPS:
        return []
    inside = (rows >= -_LAGS[0]) & (rows < len(voltage_V) - 1 - _LAGS[-1])
    rows, dI = rows[inside], dI[inside]
    answers = {}
    for shift in _LAGS:
        dV = voltage_V[rows + shift + 1] - voltage_V[rows + shift]
        there = np.isfinite(dV)
        answer, jump = dV[there], dI[there]
        size = float(np.sqrt(dot(answer, answer) * dot(jump, jump)))
        answers[shift] = abs(float(dot(answer, jump) / size)) if size > 0 else 0.0
    best = max(answers, key=lambda shift: answers[shift])
    if best == 0 or answers[best] < _CORRELATED or answers[best] < answers[0] + _CLEARLY:
        return []
    return [
        view.finding(
            "channel.lag",
            Severity.WARNING,
            f'The voltage of "{view.name}" answers the current {abs(best)} row{"s" if abs(best) > 1 else ""} '
            f"{'late' if best > 0 else 'early'} (correlation {answers[best]:.2f}, {answers[0]:.2f} in the same row): "
            f"the two were not sampled together.",
            "voltage_V",
        )
    ]


def _against_the_charge(view: View, name: str) -> bool:
    values, charge = view.of_timed(name), view.charge_Ah
    if values is None or charge is None:
        return False
    there = np.isfinite(values)
    if there.sum() < 10 or np.ptp(charge[there]) == 0 or np.ptp(values[there]) < 0.02:
        return False
    return float(np.corrcoef(charge[there], values[there])[0, 1]) < -0.8


def _scaled(column: str) -> Repair:
    return Repair(kind="scale", parameters={"column": column, "factor": 0.001})
