"""Formula columns: the tree of `spec.formula` computed over columns, with what each node remembers carried along."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from vestim_core.data.steps.followers import (
    ButterworthFollower,
    EmaFollower,
    Follower,
    LagFollower,
    MaxFollower,
    MeanFollower,
)
from vestim_core.data.steps.seeded import generator
from vestim_core.spec.formula import Call, Column, Node, Number, parse_formula

_ROW_BY_ROW: dict[str, Callable[..., np.ndarray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.float_power,
    "negative": np.negative,
    "<": lambda left, right: np.less(left, right) * 1.0,
    "<=": lambda left, right: np.less_equal(left, right) * 1.0,
    ">": lambda left, right: np.greater(left, right) * 1.0,
    ">=": lambda left, right: np.greater_equal(left, right) * 1.0,
    "==": lambda left, right: np.equal(left, right) * 1.0,
    "!=": lambda left, right: np.not_equal(left, right) * 1.0,
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
"""What needs nothing but the row itself. A comparison is 1 or 0, a number like any other."""
_FAILS = {
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
"""What has gone wrong when one of these gives no number."""


class NoValue(Exception):
    """A formula has no number in a row. row: from 0 in the rows that were pushed. words: why, with the place."""

    def __init__(self, row: int, count: int, words: str) -> None:
        super().__init__(words)
        self.row = row
        self.count = count
        self.words = words


class FormulaColumn:
    """A formula over columns. identity: of the file, so that noise differs from file to file but never between runs."""

    def __init__(self, text: str, period_s: float, seed: int, identity: str) -> None:
        self._text = text
        self._tree = parse_formula(text)
        self._period_s = period_s
        self._seed = seed
        self._identity = identity
        self._followers: dict[int, Follower] = {}
        self._noises: dict[int, np.random.Generator] = {}
        self._failed: list[tuple[Call, np.ndarray]] = []

    def start(self) -> None:
        """A segment begins."""
        for follower in self._followers.values():
            follower.start()

    def push(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """The formula for the next rows (n,) of the segment. Raises NoValue where it is no number."""
        rows = len(next(iter(columns.values())))
        self._failed = []
        with np.errstate(all="ignore"):
            values = np.array(np.broadcast_to(self._value(self._tree, columns, rows), rows), dtype=np.float64)
        finite = np.isfinite(values)
        if not finite.all():
            raise self._no_value(np.flatnonzero(~finite))
        return values

    def _value(self, node: Node, columns: Mapping[str, np.ndarray], rows: int) -> np.ndarray | float:
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Column):
            return columns[node.name]
        arguments = [self._value(argument, columns, rows) for argument in node.arguments]
        if node.function == "noise":
            return arguments[0] + arguments[1] * self._noise(node).standard_normal(rows)
        operation = _ROW_BY_ROW.get(node.function)
        if operation is None:
            return self._follower(node).push(np.array(np.broadcast_to(arguments[0], rows), dtype=np.float64))
        value = operation(*arguments)
        if node.function in _FAILS and not np.isfinite(value).all():
            self._failed.append((node, np.broadcast_to(~np.isfinite(value), rows)))
        return value

    def _follower(self, node: Call) -> Follower:
        if node.at not in self._followers:
            self._followers[node.at] = _follower(node, self._period_s)
        return self._followers[node.at]

    def _noise(self, node: Call) -> np.random.Generator:
        if node.at not in self._noises:
            number = len(self._noises)
            self._noises[node.at] = generator(self._seed, "formula", self._identity, str(number))
        return self._noises[node.at]

    def _no_value(self, rows: np.ndarray) -> NoValue:
        row = int(rows[0])
        of_row = [node for node, failed in self._failed if failed[row]]
        blamed = next(
            iter(of_row or [node for node, _ in self._failed]), None
        )  # what remembers fails in later rows too
        if blamed is None:
            words = f'"{self._text}" gives a value that is too large'
        else:
            words = f'{_FAILS[blamed.function]} at character {blamed.at} of "{self._text}"'
        return NoValue(row, len(rows), words)


def _follower(node: Call, period_s: float) -> Follower:
    setting = node.settings[0]
    if node.function == "lag":
        return LagFollower(int(setting))
    if node.function == "moving_average":
        return MeanFollower(int(setting))
    if node.function == "rolling_max":
        return MaxFollower(int(setting))
    if node.function == "ema":
        return EmaFollower(setting, period_s)
    return ButterworthFollower(setting, int(node.settings[1]), period_s)
