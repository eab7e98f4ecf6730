"""The filter language of the job list: `status:done tag:cell rmse<5mV -name:old, epochs>20 lstm`.

Terms stand beside each other, with spaces or commas between them, and all have to hold. `-` before a term turns it
round. A word alone is looked for in name, tags and id. Several `status`, `target` or `id` terms are alternatives, since
a job has but one of each. Quotes keep words together: `"cell 7"`, `tag:"cell 7"`. Pure: text in, a predicate out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from vestim_core.spec.states import JobState
from vestim_gui.store.job_times import ran_s

Row = dict[str, Any]
Test = Callable[[Row], bool]

ACTIVE = frozenset({JobState.QUEUED.value, JobState.HELD.value, JobState.RUNNING.value, JobState.PAUSED.value})
STATUS = (*(state.value for state in JobState), "active")
WORDS = ("status", "tag", "name", "note", "id", "target")
FIGURES = ("rmse", "epochs", "tasks", "progress", "time")
ALTERNATIVES = frozenset({"status", "target", "id"})

_TERM = re.compile(
    r"""(?P<minus>-?)
        (?: (?P<key>[A-Za-z]+)(?P<sign>:|<=|>=|<|>|=)(?P<value>"[^"]*"?|[^\s,"]*)
          | (?P<word>"[^"]*"?|[^\s,"]+) )""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(?P<unit>[A-Za-z%°]*)")
_METRIC_UNITS = {"mv": ("mV", 1.0), "v": ("mV", 1000.0), "%": ("percent", 1.0), "percent": ("percent", 1.0)}
_METRIC_UNITS |= dict.fromkeys(("°c", "degc", "c", "k"), ("degC", 1.0))
_TIME_UNITS = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: math.isclose(a, b, rel_tol=0.005),
}


class FilterError(ValueError):
    """What cannot be understood, in one sentence; where it stands in the text."""

    def __init__(self, sentence: str, start: int, end: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a filter. key: empty for a word alone."""

    key: str
    sign: str
    value: str
    negative: bool
    test: Test

    def __str__(self) -> str:
        plain = re.fullmatch(r'[^\s,"]+' if self.key else r'[^\s,":<>=-][^\s,":<>=]*', self.value)
        return f"{'-' * self.negative}{self.key}{self.sign}" + (self.value if plain else f'"{self.value}"')


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was understood. `str` of it, parsed again, is the same filter."""

    terms: tuple[Term, ...] = ()

    def matches(self, row: Row) -> bool:
        """Whether a row of the catalogue is wanted."""
        return all(test(row) for test in self._tests())

    def wanted(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that are wanted, in their order."""
        tests = self._tests()
        return [row for row in rows if all(test(row) for test in tests)]

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def _tests(self) -> list[Test]:
        groups: dict[str, list[Test]] = {}
        tests: list[Test] = []
        for term in self.terms:
            if term.negative:
                tests.append(_not(term.test))
            elif term.key in ALTERNATIVES:
                groups.setdefault(term.key, []).append(term.test)
            else:
                tests.append(term.test)
        return [*(_any(group) for group in groups.values()), *tests]


def parse(text: str) -> Filter:
    """The filter that `text` says; `FilterError` when it cannot be understood."""
    terms: list[Term] = []
    position = 0
    while position < len(text):
        if text[position].isspace() or text[position] == ",":
            position += 1
            continue
        found = _TERM.match(text, position)
        if found is None:
            raise FilterError(f"'{text[position:]}' is no term: write a word, or status:done", position, len(text))
        terms.append(_term(found))
        position = found.end()
    return Filter(tuple(terms))


def complete(text: str, cursor: int, rows: Iterable[Row]) -> tuple[int, list[str]]:
    """What the word before the cursor may become: where that word starts, and whole words to put there."""
    start = max(text.rfind(" ", 0, cursor), text.rfind(",", 0, cursor)) + 1
    word = text[start:cursor]
    minus, word = ("-", word[1:]) if word.startswith("-") else ("", word)
    key, colon, begun = word.partition(":")
    if not colon:
        offers = [f"{key}:" for key in WORDS] + [f"{figure}<" for figure in FIGURES]
        return start, [minus + offer for offer in offers if word and offer.startswith(word.lower())]
    known = _values(key.lower(), rows)
    return start, [f"{minus}{key}:{_quoted(value)}" for value in known if value.lower().startswith(begun.lower())]


def _values(key: str, rows: Iterable[Row]) -> list[str]:
    if key == "status":
        return list(STATUS)
    if key == "tag":
        return sorted({tag for row in rows for tag in row["tags"]})
    if key == "target":
        return sorted({row["target"].partition("_")[0] for row in rows if row.get("target")})
    return []


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"[\s,]", value) else value


def _term(found: re.Match[str]) -> Term:
    negative = bool(found["minus"])
    if found["key"] is None:
        word = found["word"].strip('"')
        return Term("", "", word, negative, _word(word))
    key, sign, value = found["key"].lower(), found["sign"], found["value"].strip('"')
    key = "status" if key == "state" else key
    where = found.span()
    if key in WORDS:
        if sign not in (":", "="):
            raise FilterError(f"'{key}' is no number: write {key}:{value or '...'}", *where)
        return Term(key, ":", value, negative, _words(key, value, where))
    if key in FIGURES:
        if sign == ":":
            raise FilterError(f"'{key}' is a number: write {key}<5 or {key}>5", *where)
        return Term(key, sign, value, negative, _figure(key, sign, value, where))
    raise FilterError(f"there is no '{key}': use {', '.join((*WORDS, *FIGURES))}, or plain words", *where)


def _word(word: str) -> Test:
    wanted = word.casefold()
    return lambda row: (
        wanted in row["name"].casefold()
        or wanted in row["job_id"].casefold()
        or any(wanted in tag.casefold() for tag in row["tags"])
    )


def _words(key: str, value: str, where: tuple[int, int]) -> Test:
    wanted = value.casefold()
    if not wanted:
        raise FilterError(f"'{key}:' needs a word behind it", *where)
    if key == "status":
        if wanted not in STATUS:
            raise FilterError(f"'{value}' is no status: use {', '.join(STATUS)}", *where)
        states = ACTIVE if wanted == "active" else frozenset({wanted})
        return lambda row: row["state"] in states
    if key == "tag":
        return lambda row: any(wanted == tag.casefold() for tag in row["tags"])
    if key == "id":
        return lambda row: wanted in row["job_id"].casefold()
    return lambda row: wanted in str(row.get(key) or "").casefold()


def _figure(key: str, sign: str, value: str, where: tuple[int, int]) -> Test:
    found = _NUMBER.fullmatch(value)
    if found is None:
        raise FilterError(f"'{value}' is no number: write {key}{sign}5", *where)
    number, unit = float(found["number"]), found["unit"].lower()
    compare = _SIGNS[sign]
    if key == "rmse":
        return _rmse(compare, number, unit, where)
    if key == "time":
        factor = _unit_of(unit or "s", _TIME_UNITS, "a time", where)
        return lambda row: (seconds := ran_s(row)) is not None and compare(seconds, number * factor)
    if key == "progress":
        _unit_of(unit or "%", {"%": 1.0}, "a progress", where)
        return lambda row: compare(100.0 * row["fraction"], number)
    if unit:
        raise FilterError(f"'{key}' has no unit: write {key}{sign}{found['number']}", *where)
    if key == "tasks":
        return lambda row: compare(sum(row["tasks"].values()), number)
    return lambda row: (epochs := row.get("epochs")) is not None and compare(float(epochs), number)


def _rmse(compare: Callable[[float, float], bool], number: float, unit: str, where: tuple[int, int]) -> Test:
    metric_unit, factor = _unit_of(unit, _METRIC_UNITS, "an RMSE", where) if unit else ("", 1.0)

    def test(row: Row) -> bool:
        best = row.get("best") or row.get("validation")
        if not best or best["value"] is None:
            return False
        return (not metric_unit or best["metric"].endswith(f"_{metric_unit}")) and compare(
            best["value"], number * factor
        )

    return test


def _unit_of(unit: str, units: dict[str, Any], of_what: str, where: tuple[int, int]) -> Any:
    if unit not in units:
        raise FilterError(f"'{unit}' is no unit of {of_what}: use {', '.join(units)}", *where)
    return units[unit]


def _not(test: Test) -> Test:
    return lambda row: not test(row)


def _any(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)
