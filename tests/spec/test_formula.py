"""Formula grammar: valid formulas, error messages with positions, and safety against arbitrary text."""

from __future__ import annotations

import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vestim_core.spec.formula import (
    MAX_FORMULA_DEPTH,
    MAX_FORMULA_LENGTH,
    Call,
    Column,
    FormulaError,
    Node,
    NumberLiteral,
    column_names,
    parse_formula,
    walk_nodes,
)
from vestim_core.spec.formula_functions import FUNCTIONS


def fully_bracketed(node: Node) -> str:
    """Write the tree with all brackets."""
    if isinstance(node, NumberLiteral):
        return f"{node.value:g}"
    if isinstance(node, Column):
        return node.name
    if node.function in FUNCTIONS:
        return (
            f"{node.function}({', '.join([*map(fully_bracketed, node.arguments), *(f'{s:g}' for s in node.settings)])})"
        )
    if len(node.arguments) == 1:
        return f"(-{fully_bracketed(node.arguments[0])})"
    first, second = node.arguments
    return f"({fully_bracketed(first)} {node.function} {fully_bracketed(second)})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", "1"),
        (".5e1", "5"),
        ("a", "a"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c", "((a / b) * c)"),
        ("a + b * c", "(a + (b * c))"),
        ("-a ** 2", "(-(a ** 2))"),
        ("a ** -b ** c", "(a ** (-(b ** c)))"),
        ("2 * -a", "(2 * (-a))"),
        ("+a", "a"),
        ("a + 1 > b * 2", "((a + 1) > (b * 2))"),
        ("(a < b) * (b != c)", "((a < b) * (b != c))"),
        ("`Aux 1 (C)` + größe_µ", "(Aux 1 (C) + größe_µ)"),
        ("shift(a, 2)", "lag(a, 2)"),
        ("lag(a, 0)", "lag(a, 0)"),
        ("power * abs(power)", "(power * abs(power))"),
        ("lowpass(a, 0.1)", "lowpass(a, 0.1, 2)"),
        ("lowpass(a, 0.1, 4)", "lowpass(a, 0.1, 4)"),
        (
            "moving_average(Current, 30) * 2.0 - np.sqrt(np.abs(Power))",
            "((moving_average(Current, 30) * 2) - sqrt(abs(Power)))",
        ),
        ("where(a > 0,\n  a, 0)", "where((a > 0), a, 0)"),
        ("noise(0, 0.1 * abs(a))", "noise(0, (0.1 * abs(a)))"),
    ],
)
def test_formula_is_parsed_with_precedence(text: str, expected: str) -> None:
    assert fully_bracketed(parse_formula(text)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os').system('x')", "'__import__' at character 1 is code"),
        ("a + __class__", "'__class__' at character 5 is code"),
        ("lambda: 0", "'lambda' at character 1 is code"),
        ("a if b else c", "'if' at character 3 is code"),
        ("exec(a)", "'exec' at character 1 is code"),
        ("a.b", "'.' at character 2: attributes are code"),
        ("np.pi", "'np.pi' at character 1"),
        ("np.linalg.norm(a)", "'.' at character 10: attributes are code"),
        ("open(a)", "'open' at character 1 is no function of formulas: known are abs, "),
        ("a[0]", "'[' at character 2 has no meaning"),
        ("'a'", "''' at character 1 has no meaning"),
        ("a = 1", "'=' at character 3: nothing is assigned"),
        ("a := 1", "':' at character 3 has no meaning"),
        ("a; b", "';' at character 2 has no meaning"),
        ("lag(a, -1)", "n of 'lag' at character 1 looks ahead"),
        ("2 * shift(a, -3)", "n of 'shift' at character 5 looks ahead"),
        ("gradient(a)", "'gradient' at character 1 looks ahead"),
        ("a - np.mean(a)", "'mean' at character 5 looks ahead"),
        ("filtfilt(a)", "looks ahead: it would need rows that come later"),
        ("lag(a, n)", "n of 'lag' at character 1 must be written as a number"),
        ("lag(a, 1.5)", "must be a whole number, not 1.5"),
        ("moving_average(a, 0)", "must lie between 1 and 100000, not 0"),
        ("ema(a)", "'ema' at character 1 takes 2 values, not 1"),
        ("lowpass(a, 1, 2, 3)", "'lowpass' at character 1 takes 2 or 3 values, not 4"),
        ("abs()", "'abs' at character 1 takes 1 values, not 0"),
        ("a < b < c", "'<' at character 7: compare two values at a time"),
        ("a b", "'b' at character 3 stands where an operator or the end is expected"),
        ("a +", "the formula breaks off at character 4"),
        ("* a", "'*' at character 1 stands where a value is expected"),
        ("(a", "the formula ends where the bracket opened at character 1 should be closed"),
        ("a)", "the bracket closed at character 2 was never opened"),
        ("2x", "'2x' at character 1 is no number"),
        ("1e999", "the number at character 1 is too large"),
        ("`a", "the backquote at character 1 is not closed"),
        ("", "the formula is empty"),
        (" \n ", "the formula is empty"),
        ("a" * (MAX_FORMULA_LENGTH + 1), "at most 1000 characters, this one has 1001"),
        ("(" * 60 + "1" + ")" * 60, "nested deeper than 50 at character 51"),
        ("-" * 60 + "1", "nested deeper than 50"),
        ("1" + "+1" * 60, "nested deeper than 50"),
        ("2" + "**2" * 60, "nested deeper than 50"),
        ("abs(" * 60, "nested deeper than 50"),
        ("(" * 9 + "1" + ("+1" * 9 + ")") * 9, "nested deeper than 50"),
    ],
)
def test_invalid_formula_is_rejected_with_position(text: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_column_names_of_a_formula() -> None:
    assert column_names(parse_formula("b + a * b + ema(`c d`, 3)")) == ("b", "a", "c d")
    assert column_names(parse_formula("1 + noise(0, 1)")) == ()


def _depth(node: Node) -> int:
    return 1 + max((_depth(argument) for argument in node.arguments), default=0) if isinstance(node, Call) else 0


def _parse_checked(text: str) -> Node | None:
    """Parse and check that the tree is bounded and has only known nodes; None if the text is rejected."""
    try:
        node = parse_formula(text)
    except FormulaError as error:
        assert str(error)
        return None
    assert _depth(node) <= MAX_FORMULA_DEPTH
    symbols = {"+", "-", "*", "/", "**", "negative", "<", "<=", ">", ">=", "==", "!="}
    for part in walk_nodes(node):
        assert 1 <= part.position <= len(text)
        if isinstance(part, Call):
            assert part.function in symbols | set(FUNCTIONS)
            assert len(part.arguments) >= 1
        elif isinstance(part, Column):
            assert part.name in text
            assert not part.name.startswith("__") or "`" in text
    return node


@given(st.text(max_size=60))
@example("١ + 1")
@example("\x00")
@example("a\u2028+b")
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    _parse_checked(text)


CHARACTERS = st.sampled_from([*".(),+-*/<=` '[]{}:;\\@\n", "**", ">=", "=="])
TOKENS = st.sampled_from(["a", "current_A", "1", "2.5", "1e3", "lambda", "__import__", "np.", "if", *FUNCTIONS])


@given(st.lists(CHARACTERS | TOKENS, max_size=40).map("".join))
def test_any_token_sequence_is_parsed_or_rejected(text: str) -> None:
    _parse_checked(text)


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "3", "0.5"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner),
        st.builds("(-{})".format, inner),
        st.builds("abs({})".format, inner),
        st.builds("minimum({}, {})".format, inner, inner),
    ),
    max_leaves=20,
)


@given(EXPRESSIONS)
def test_precedence_equals_python(text: str) -> None:
    node = _parse_checked(text)
    assert node is not None
    assert ast.dump(ast.parse(fully_bracketed(node), mode="eval")) == ast.dump(ast.parse(text, mode="eval"))
