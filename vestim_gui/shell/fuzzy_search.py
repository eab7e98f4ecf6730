"""Fuzzy search: the letters of a query in order, anywhere in a text. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import nlargest
from typing import TypeVar

_AT_START, _AFTER_GAP, _IN_A_ROW, _ELSEWHERE = 8.0, 6.0, 4.0, 1.0
_Item = TypeVar("_Item")


def score(query: str, text: str) -> float | None:
    """How well `query` fits `text`, None where it does not. Letters in a row and at starts of words count most, and of
    two texts that fit alike the shorter one wins."""
    letters, where = query.casefold().replace(" ", ""), text.casefold()
    if not letters:
        return 0.0
    found = where.find(query.casefold().strip())
    bonus = 0.0 if found < 0 else 20.0 if found == 0 or not where[found - 1].isalnum() else 10.0
    total, place = bonus, -1
    for letter in letters:
        following = where.find(letter, place + 1)
        if following < 0:
            return None
        total += _worth(where, following, place)
        place = following
    return total - 0.05 * len(text)


def best(query: str, items: Iterable[_Item], text_of: Callable[[_Item], str], most: int) -> list[_Item]:
    """At most `most` items that fit, best first; those that fit alike in the order in which they came."""
    scored = ((score(query, text_of(item)), -place, item) for place, item in enumerate(items))
    fitting = ((value, place, item) for value, place, item in scored if value is not None)
    return [item for _, _, item in nlargest(most, fitting, key=lambda entry: entry[:2])]


def _worth(text: str, place: int, before: int) -> float:
    if place == 0:
        return _AT_START
    if not text[place - 1].isalnum():
        return _AFTER_GAP
    return _IN_A_ROW if place == before + 1 else _ELSEWHERE
