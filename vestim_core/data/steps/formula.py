"""Formula columns: the tree of `spec.formula` evaluated over columns, with the state of its filters carried along."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from vestim_core.data.steps.causal_filters import (
    CausalButterworth,
    CausalEma,
    CausalFilter,
    CausalLag,
    CausalMax,
    CausalMean,
)
from vestim_core.data.steps.seeded_random import seeded_generator
from vestim_core.spec.formula import Call, Column, Node, NumberLiteral, parse_formula

_ROW_BY_ROW: dict[str, Callable[..., np.ndarray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.float_power,
    "negative": np.negative,
    "<": lambda a, b: np.less(a, b) * 1.0,
    "<=": lambda a, b: np.less_equal(a, b) * 1.0,
    ">": lambda a, b: np.greater(a, b) * 1.0,
    ">=": lambda a, b: np.greater_equal(a, b) * 1.0,
    "==": lambda a, b: np.equal(a, b) * 1.0,
    "!=": lambda a, b: np.not_equal(a, b) * 1.0,
    "abs": np.abs,
    "sign": np.sign,
    "sqrt": np.sqrt,
    "square": np.square,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "arctan": np.arctan,
    "tanh": np.tanh,
    "floor": np.floor,
    "ceil": np.ceil,
    "power": np.float_power,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "where": lambda condition, yes, no: np.asarray(np.where(np.asarray(condition) != 0, yes, no)),
}
"""Operations on single rows by name. A comparison gives 1 or 0, a number like any other."""
_FAILURES = {
    "/": "division by zero",
    "log": "logarithm of a value that is not positive",
    "log10": "logarithm of a value that is not positive",
    "log1p": "logarithm of a value that is not positive",
    "sqrt": "square root of a negative value",
    "**": "power that is no real number",
    "power": "power that is no real number",
    "exp": "value that is too large",
    "*": "value that is too large",
    "square": "value that is too large",
}
"""Reason for a result that is not finite, by operation."""


class UndefinedFormulaValue(Exception):
    """A formula has no finite value.

    row: first such row, from 0 in the rows that were pushed. count: number of such rows. message: reason and position
    in the formula.
    """

    def __init__(self, row: int, count: int, message: str) -> None:
        super().__init__(message)
        self.row = row
        self.count = count
        self.message = message


class FormulaColumn:
    """A formula over columns.

    identity: hash of the file, so that noise differs between files and is the same in every run.
    """

    def __init__(self, text: str, period_s: float, seed: int, identity: str) -> None:
        self._text = text
        self._tree = parse_formula(text)
        self._period_s = period_s
        self._seed = seed
        self._identity = identity
        self._filters: dict[int, CausalFilter] = {}
        self._noise_generators: dict[int, np.random.Generator] = {}
        self._failures: list[tuple[Call, np.ndarray]] = []

    def start(self) -> None:
        """Begin a segment."""
        for causal_filter in self._filters.values():
            causal_filter.start()

    def push(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Evaluate the next rows (n,) of the segment. Raises UndefinedFormulaValue where the result is not finite."""
        rows = len(next(iter(columns.values())))
        self._failures = []
        with np.errstate(all="ignore"):
            values = np.array(np.broadcast_to(self._evaluate(self._tree, columns, rows), rows), dtype=np.float64)
        is_finite = np.isfinite(values)
        if not is_finite.all():
            raise self._undefined_value(np.flatnonzero(~is_finite))
        return values

    def _evaluate(self, node: Node, columns: Mapping[str, np.ndarray], rows: int) -> np.ndarray | float:
        if isinstance(node, NumberLiteral):
            return node.value
        if isinstance(node, Column):
            return columns[node.name]
        arguments = [self._evaluate(argument, columns, rows) for argument in node.arguments]
        if node.function == "noise":
            return arguments[0] + arguments[1] * self._noise_generator(node).standard_normal(rows)
        operation = _ROW_BY_ROW.get(node.function)
        if operation is None:
            return self._filter(node).push(np.array(np.broadcast_to(arguments[0], rows), dtype=np.float64))
        value = operation(*arguments)
        if node.function in _FAILURES and not np.isfinite(value).all():
            self._failures.append((node, np.broadcast_to(~np.isfinite(value), rows)))
        return value

    def _filter(self, node: Call) -> CausalFilter:
        if node.position not in self._filters:
            self._filters[node.position] = _create_filter(node, self._period_s)
        return self._filters[node.position]

    def _noise_generator(self, node: Call) -> np.random.Generator:
        if node.position not in self._noise_generators:
            index = len(self._noise_generators)
            self._noise_generators[node.position] = seeded_generator(self._seed, "formula", self._identity, str(index))
        return self._noise_generators[node.position]

    def _undefined_value(self, rows: np.ndarray) -> UndefinedFormulaValue:
        row = int(rows[0])
        nodes_of_row = [node for node, is_failed in self._failures if is_failed[row]]
        # A filter gives no number in later rows either, so that the cause may lie in an earlier row.
        cause = next(iter(nodes_of_row or [node for node, _ in self._failures]), None)
        if cause is None:
            reason = f'"{self._text}" gives a value that is too large'
        else:
            reason = f'{_FAILURES[cause.function]} at character {cause.position} of "{self._text}"'
        return UndefinedFormulaValue(row, len(rows), reason)


def _create_filter(node: Call, period_s: float) -> CausalFilter:
    setting = node.settings[0]
    if node.function == "lag":
        return CausalLag(int(setting))
    if node.function == "moving_average":
        return CausalMean(int(setting))
    if node.function == "rolling_max":
        return CausalMax(int(setting))
    if node.function == "ema":
        return CausalEma(setting, period_s)
    return CausalButterworth(setting, int(node.settings[1]), period_s)
