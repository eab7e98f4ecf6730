"""Fuzzy search: the letters of a query, in order, anywhere in a text. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import nlargest
from typing import TypeVar

_AT_START, _AFTER_GAP, _IN_A_ROW, _ELSEWHERE = 8.0, 6.0, 4.0, 1.0
"""Score of one letter by where it is found, set by hand: starts of words outrank runs, runs outrank single letters."""
_Item = TypeVar("_Item")


def match_score(query: str, text: str) -> float | None:
    """Score of `query` in `text`; None if it does not match. Consecutive letters and starts of words score highest; of
    two equal matches the shorter text wins."""
    letters, folded_text = query.casefold().replace(" ", ""), text.casefold()
    if not letters:
        return 0.0
    start = folded_text.find(query.casefold().strip())
    bonus = 0.0 if start < 0 else 20.0 if start == 0 or not folded_text[start - 1].isalnum() else 10.0
    total, previous = bonus, -1
    for letter in letters:
        position = folded_text.find(letter, previous + 1)
        if position < 0:
            return None
        total += _letter_score(folded_text, position, previous)
        previous = position
    return total - 0.05 * len(text)


def best_matches(query: str, items: Iterable[_Item], text_of: Callable[[_Item], str], max_count: int) -> list[_Item]:
    """At most `max_count` matching items, best first; equal scores keep their order."""
    scored_items = ((match_score(query, text_of(item)), -index, item) for index, item in enumerate(items))
    matches = ((value, index, item) for value, index, item in scored_items if value is not None)
    return [item for _, _, item in nlargest(max_count, matches, key=lambda entry: entry[:2])]


def _letter_score(text: str, position: int, previous: int) -> float:
    if position == 0:
        return _AT_START
    if not text[position - 1].isalnum():
        return _AFTER_GAP
    return _IN_A_ROW if position == previous + 1 else _ELSEWHERE
