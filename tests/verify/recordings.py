"""The verification made once, with everything that its doors were asked and answered, so that it can be told again
with an answer altered: what a broken service would say."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from vestim_core.spec.errors import VestimError
from vestim_core.verify import doors, former_script, life, news
from vestim_core.verify.__main__ import GROUPS
from vestim_core.verify.check_groups import Row
from vestim_core.verify.public_interface import Answer, Doors
from vestim_core.verify.legacy_rest_checks import FORMER
from vestim_core.verify.former_job import JOB_ID
from vestim_core.verify.legacy_rest_client import Script
from vestim_core.verify.legacy_model_checks import LEGACY, Former
from vestim_core.verify.job_life_checks import LIFE, Life
from vestim_core.verify.sandbox import Place, throwaway
from vestim_core.verify.sample_drives import write_drives

ASKED = {name for name, value in vars(Doors).items() if callable(value) and not name.startswith("_")} - {"close"}
MOST_POLLS = 10
ROLES = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a check. door: which method of the doors; error: what it raised instead of an answer."""

    check: str
    door: str
    words: tuple[Any, ...]
    answer: Any = None
    error: VestimError | None = None

    @property
    def subject(self) -> tuple[Any, ...]:
        """What it was about: the method of the protocol, the verb and path, the folder or process."""
        return (self.door, *(word for word in self.words[:2] if not isinstance(word, dict)))


@dataclass(slots=True)
class Verified:
    """What came of every check, and the tape of each group that asks a service. files: a folder for those that a check
    reads itself when it is told again."""

    root: Path
    files: Path
    rows: list[Row] = field(default_factory=list)
    tapes: dict[str, list[Asked]] = field(default_factory=dict)

    def row(self, group: str, check: str) -> Row:
        """What came of one check."""
        return next(row for row in self.rows if (row.group, row.check) == (group, check))

    def told_again(self, title: str, alter: Callable[[Asked], Asked]) -> dict[str, Row]:
        """The rows of a group, by check, when some of what it is told is altered."""
        again: Any = Again(self.tapes[title], alter)
        with pytest.MonkeyPatch.context() as patch:
            for module in (former_script, life, news):
                patch.setattr(module, "time", Clock())
            match title:
                case LIFE.title:
                    rows = list(LIFE.over(Life(again, self._files("life_data")), again.begins))
                case LEGACY.title:
                    told = Former(again, str(self.root / "former" / JOB_ID), write_drives(self.files)["test"][0])
                    rows = list(LEGACY.over(told, again.begins))
                case _:
                    rows = list(FORMER.over(Script(again, self._files("former_data")), again.begins))
        return {row.check: row for row in rows}

    def _files(self, folder: str) -> dict[str, list[str]]:
        return {role: [str(self.root / folder / f"{role}.csv")] for role in ROLES}


class Clock:
    """A time that passes by looking at it, however busy the machine is."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def monotonic(self) -> float:
        """Some seconds."""
        self._now_s += 0.25
        return self._now_s

    def sleep(self, seconds: float) -> None:
        """Nobody has to wait."""


class Recorder:
    """Doors that remember what goes through them."""

    def __init__(self, through: Doors, tape: list[Asked], now: Callable[[], str]) -> None:
        self._through, self._tape, self._now = through, tape, now

    def __getattr__(self, door: str) -> Any:
        ask = getattr(self._through, door)

        def asked(*words: Any, **params: Any) -> Any:
            said = (*words, params)
            try:
                answer = ask(*words, **params)
            except VestimError as error:
                self._tape.append(Asked(self._now(), door, said, error=error))
                raise
            told = Asked(self._now(), door, said, copy.deepcopy(answer))
            polled = [n for n, old in enumerate(self._tape) if (old.check, old.subject) == (told.check, told.subject)]
            if door != "call" and len(polled) >= MOST_POLLS:
                self._tape[polled[-1]] = told  # it was asked until something came: that must be on the tape
            else:
                self._tape.append(told)
            return answer

        return asked if door in ASKED else ask


class Again:
    """Doors that say to each check what was said to it before, in its order, each answer as `alter` makes it; in the
    end they say the last thing again and again."""

    def __init__(self, tape: list[Asked], alter: Callable[[Asked], Asked]) -> None:
        self._alter = alter
        self._check = ""
        self._left: dict[tuple[Any, ...], list[Asked]] = {}
        for asked in reversed(tape):
            self._left.setdefault((asked.check, *asked.subject), []).append(asked)

    def begins(self, check: str) -> None:
        """What this check asked comes next."""
        self._check = check

    def __getattr__(self, door: str) -> Any:
        return lambda *words, **params: self._answer(Asked(self._check, door, (*words, params)))

    def _answer(self, asked: Asked) -> Any:
        left = self._left.get((self._check, *asked.subject))
        if not left:
            raise LookupError(f"nobody asked {asked.subject} before")
        next_one = left.pop() if len(left) > 1 else left[0]
        told = self._alter(replace(next_one, answer=copy.deepcopy(next_one.answer)))
        if told.error is not None:
            raise told.error
        return told.answer


def verified_once(files: Path) -> Verified:
    """All checks in their order, recorded. files: an empty folder that stays."""
    with throwaway() as place, pytest.MonkeyPatch.context() as patch:
        verified = Verified(place.root, files)
        now = ""
        tape: list[Asked] = []
        really = doors.open_doors

        @contextmanager
        def recorded(place: Place) -> Iterator[Any]:
            with really(place) as through:
                yield Recorder(through, tape, lambda: now)

        def begins(check: str) -> None:
            nonlocal now
            now = check

        patch.setattr(doors, "open_doors", recorded)
        for group in GROUPS:
            tape = verified.tapes[group.title] = []
            verified.rows += group.run(place, begins)
    return verified


def with_answer(asked: Asked, **changed: Any) -> Asked:
    """The same question, its answer changed in these fields (a REST answer in its body)."""
    if isinstance(asked.answer, Answer):
        return replace(asked, answer=replace(asked.answer, body={**asked.answer.body, **changed}))
    return replace(asked, answer={**asked.answer, **changed})
