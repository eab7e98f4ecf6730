"""Legacy column names as quantities of today, by name and by the range of their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vestim_core.jobs.legacy.scaler_statistics import ColumnRanges
from vestim_core.spec.formula import FormulaError
from vestim_core.spec.formula_tokens import tokenize

QUANTITIES = {
    "soc": "soc",
    "current": "current_A",
    "voltage": "voltage_V",
    "temp": "temperature_degC",
    "temperature": "temperature_degC",
    "power": "power_W",
}
"""Quantity by lower-case column name."""
_PLAUSIBLE_RANGES = {
    "soc": (-0.5, 1.5),
    "voltage_V": (-10.0, 1000.0),
    "temperature_degC": (-100.0, 200.0),
}
"""Outside this range a column is in a unit other than the canonical one: percent, millivolts, kelvin."""


def map_quantities(names: Iterable[str], derived: Iterable[str], ranges: ColumnRanges) -> dict[str, str]:
    """The quantity of each of `names` that has one, each quantity once.

    made: columns that a step creates, which keep their names. A column in another unit keeps its name too, so that its
    values are read unchanged.
    """
    quantity_by_name: dict[str, str] = {}
    derived_names = set(derived)
    for name in names:
        quantity = QUANTITIES.get(name.strip().lower())
        if (
            quantity
            and name not in derived_names
            and quantity not in quantity_by_name.values()
            and _is_plausible(quantity, ranges.get(name))
        ):
            quantity_by_name[name] = quantity
    return quantity_by_name


def rename_columns_in_formula(formula: str, names: Mapping[str, str], columns: Iterable[str]) -> str:
    """Rename the columns in a formula; names that are no identifiers are put in backquotes.

    known: columns whose names hold blanks or signs, which legacy formulas contain without quotes.
    """
    for name in sorted((name for name in columns if not name.isidentifier()), key=len, reverse=True):
        if f"`{name}`" not in formula:
            formula = formula.replace(name, f"`{name}`")
    pieces, end = [], 0
    try:
        formula_tokens = list(tokenize(formula))
    except FormulaError:
        return formula  # the parser of the step reports the error
    for token in formula_tokens:
        width = len(token.text) + (2 if token.kind == "quoted" else 0)
        start = token.position - 1 - (1 if token.kind == "quoted" else 0)
        if token.kind in ("name", "quoted") and token.text in names:
            pieces += [formula[end:start], names[token.text]]
            end = start + width
    return "".join([*pieces, formula[end:]])


def _is_plausible(quantity: str, value_range: tuple[float, float] | None) -> bool:
    low, high = _PLAUSIBLE_RANGES.get(quantity, (float("-inf"), float("inf")))
    return value_range is None or (low <= value_range[0] and value_range[1] <= high)
