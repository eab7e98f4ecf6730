"""Problems of a job document by location, and the form widgets that show them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from PyQt6.QtWidgets import QWidget

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


MISSING_MESSAGE = "Is missing."
"""Message for a value not given yet, which is still to do rather than wrong."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A message on one value of the document. path: names of fields, and indices in lists counted from 0."""

    path: tuple[str | int, ...]
    message: str

    def relative(self) -> Problem:
        """The same problem, relative to the first part of its path."""
        return Problem(self.path[1:], self.message)


@dataclass(frozen=True, slots=True)
class FormProblem:
    """A form widget that shows a problem. label: name of the field. is_warning: does not prevent a start. reveal: makes
    the widget visible."""

    widget: QWidget
    label: str
    message: str
    is_warning: bool = False
    reveal: Callable[[], object] = lambda: None

    @property
    def tone(self) -> str:
        """Tone of its label."""
        return "warn" if self.is_warning else "muted" if self.message == MISSING_MESSAGE else "error"


def parse_location(location: str) -> tuple[str | int, ...]:
    """`model[2].sizes[1]` as ("model", 1, "sizes", 0)."""
    return tuple(name or int(index) - 1 for name, index in _PART.findall(location))


def parse_problems(records: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Problems from records `{location, message}`, without duplicates."""
    problems = (
        Problem(parse_location(str(record.get("location", ""))), _capitalize(str(record.get("message", ""))))
        for record in records
    )
    return list(dict.fromkeys(problems))


def _capitalize(text: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def split_by_field(problems: Iterable[Problem]) -> tuple[dict[str | int, list[Problem]], list[Problem]]:
    """Problems by the first part of their path, relative to it; and those without a path."""
    by_field: dict[str | int, list[Problem]] = {}
    general = []
    for problem in problems:
        if problem.path:
            by_field.setdefault(problem.path[0], []).append(problem.relative())
        else:
            general.append(problem)
    return by_field, general
