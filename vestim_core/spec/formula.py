"""Parser for formulas of new columns: numbers, columns, arithmetic, comparisons and known functions.

`parse_formula` turns text into a tree of frozen nodes and never evaluates anything; `data.steps.formula` computes the
tree. Formulas are causal: a value depends on its own row and earlier rows only. Text length, nesting depth and window
lengths are bounded, so that any input is answered at once.

    expression := sum [("<" | "<=" | ">" | ">=" | "==" | "!=") sum]      1 if true, else 0
    sum        := product (("+" | "-") product)*
    product    := sign (("*" | "/") sign)*
    sign       := ("-" | "+") sign | power
    power      := atom ["**" sign]
    atom       := NUMBER | COLUMN | FUNCTION "(" expression ("," expression)* ")" | "(" expression ")"

Column names that are not identifiers are written in backquotes: `Aux 1`. A prefix `np.` of a function is ignored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from vestim_core.spec.formula_functions import FUNCTIONS, NON_CAUSAL_FUNCTIONS, Setting
from vestim_core.spec.formula_tokens import END, FormulaError, Token, tokenize

__all__ = ["Call", "Column", "FormulaError", "Node", "NumberLiteral", "column_names", "parse_formula", "walk_nodes"]

MAX_FORMULA_LENGTH = 1000  # characters; arbitrary, bounds the time to parse
MAX_FORMULA_DEPTH = 50  # nesting levels; arbitrary, far below the recursion limit of Python


@dataclass(frozen=True)
class NumberLiteral:
    """A number literal. position: position of the node in the text, counted from 1, as for every node."""

    value: float
    position: int


@dataclass(frozen=True)
class Column:
    """Value of a column in the same row."""

    name: str
    position: int


@dataclass(frozen=True)
class Call:
    """Call of a function (or operator, by its symbol) with expressions `arguments` and constant `settings`."""

    function: str
    arguments: tuple[Node, ...]
    settings: tuple[float, ...]
    position: int


Node = NumberLiteral | Column | Call
_COMPARISONS = frozenset(("<", "<=", ">", ">=", "==", "!="))


@lru_cache(maxsize=256)
def parse_formula(text: str) -> Node:
    """Parse a formula into a tree. Raises `FormulaError` with the position in the text if it is invalid."""
    if len(text) > MAX_FORMULA_LENGTH:
        raise FormulaError(f"a formula has at most {MAX_FORMULA_LENGTH} characters, this one has {len(text)}")
    token_list = list(tokenize(text))
    if len(token_list) == 1:
        raise FormulaError("the formula is empty: write for example current_A * voltage_V")
    parser = _Parser(token_list)
    node = parser.parse_expression(0)
    parser.expect_end()
    return node


def walk_nodes(node: Node) -> Iterator[Node]:
    """Yield all nodes of a tree, each after its arguments, from left to right."""
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from walk_nodes(argument)
    yield node


def column_names(node: Node) -> tuple[str, ...]:
    """Columns that a formula reads, without duplicates, in order of appearance."""
    return tuple(dict.fromkeys(part.name for part in walk_nodes(node) if isinstance(part, Column)))


class _Parser:
    """Recursive descent parser over a list of tokens. `depth` is the current nesting level."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self._heights: dict[int, int] = {}

    def expect_end(self) -> None:
        """Raise `FormulaError` if tokens remain."""
        token = self._peek()
        if token.kind == END:
            return
        if token.text == ")":
            raise FormulaError(f"the bracket closed at character {token.position} was never opened")
        raise FormulaError(
            f"'{token.text}' at character {token.position} stands where an operator or the end is expected"
        )

    def parse_expression(self, depth: int) -> Node:
        """Parse a sum or a comparison of two sums."""
        first_sum = self._parse_sum(depth)
        token = self._peek()
        if token.text not in _COMPARISONS or token.kind != "symbol":
            return first_sum
        self._index += 1
        node = self._new_call(token.text, (first_sum, self._parse_sum(depth)), (), token)
        next_operator = self._peek()
        if next_operator.kind == "symbol" and next_operator.text in _COMPARISONS:
            raise FormulaError(
                f"'{next_operator.text}' at character {next_operator.position}: compare two values at a time, "
                f"(a < b) * (b < c) for both"
            )
        return node

    def _parse_sum(self, depth: int) -> Node:
        return self._parse_chain(("+", "-"), depth)

    def _parse_chain(self, symbols: tuple[str, str], depth: int) -> Node:
        def operand() -> Node:
            return self._parse_chain(("*", "/"), depth) if symbols == ("+", "-") else self._parse_sign(depth)

        node = operand()
        while (token := self._peek()).kind == "symbol" and token.text in symbols:
            self._index += 1
            node = self._new_call(token.text, (node, operand()), (), token)
        return node

    def _parse_sign(self, depth: int) -> Node:
        token = self._peek()
        if token.kind == "symbol" and token.text in ("-", "+"):
            self._index += 1
            node = self._parse_sign(self._check_depth(depth + 1, token))
            return self._new_call("negative", (node,), (), token) if token.text == "-" else node
        return self._parse_power(depth)

    def _parse_power(self, depth: int) -> Node:
        base = self._parse_atom(depth)
        token = self._peek()
        if token.kind == "symbol" and token.text == "**":
            self._index += 1
            return self._new_call("**", (base, self._parse_sign(self._check_depth(depth + 1, token))), (), token)
        return base

    def _parse_atom(self, depth: int) -> Node:
        token = self._peek()
        self._index += 1
        if token.kind == "number":
            return NumberLiteral(_number_value(token), token.position)
        if token.kind == "quoted":
            return Column(token.text, token.position)
        if token.kind == "name":
            return self._parse_name(token, depth)
        if token.text == "(":
            node = self.parse_expression(self._check_depth(depth + 1, token))
            self._expect_closing_bracket(token)
            return node
        if token.kind == END:
            raise FormulaError(f"the formula breaks off at character {token.position}: a value is missing")
        raise FormulaError(f"'{token.text}' at character {token.position} stands where a value is expected")

    def _parse_name(self, token: Token, depth: int) -> Node:
        name = token.text.rpartition(".")[2]
        if self._peek().text == "(" and self._peek().kind == "symbol":
            return self._parse_call(name, token, depth)
        if name != token.text:
            raise FormulaError(f"'{token.text}' at character {token.position}: only a function may follow the dot")
        return Column(name, token.position)

    def _parse_call(self, name: str, token: Token, depth: int) -> Node:
        function = FUNCTIONS.get(name)
        if function is None:
            raise _unknown_function_error(name, token)
        bracket = self._peek()
        self._index += 1
        values = [] if self._peek().text == ")" else [self.parse_expression(self._check_depth(depth + 1, bracket))]
        while self._peek().kind == "symbol" and self._peek().text == ",":
            self._index += 1
            values.append(self.parse_expression(self._check_depth(depth + 1, bracket)))
        self._expect_closing_bracket(bracket)
        if not function.min_values <= len(values) <= function.max_values:
            count = (
                str(function.max_values)
                if function.min_values == function.max_values
                else f"{function.min_values} or {function.max_values}"
            )
            raise FormulaError(f"'{name}' at character {token.position} takes {count} values, not {len(values)}")
        arguments, setting_nodes = values[: function.argument_count], values[function.argument_count :]
        settings = tuple(
            _setting_value(name, setting, setting_nodes[index : index + 1], token)
            for index, setting in enumerate(function.settings)
        )
        return self._new_call("lag" if name == "shift" else name, tuple(arguments), settings, token)

    def _expect_closing_bracket(self, bracket: Token) -> None:
        token = self._peek()
        if token.text != ")" or token.kind != "symbol":
            subject = f"'{token.text}' at character {token.position} stands" if token.text else "the formula ends"
            raise FormulaError(f"{subject} where the bracket opened at character {bracket.position} should be closed")
        self._index += 1

    def _new_call(self, function: str, arguments: tuple[Node, ...], settings: tuple[float, ...], token: Token) -> Call:
        node = Call(function, arguments, settings, token.position)
        height = 1 + max(self._heights.get(id(argument), 0) for argument in arguments)
        self._heights[id(node)] = self._check_depth(height, token)
        return node

    def _check_depth(self, depth: int, token: Token) -> int:
        if depth > MAX_FORMULA_DEPTH:
            raise FormulaError(
                f"the formula is nested deeper than {MAX_FORMULA_DEPTH} at character {token.position}: "
                f"make it in several columns"
            )
        return depth

    def _peek(self) -> Token:
        return self._tokens[min(self._index, len(self._tokens) - 1)]


def _number_value(token: Token) -> float:
    value = float(token.text)
    if not math.isfinite(value):
        raise FormulaError(f"the number at character {token.position} is too large")
    return value


def _setting_value(function: str, setting: Setting, nodes: list[Node], token: Token) -> float:
    if not nodes:
        assert setting.default is not None
        return setting.default
    value, location = _literal(nodes[0]), f"{setting.name} of '{function}' at character {token.position}"
    if value is None:
        raise FormulaError(f"{location} must be written as a number")
    if function in ("lag", "shift") and value < 0:
        raise FormulaError(f"{location} looks ahead: it would need rows that come later, so it must be 0 or more")
    if setting.is_integer and value != math.floor(value):
        raise FormulaError(f"{location} must be a whole number, not {value:g}")
    if not setting.low <= value <= setting.high:
        raise FormulaError(f"{location} must lie between {setting.low:g} and {setting.high:g}, not {value:g}")
    return value


def _literal(node: Node) -> float | None:
    if isinstance(node, NumberLiteral):
        return node.value
    if isinstance(node, Call) and node.function == "negative" and isinstance(node.arguments[0], NumberLiteral):
        return -node.arguments[0].value
    return None


def _unknown_function_error(name: str, token: Token) -> FormulaError:
    if name in NON_CAUSAL_FUNCTIONS:
        return FormulaError(
            f"'{name}' at character {token.position} looks ahead: it would need rows that come later; moving_average, "
            f"rolling_max, ema and lowpass look back only"
        )
    function_names = ", ".join(FUNCTIONS)
    return FormulaError(
        f"'{name}' at character {token.position} is no function of formulas: known are {function_names}"
    )
