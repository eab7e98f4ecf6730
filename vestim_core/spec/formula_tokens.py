"""Tokenizer for formulas: numbers, names, names in backquotes and symbols, each with its position in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

END = "end"
"""Kind of the token that marks the end of the text."""
_PYTHON_WORDS = frozenset(
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
    """A syntax error in a formula; the message, one sentence, names the character."""


@dataclass(frozen=True)
class Token:
    """A token. kind: number, name, quoted, symbol or END. position: position of its first character, counted from 1."""

    kind: str
    text: str
    position: int


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of `text`, then one of kind END. Raises `FormulaError` for anything else and for code."""
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _PATTERN.match(text, position)
        if match is None:
            raise _invalid_character_error(text, position)
        kind = str(match.lastgroup)
        token = Token(kind, match[kind], match.start(kind) + 1)
        if kind == "name" and (token.text in _PYTHON_WORDS or token.text.startswith("__")):
            raise _python_code_error(token)
        yield token
        position = match.end()
    yield Token(END, "", end + 1)


def _invalid_character_error(text: str, position: int) -> FormulaError:
    while text[position].isspace():
        position += 1
    character, location = text[position], f"at character {position + 1}"
    if character == ".":
        return FormulaError(
            f"'.' {location}: attributes are code; a column with a dot in its name stands in `backquotes`"
        )
    if character == "=":
        return FormulaError(f"'=' {location}: nothing is assigned in a formula; to compare two values write ==")
    if character == "`":
        return FormulaError(f"the backquote {location} is not closed")
    if character.isdigit():
        return FormulaError(f"'{_word_at(text, position)}' {location} is no number")
    return FormulaError(
        f"'{character}' {location} has no meaning in a formula: it may hold columns, numbers, + - * / **, comparisons, "
        f"brackets and functions"
    )


def _word_at(text: str, position: int) -> str:
    match = re.match(r"\w+", text[position:])
    return match[0][:20] if match else text[position]


def _python_code_error(token: Token) -> FormulaError:
    return FormulaError(
        f"'{token.text}' at character {token.position} is code: a formula holds columns, numbers, + - * / **, "
        f"comparisons and functions only"
    )
