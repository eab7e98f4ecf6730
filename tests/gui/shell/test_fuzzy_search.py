"""Fuzzy search finds letters in order, and the likely ones first."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from vestim_gui.shell.fuzzy_search import best, score

COMMANDS = ["New job", "Stop and keep best", "Stop all jobs...", "Show jobs as a table", "Change the theme", "Settings"]


def test_likely_ones_come_first() -> None:
    def found(query: str) -> list[str]:
        return best(query, COMMANDS, str, 10)

    assert found("nj") == ["New job"]
    assert found("stop")[0].startswith("Stop")
    assert found("theme") == ["Change the theme"]
    assert found("jobs")[0] in {"Stop all jobs...", "Show jobs as a table"}
    assert found("") == COMMANDS
    assert found("xyz") == []


@given(st.text(min_size=1, max_size=30), st.text(max_size=10))
def test_what_is_found_has_the_letters_in_order(text: str, query: str) -> None:
    letters = iter(text.casefold())
    fits = all(letter in letters for letter in query.casefold().replace(" ", ""))
    assert (score(query, text) is not None) == fits


def test_ten_thousand_names_are_searched_at_typing_speed() -> None:
    names = [f"Voltage LSTM {number} at {number % 40} degC" for number in range(10_000)]
    started_s = time.perf_counter()
    assert best("lstm 77", names, str, 60)
    assert time.perf_counter() - started_s < 0.5
