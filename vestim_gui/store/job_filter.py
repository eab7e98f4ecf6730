"""Filter language of the job list: `status:done tag:cell rmse<5mV -name:old, epochs>20 lstm`.

Terms are separated by spaces or commas, and all of them must match. `-` negates a term. A bare word is searched in
name, tags and id. Several `status`, `target` or `id` terms are alternatives, since a job has only one of each. Quotes
group words: `"cell 7"`, `tag:"cell 7"`. Pure: text in, predicate out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from vestim_core.spec.states import JobState
from vestim_gui.store.job_times import run_time_s

Row = dict[str, Any]
Predicate = Callable[[Row], bool]

ACTIVE_STATES = frozenset({JobState.QUEUED.value, JobState.HELD.value, JobState.RUNNING.value, JobState.PAUSED.value})
STATUS_VALUES = (*(state.value for state in JobState), "active")
TEXT_KEYS = ("status", "tag", "name", "note", "id", "target")
NUMERIC_KEYS = ("rmse", "epochs", "tasks", "progress", "time")
ALTERNATIVE_KEYS = frozenset({"status", "target", "id"})

_TERM = re.compile(
    r"""(?P<minus>-?)
        (?: (?P<key>[A-Za-z]+)(?P<sign>:|<=|>=|<|>|=)(?P<value>"[^"]*"?|[^\s,"]*)
          | (?P<word>"[^"]*"?|[^\s,"]+) )""",
    re.VERBOSE,
)
_QUANTITY = re.compile(r"(?P<value>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(?P<unit>[A-Za-z%°]*)")
_METRIC_UNITS = {"mv": ("mV", 1.0), "v": ("mV", 1000.0), "%": ("percent", 1.0), "percent": ("percent", 1.0)}
_METRIC_UNITS |= dict.fromkeys(("°c", "degc", "c", "k"), ("degC", 1.0))
_TIME_UNITS = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: math.isclose(a, b, rel_tol=0.005),  # half a unit of the third digit shown
}


class FilterError(ValueError):
    """A text that is not a filter: the message, and the span of the text it refers to."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a filter. key: empty for a bare word."""

    key: str
    sign: str
    value: str
    is_negated: bool
    predicate: Predicate

    def __str__(self) -> str:
        needs_no_quotes = re.fullmatch(r'[^\s,"]+' if self.key else r'[^\s,":<>=-][^\s,":<>=]*', self.value)
        return f"{'-' * self.is_negated}{self.key}{self.sign}" + (self.value if needs_no_quotes else f'"{self.value}"')


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter. `str` of it parses to the same filter."""

    terms: tuple[Term, ...] = ()

    def matches(self, row: Row) -> bool:
        """True if a row of the catalog matches."""
        return all(predicate(row) for predicate in self._predicates())

    def select(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that match, in their order."""
        predicates = self._predicates()
        return [row for row in rows if all(predicate(row) for predicate in predicates)]

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def _predicates(self) -> list[Predicate]:
        groups: dict[str, list[Predicate]] = {}
        predicates: list[Predicate] = []
        for term in self.terms:
            if term.is_negated:
                predicates.append(_negate(term.predicate))
            elif term.key in ALTERNATIVE_KEYS:
                groups.setdefault(term.key, []).append(term.predicate)
            else:
                predicates.append(term.predicate)
        return [*(_any_of(group) for group in groups.values()), *predicates]


def parse_filter(text: str) -> Filter:
    """Parse `text`; raise `FilterError` if it is not a filter."""
    terms: list[Term] = []
    position = 0
    while position < len(text):
        if text[position].isspace() or text[position] == ",":
            position += 1
            continue
        match = _TERM.match(text, position)
        if match is None:
            raise FilterError(f"'{text[position:]}' is no term: write a word, or status:done", position, len(text))
        terms.append(_parse_term(match))
        position = match.end()
    return Filter(tuple(terms))


def complete_filter(text: str, cursor: int, rows: Iterable[Row]) -> tuple[int, list[str]]:
    """Completions of the word before the cursor: the start of that word, and the texts that can replace it."""
    start = max(text.rfind(" ", 0, cursor), text.rfind(",", 0, cursor)) + 1
    word = text[start:cursor]
    minus, word = ("-", word[1:]) if word.startswith("-") else ("", word)
    key, colon, typed_value = word.partition(":")
    if not colon:
        completions = [f"{key}:" for key in TEXT_KEYS] + [f"{key}<" for key in NUMERIC_KEYS]
        return start, [minus + completion for completion in completions if word and completion.startswith(word.lower())]
    candidates = _known_values(key.lower(), rows)
    return start, [
        f"{minus}{key}:{_quoted(value)}" for value in candidates if value.lower().startswith(typed_value.lower())
    ]


def _known_values(key: str, rows: Iterable[Row]) -> list[str]:
    if key == "status":
        return list(STATUS_VALUES)
    if key == "tag":
        return sorted({tag for row in rows for tag in row["tags"]})
    if key == "target":
        return sorted({row["target"].partition("_")[0] for row in rows if row.get("target")})
    return []


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"[\s,]", value) else value


def _parse_term(match: re.Match[str]) -> Term:
    is_negated = bool(match["minus"])
    if match["key"] is None:
        word = match["word"].strip('"')
        return Term("", "", word, is_negated, _word_predicate(word))
    key, sign, value = match["key"].lower(), match["sign"], match["value"].strip('"')
    key = "status" if key == "state" else key
    span = match.span()
    if key in TEXT_KEYS:
        if sign not in (":", "="):
            raise FilterError(f"'{key}' is no number: write {key}:{value or '...'}", *span)
        return Term(key, ":", value, is_negated, _text_predicate(key, value, span))
    if key in NUMERIC_KEYS:
        if sign == ":":
            raise FilterError(f"'{key}' is a number: write {key}<5 or {key}>5", *span)
        return Term(key, sign, value, is_negated, _numeric_predicate(key, sign, value, span))
    raise FilterError(f"there is no '{key}': use {', '.join((*TEXT_KEYS, *NUMERIC_KEYS))}, or plain words", *span)


def _word_predicate(word: str) -> Predicate:
    needle = word.casefold()
    return lambda row: (
        needle in row["name"].casefold()
        or needle in row["job_id"].casefold()
        or any(needle in tag.casefold() for tag in row["tags"])
    )


def _text_predicate(key: str, value: str, span: tuple[int, int]) -> Predicate:
    needle = value.casefold()
    if not needle:
        raise FilterError(f"'{key}:' needs a word behind it", *span)
    if key == "status":
        if needle not in STATUS_VALUES:
            raise FilterError(f"'{value}' is no status: use {', '.join(STATUS_VALUES)}", *span)
        states = ACTIVE_STATES if needle == "active" else frozenset({needle})
        return lambda row: row["state"] in states
    if key == "tag":
        return lambda row: any(needle == tag.casefold() for tag in row["tags"])
    if key == "id":
        return lambda row: needle in row["job_id"].casefold()
    return lambda row: needle in str(row.get(key) or "").casefold()


def _numeric_predicate(key: str, sign: str, value: str, span: tuple[int, int]) -> Predicate:
    match = _QUANTITY.fullmatch(value)
    if match is None:
        raise FilterError(f"'{value}' is no number: write {key}{sign}5", *span)
    limit, unit = float(match["value"]), match["unit"].lower()
    compare = _COMPARISONS[sign]
    if key == "rmse":
        return _rmse_predicate(compare, limit, unit, span)
    if key == "time":
        factor = _parse_unit(unit or "s", _TIME_UNITS, "a time", span)
        return lambda row: (seconds := run_time_s(row)) is not None and compare(seconds, limit * factor)
    if key == "progress":
        _parse_unit(unit or "%", {"%": 1.0}, "a progress", span)
        return lambda row: compare(100.0 * row["fraction"], limit)
    if unit:
        raise FilterError(f"'{key}' has no unit: write {key}{sign}{match['value']}", *span)
    if key == "tasks":
        return lambda row: compare(sum(row["tasks"].values()), limit)
    return lambda row: (epochs := row.get("epochs")) is not None and compare(float(epochs), limit)


def _rmse_predicate(
    compare: Callable[[float, float], bool], limit: float, unit: str, span: tuple[int, int]
) -> Predicate:
    metric_unit, factor = _parse_unit(unit, _METRIC_UNITS, "an RMSE", span) if unit else ("", 1.0)

    def predicate(row: Row) -> bool:
        best = row.get("best") or row.get("validation")
        if not best or best["value"] is None:
            return False
        return (not metric_unit or best["metric"].endswith(f"_{metric_unit}")) and compare(
            best["value"], limit * factor
        )

    return predicate


def _parse_unit(unit: str, units: dict[str, Any], quantity: str, span: tuple[int, int]) -> Any:
    if unit not in units:
        raise FilterError(f"'{unit}' is no unit of {quantity}: use {', '.join(units)}", *span)
    return units[unit]


def _negate(predicate: Predicate) -> Predicate:
    return lambda row: not predicate(row)


def _any_of(predicates: list[Predicate]) -> Predicate:
    return predicates[0] if len(predicates) == 1 else lambda row: any(predicate(row) for predicate in predicates)
