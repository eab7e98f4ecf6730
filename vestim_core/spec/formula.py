"""Formulas of new columns: a small language of numbers, columns, arithmetic, comparisons and known functions.

`parse_formula` turns text into a tree of frozen nodes and never evaluates anything; `data.steps.formula` computes the
tree. Nothing here can look ahead: a value depends on its own row and on rows before it. Text, depth and windows are
bounded, so that whatever is typed is answered at once.

    expression := sum [("<" | "<=" | ">" | ">=" | "==" | "!=") sum]      1 where it holds, else 0
    sum        := product (("+" | "-") product)*
    product    := sign (("*" | "/") sign)*
    sign       := ("-" | "+") sign | power
    power      := atom ["**" sign]
    atom       := NUMBER | COLUMN | FUNCTION "(" expression ("," expression)* ")" | "(" expression ")"

A column whose name is no plain word stands in backquotes: `Aux 1`. `np.` before a function changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from vestim_core.spec.formula_functions import FUNCTIONS, LOOKING_AHEAD, Setting
from vestim_core.spec.formula_tokens import END, FormulaError, Token, tokens

__all__ = ["Call", "Column", "FormulaError", "Node", "Number", "columns_in", "nodes_in", "parse_formula"]

MAX_LENGTH = 1000
MAX_DEPTH = 50


@dataclass(frozen=True)
class Number:
    """A number as it is written. at: its place in the text, from 1, as for every node."""

    value: float
    at: int


@dataclass(frozen=True)
class Column:
    """The value of a column in the same row."""

    name: str
    at: int


@dataclass(frozen=True)
class Call:
    """A function (or an operator, by its symbol) of `arguments`, with `settings` that are numbers once and for all."""

    function: str
    arguments: tuple[Node, ...]
    settings: tuple[float, ...]
    at: int


Node = Number | Column | Call
_COMPARISONS = frozenset(("<", "<=", ">", ">=", "==", "!="))


@lru_cache(maxsize=256)
def parse_formula(text: str) -> Node:
    """The tree of a formula. Raises FormulaError for whatever is none, with the place in the text."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"a formula has at most {MAX_LENGTH} characters, this one has {len(text)}")
    words = list(tokens(text))
    if len(words) == 1:
        raise FormulaError("the formula is empty: write for example current_A * voltage_V")
    parser = _Parser(words)
    node = parser.expression(0)
    parser.finish()
    return node


def nodes_in(node: Node) -> Iterator[Node]:
    """All nodes of a tree, each after its arguments, from left to right."""
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from nodes_in(argument)
    yield node


def columns_in(node: Node) -> tuple[str, ...]:
    """The columns that a formula needs, each once, in the order in which they stand."""
    return tuple(dict.fromkeys(part.name for part in nodes_in(node) if isinstance(part, Column)))


class _Parser:
    """Recursive descent over the tokens; `depth` counts how deep it stands."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._heights: dict[int, int] = {}

    def finish(self) -> None:
        """FormulaError when something is left."""
        token = self._peek()
        if token.kind == END:
            return
        if token.text == ")":
            raise FormulaError(f"the bracket closed at character {token.at} was never opened")
        raise FormulaError(f"'{token.text}' at character {token.at} stands where an operator or the end is expected")

    def expression(self, depth: int) -> Node:
        """A sum, or two that are compared."""
        left = self._sum(depth)
        token = self._peek()
        if token.text not in _COMPARISONS or token.kind != "symbol":
            return left
        self._next += 1
        node = self._made(token.text, (left, self._sum(depth)), (), token)
        again = self._peek()
        if again.kind == "symbol" and again.text in _COMPARISONS:
            raise FormulaError(
                f"'{again.text}' at character {again.at}: compare two values at a time, (a < b) * (b < c) for both"
            )
        return node

    def _sum(self, depth: int) -> Node:
        return self._chain(("+", "-"), depth)

    def _chain(self, symbols: tuple[str, str], depth: int) -> Node:
        def operand() -> Node:
            return self._chain(("*", "/"), depth) if symbols == ("+", "-") else self._sign(depth)

        node = operand()
        while (token := self._peek()).kind == "symbol" and token.text in symbols:
            self._next += 1
            node = self._made(token.text, (node, operand()), (), token)
        return node

    def _sign(self, depth: int) -> Node:
        token = self._peek()
        if token.kind == "symbol" and token.text in ("-", "+"):
            self._next += 1
            node = self._sign(self._deeper(depth + 1, token))
            return self._made("negative", (node,), (), token) if token.text == "-" else node
        return self._power(depth)

    def _power(self, depth: int) -> Node:
        base = self._atom(depth)
        token = self._peek()
        if token.kind == "symbol" and token.text == "**":
            self._next += 1
            return self._made("**", (base, self._sign(self._deeper(depth + 1, token))), (), token)
        return base

    def _atom(self, depth: int) -> Node:
        token = self._peek()
        self._next += 1
        if token.kind == "number":
            return Number(_finite(token), token.at)
        if token.kind == "quoted":
            return Column(token.text, token.at)
        if token.kind == "name":
            return self._named(token, depth)
        if token.text == "(":
            node = self.expression(self._deeper(depth + 1, token))
            self._close(token)
            return node
        if token.kind == END:
            raise FormulaError(f"the formula breaks off at character {token.at}: a value is missing")
        raise FormulaError(f"'{token.text}' at character {token.at} stands where a value is expected")

    def _named(self, token: Token, depth: int) -> Node:
        name = token.text.rpartition(".")[2]
        if self._peek().text == "(" and self._peek().kind == "symbol":
            return self._call(name, token, depth)
        if name != token.text:
            raise FormulaError(f"'{token.text}' at character {token.at}: only a function may follow the dot")
        return Column(name, token.at)

    def _call(self, name: str, token: Token, depth: int) -> Node:
        function = FUNCTIONS.get(name)
        if function is None:
            raise _unknown(name, token)
        opened = self._peek()
        self._next += 1
        values = [] if self._peek().text == ")" else [self.expression(self._deeper(depth + 1, opened))]
        while self._peek().kind == "symbol" and self._peek().text == ",":
            self._next += 1
            values.append(self.expression(self._deeper(depth + 1, opened)))
        self._close(opened)
        if not function.least <= len(values) <= function.most:
            count = str(function.most) if function.least == function.most else f"{function.least} or {function.most}"
            raise FormulaError(f"'{name}' at character {token.at} takes {count} values, not {len(values)}")
        settings = tuple(
            _setting(name, setting, values[function.arguments + number : function.arguments + number + 1], token)
            for number, setting in enumerate(function.settings)
        )
        return self._made("lag" if name == "shift" else name, tuple(values[: function.arguments]), settings, token)

    def _close(self, opened: Token) -> None:
        token = self._peek()
        if token.text != ")" or token.kind != "symbol":
            what = f"'{token.text}' at character {token.at} stands" if token.text else "the formula ends"
            raise FormulaError(f"{what} where the bracket opened at character {opened.at} should be closed")
        self._next += 1

    def _made(self, function: str, arguments: tuple[Node, ...], settings: tuple[float, ...], token: Token) -> Call:
        node = Call(function, arguments, settings, token.at)
        height = 1 + max(self._heights.get(id(argument), 0) for argument in arguments)
        self._heights[id(node)] = self._deeper(height, token)
        return node

    def _deeper(self, depth: int, token: Token) -> int:
        if depth > MAX_DEPTH:
            raise FormulaError(
                f"the formula is nested deeper than {MAX_DEPTH} at character {token.at}: make it in several columns"
            )
        return depth

    def _peek(self) -> Token:
        return self._tokens[min(self._next, len(self._tokens) - 1)]


def _finite(token: Token) -> float:
    value = float(token.text)
    if not math.isfinite(value):
        raise FormulaError(f"the number at character {token.at} is too large")
    return value


def _setting(function: str, setting: Setting, given: list[Node], token: Token) -> float:
    if not given:
        assert setting.default is not None
        return setting.default
    value, at = _literal(given[0]), f"{setting.name} of '{function}' at character {token.at}"
    if value is None:
        raise FormulaError(f"{at} must be written as a number")
    if function in ("lag", "shift") and value < 0:
        raise FormulaError(f"{at} looks ahead: it would need rows that come later, so it must be 0 or more")
    if setting.whole and value != math.floor(value):
        raise FormulaError(f"{at} must be a whole number, not {value:g}")
    if not setting.low <= value <= setting.high:
        raise FormulaError(f"{at} must lie between {setting.low:g} and {setting.high:g}, not {value:g}")
    return value


def _literal(node: Node) -> float | None:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Call) and node.function == "negative" and isinstance(node.arguments[0], Number):
        return -node.arguments[0].value
    return None


def _unknown(name: str, token: Token) -> FormulaError:
    if name in LOOKING_AHEAD:
        return FormulaError(
            f"'{name}' at character {token.at} looks ahead: it would need rows that come later; moving_average, "
            f"rolling_max, ema and lowpass look back only"
        )
    known = ", ".join(FUNCTIONS)
    return FormulaError(f"'{name}' at character {token.at} is no function of formulas: known are {known}")
