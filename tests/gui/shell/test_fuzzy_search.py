"""Fuzzy search finds letters in order, and the likely ones first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vestim_gui.shell.fuzzy_search import best_matches, match_score

COMMANDS = ["New job", "Stop and keep best", "Stop all jobs...", "Show jobs as a table", "Change the theme", "Settings"]


def test_likely_matches_come_first() -> None:
    def search(query: str) -> list[str]:
        return best_matches(query, COMMANDS, str, 10)

    assert search("nj") == ["New job"]
    assert search("stop")[0].startswith("Stop")
    assert search("theme") == ["Change the theme"]
    assert search("jobs")[0] in {"Stop all jobs...", "Show jobs as a table"}
    assert search("") == COMMANDS
    assert search("xyz") == []


@given(st.text(min_size=1, max_size=30), st.text(max_size=10))
def test_what_is_found_has_the_letters_in_order(text: str, query: str) -> None:
    letters = iter(text.casefold())
    fits = all(letter in letters for letter in query.casefold().replace(" ", ""))
    assert (match_score(query, text) is not None) == fits


def test_ten_thousand_names_are_searched() -> None:  # how fast: tests/benchmarks/window_jobs.py
    names = [f"Voltage LSTM {index} at {index % 40} degC" for index in range(10_000)]
    matches = best_matches("lstm 77", names, str, 60)
    assert len(matches) == 60 and all("77" in name for name in matches)
