"""The predecessor's column names as today's quantities: by what they are called and by the values that they had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vestim_core.jobs.legacy.statistics import Ranges
from vestim_core.spec.formula import FormulaError
from vestim_core.spec.formula_tokens import tokens

QUANTITIES = {
    "soc": "soc",
    "current": "current_A",
    "voltage": "voltage_V",
    "temp": "temperature_degC",
    "temperature": "temperature_degC",
    "power": "power_W",
}
"""Names that say which quantity a column is, in lower case."""
_PLAUSIBLE = {
    "soc": (-0.5, 1.5),
    "voltage_V": (-10.0, 1000.0),
    "temperature_degC": (-100.0, 200.0),
}
"""Beyond these values a column is in another unit than today's: percent, millivolts, kelvin."""


def quantities(names: Iterable[str], made: Iterable[str], ranges: Ranges) -> dict[str, str]:
    """The quantity of each of `names` that is one, each quantity once.

    made: columns that a step makes, which keep their names. A column in another unit keeps its name too, so that its
    values are read as they are.
    """
    found: dict[str, str] = {}
    own = set(made)
    for name in names:
        quantity = QUANTITIES.get(name.strip().lower())
        if quantity and name not in own and quantity not in found.values() and _plausible(quantity, ranges.get(name)):
            found[name] = quantity
    return found


def renamed(formula: str, names: Mapping[str, str], known: Iterable[str]) -> str:
    """The formula with other names for its columns; what is no plain word stands in backquotes.

    known: columns whose names hold blanks or signs, as the predecessor wrote them without quotes.
    """
    for name in sorted((name for name in known if not name.isidentifier()), key=len, reverse=True):
        if f"`{name}`" not in formula:
            formula = formula.replace(name, f"`{name}`")
    pieces, end = [], 0
    try:
        words = list(tokens(formula))
    except FormulaError:
        return formula  # whoever parses it says what is wrong
    for word in words:
        width = len(word.text) + (2 if word.kind == "quoted" else 0)
        start = word.at - 1 - (1 if word.kind == "quoted" else 0)
        if word.kind in ("name", "quoted") and word.text in names:
            pieces += [formula[end:start], names[word.text]]
            end = start + width
    return "".join([*pieces, formula[end:]])


def _plausible(quantity: str, seen: tuple[float, float] | None) -> bool:
    low, high = _PLAUSIBLE.get(quantity, (float("-inf"), float("inf")))
    return seen is None or (low <= seen[0] and seen[1] <= high)
