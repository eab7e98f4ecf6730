"""What is wrong with a job document, by place, and where in the form that is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from PyQt6.QtWidgets import QWidget

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


ABSENT = "Is missing."
"""What is said of something that was not given yet, which is to be done and not wrong."""


@dataclass(frozen=True, slots=True)
class Problem:
    """path: names of fields, and places in lists counted from 0."""

    path: tuple[str | int, ...]
    sentence: str

    def inside(self) -> Problem:
        """The same as seen from within its first part."""
        return Problem(self.path[1:], self.sentence)


@dataclass(frozen=True, slots=True)
class Stop:
    """A widget of the form that shows a problem. words: what the field is called. warn: it is doubtful only, and does
    not keep the job from being started. reveal: what has to be done before the widget shows it."""

    widget: QWidget
    words: str
    sentence: str
    warn: bool = False
    reveal: Callable[[], object] = lambda: None

    @property
    def tone(self) -> str:
        """How it is dressed."""
        return "warn" if self.warn else "muted" if self.sentence == ABSENT else "error"


def path_of(place: str) -> tuple[str | int, ...]:
    """`model[2].sizes[1]` as ("model", 1, "sizes", 0)."""
    return tuple(name or int(number) - 1 for name, number in _PART.findall(place))


def problems_of(records: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """What the spec or the service says, `{place, sentence}` each, every one once."""
    found = (Problem(path_of(str(one.get("place", ""))), _sentence(str(one.get("sentence", "")))) for one in records)
    return list(dict.fromkeys(found))


def _sentence(text: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def split(problems: Iterable[Problem]) -> tuple[dict[str | int, list[Problem]], list[Problem]]:
    """Problems by the first part of their path, seen from within it; and those of the whole."""
    inside: dict[str | int, list[Problem]] = {}
    whole = []
    for problem in problems:
        if problem.path:
            inside.setdefault(problem.path[0], []).append(problem.inside())
        else:
            whole.append(problem)
    return inside, whole
