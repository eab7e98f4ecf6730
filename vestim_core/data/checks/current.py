"""Current: its sign and unit, from the answer of the voltage to its jumps, and its alignment with the voltage."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_table import TableView, dot, finite_sample
from vestim_core.spec.finding import Finding, Repair, Severity


def jump_resistance(view: TableView) -> tuple[float, float] | None:
    """(slope of dV on dI in Ohm, correlation) over the jumps of the current; None when there are too few."""
    _, dV, dI = view.current_jumps
    if len(dV) < thresholds.MIN_JUMPS.value or not dV.any():
        return None
    product, squares = dot(dV, dI), dot(dI, dI)
    return float(product / squares), float(product / np.sqrt(dot(dV, dV) * squares))


def find_wrong_sign(view: TableView) -> list[Finding]:
    """Voltage that falls where the current rises: discharge is positive."""
    resistance = jump_resistance(view)
    if resistance is not None:
        slope, correlation = resistance
        is_wrong = slope < 0 and correlation < -thresholds.CLEAR_CORRELATION.value
        jump_count = len(view.current_jumps[1])
        evidence = f"voltage falls where the current rises ({1000 * slope:.3g} mOhm over {jump_count} jumps)"
    else:
        is_wrong = _falls_with_charge(view, "voltage_V") and _falls_with_charge(view, "soc")
        evidence = "voltage and SOC fall while the current is positive"
    if not is_wrong:
        return []
    return [
        view.finding(
            "current.sign",
            Severity.ERROR,
            f'In "{view.name}" {evidence}: discharge is positive there. Flip the sign of the current.',
            "current_A",
            repair=Repair(kind="flip", parameters={"column": "current_A"}),
        )
    ]


def find_wrong_unit(view: TableView) -> list[Finding]:
    """Milliamperes called amperes, millivolts called volts, or a pack."""
    voltage_V, current_A = view.timed_column("voltage_V"), view.timed_column("current_A")
    if voltage_V is None:
        return []
    median_V = float(np.median(np.abs(finite_sample(voltage_V))))
    if median_V > thresholds.MILLIVOLT_MEDIAN.value:
        return [
            view.finding(
                "voltage.unit",
                Severity.ERROR,
                f'The voltage of "{view.name}" is about {median_V:.0f} V: the values are mV. Divide them by 1000.',
                "voltage_V",
                repair=_scale_by_thousandth("voltage_V"),
            )
        ]
    if median_V > thresholds.ONE_CELL_VOLTAGE.value:
        return [
            view.finding(
                "voltage.pack",
                Severity.INFO,
                f'The voltage of "{view.name}" is about {median_V:.1f} V: a pack, not a cell.',
                "voltage_V",
            )
        ]
    resistance = jump_resistance(view)
    if resistance is None or current_A is None:
        return []
    slope, correlation = resistance
    highest_A = float(np.abs(finite_sample(current_A)).max())
    if (
        abs(slope) < thresholds.MIN_CELL_RESISTANCE.value
        and abs(correlation) > thresholds.CLEAR_CORRELATION.value
        and highest_A > thresholds.LARGE_CURRENT.value
    ):
        return [
            view.finding(
                "current.unit",
                Severity.ERROR,
                f'The current of "{view.name}" reaches {highest_A:.0f} A and the voltage answers with only '
                f"{1e6 * abs(slope):.3g} microohm: the values are mA. Divide them by 1000.",
                "current_A",
                repair=_scale_by_thousandth("current_A"),
            )
        ]
    return []


def find_lag(view: TableView) -> list[Finding]:
    """Voltage and current that were not sampled together: the answer comes rows before or after the jump."""
    voltage_V = view.timed_column("voltage_V")
    rows, _, dI = view.current_jumps
    if voltage_V is None or len(rows) < thresholds.LAG_MIN_JUMPS.value:
        return []
    max_lag = thresholds.MAX_LAG.value
    has_all_shifts = (rows >= max_lag) & (rows < len(voltage_V) - 1 - max_lag)
    rows, dI = rows[has_all_shifts], dI[has_all_shifts]
    correlations = {}
    for shift in range(-max_lag, max_lag + 1):
        dV = voltage_V[rows + shift + 1] - voltage_V[rows + shift]
        is_finite = np.isfinite(dV)
        answers, jumps = dV[is_finite], dI[is_finite]
        norm = float(np.sqrt(dot(answers, answers) * dot(jumps, jumps)))
        correlations[shift] = abs(float(dot(answers, jumps) / norm)) if norm > 0 else 0.0
    lag = max(correlations, key=lambda shift: correlations[shift])
    if (
        lag == 0
        or correlations[lag] < thresholds.CLEAR_CORRELATION.value
        or correlations[lag] < correlations[0] + thresholds.LAG_ADVANTAGE.value
    ):
        return []
    return [
        view.finding(
            "channel.lag",
            Severity.WARNING,
            f'The voltage of "{view.name}" answers the current {abs(lag)} row{"s" if abs(lag) > 1 else ""} '
            f"{'late' if lag > 0 else 'early'} (correlation {correlations[lag]:.2f}, {correlations[0]:.2f} in the same "
            f"row): the two were not sampled together.",
            "voltage_V",
        )
    ]


def _falls_with_charge(view: TableView, name: str) -> bool:
    values, charge_Ah = view.timed_column(name), view.charge_Ah
    if values is None or charge_Ah is None:
        return False
    is_finite = np.isfinite(values)
    if (
        is_finite.sum() < thresholds.MIN_ROWS.value
        or np.ptp(charge_Ah[is_finite]) == 0
        or np.ptp(values[is_finite]) < thresholds.CHARGE_MOVED_SIGNAL.value
    ):
        return False
    correlation = float(np.corrcoef(charge_Ah[is_finite], values[is_finite])[0, 1])
    return correlation < thresholds.OPPOSITE_CORRELATION.value


def _scale_by_thousandth(column: str) -> Repair:
    return Repair(kind="scale", parameters={"column": column, "factor": 0.001})
