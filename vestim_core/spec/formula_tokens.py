"""The words of a formula: numbers, names, names in backquotes and symbols, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

END = "end"
"""Kind of the token after the last one."""
_WORDS_OF_CODE = frozenset(
    ("lambda", "import", "for", "while", "if", "else", "and", "or", "not", "in", "is", "def", "class", "exec", "eval")
)
_PATTERN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?!\w)
    |(?P<name>(?:(?:np|numpy)\.)?[^\W\d]\w*)
    |`(?P<quoted>[^`]+)`
    |(?P<symbol>\*\*|<=|>=|==|!=|[-+*/<>(),]))""",
    re.VERBOSE,
)


class FormulaError(ValueError):
    """What is wrong with a formula and at which character, in one sentence."""


@dataclass(frozen=True)
class Token:
    """kind: number, name, quoted, symbol or END. at: place of its first character, from 1."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> Iterator[Token]:
    """The words of `text`, then one of kind END. Raises FormulaError for what is no word, and for words of code."""
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _PATTERN.match(text, position)
        if found is None:
            raise _unreadable(text, position)
        kind = str(found.lastgroup)
        token = Token(kind, found[kind], found.start(kind) + 1)
        if kind == "name" and (token.text in _WORDS_OF_CODE or token.text.startswith("__")):
            raise _code(token)
        yield token
        position = found.end()
    yield Token(END, "", end + 1)


def _unreadable(text: str, position: int) -> FormulaError:
    while text[position].isspace():
        position += 1
    sign, place = text[position], f"at character {position + 1}"
    if sign == ".":
        return FormulaError(f"'.' {place}: attributes are code; a column with a dot in its name stands in `backquotes`")
    if sign == "=":
        return FormulaError(f"'=' {place}: nothing is assigned in a formula; to compare two values write ==")
    if sign == "`":
        return FormulaError(f"the backquote {place} is not closed")
    if sign.isdigit():
        return FormulaError(f"'{_word(text, position)}' {place} is no number")
    return FormulaError(
        f"'{sign}' {place} has no meaning in a formula: it may hold columns, numbers, + - * / **, comparisons, "
        f"brackets and functions"
    )


def _word(text: str, position: int) -> str:
    found = re.match(r"\w+", text[position:])
    return found[0][:20] if found else text[position]


def _code(token: Token) -> FormulaError:
    return FormulaError(
        f"'{token.text}' at character {token.at} is code: a formula holds columns, numbers, + - * / **, "
        f"comparisons and functions only"
    )
