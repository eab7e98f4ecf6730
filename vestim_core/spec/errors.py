"""The one error that people see: a code, one sentence, the place, and what can be done.

Whatever goes wrong because of what a user gave us reaches the user as a `VestimError`: the same code and sentence on
the command line, over ZeroMQ, over REST and in the window. It never carries a traceback in its sentence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self


class ErrorCode(StrEnum):
    """Closed list of codes; `exit_code` is what the command line ends with."""

    FAILED = "failed"
    WRONG_INPUT = "wrong_input"
    NOT_FOUND = "not_found"
    UNREACHABLE = "unreachable"
    VERSION = "version"
    STOPPED = "stopped"
    REFUSED = "refused"

    @property
    def exit_code(self) -> int:
        """Exit code of a command that ends with this error: 1 failed, 2 wrong input, 3 no such thing, 4 no daemon, 5
        refused."""
        return {
            ErrorCode.FAILED: 1,
            ErrorCode.WRONG_INPUT: 2,
            ErrorCode.NOT_FOUND: 3,
            ErrorCode.UNREACHABLE: 4,
            ErrorCode.VERSION: 4,
            ErrorCode.STOPPED: 4,
            ErrorCode.REFUSED: 5,
        }[self]


class VestimError(Exception):
    """One clear sentence about one problem.

    sentence: what happened and what to do, for a person.
    place: the file, row or field it is about; empty when there is none.
    actions: words of what the user can do next, most useful first.
    problems: every single problem when several were found at once, as `{"place": ..., "sentence": ...}`.
    """

    def __init__(
        self,
        code: ErrorCode,
        sentence: str,
        *,
        place: str = "",
        actions: tuple[str, ...] = (),
        problems: tuple[dict[str, str], ...] = (),
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.place = place
        self.actions = actions
        self.problems = problems

    def to_record(self) -> dict[str, Any]:
        """Plain values for the wire, the journal and `--json`."""
        return {
            "code": self.code.value,
            "message": self.sentence,
            "place": self.place,
            "actions": list(self.actions),
            "problems": [dict(problem) for problem in self.problems],
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The error that `to_record` was called on; a code of a later version reads as `failed`."""
        known = {code.value for code in ErrorCode}
        code = record.get("code", "")
        return cls(
            ErrorCode(code) if code in known else ErrorCode.FAILED,
            str(record.get("message", "")),
            place=str(record.get("place", "")),
            actions=tuple(str(action) for action in record.get("actions", ())),
            problems=tuple(dict(problem) for problem in record.get("problems", ())),
        )


def wrong_input(sentence: str, *, place: str = "", actions: tuple[str, ...] = ()) -> VestimError:
    """The error for something that the user gave and that cannot be used."""
    return VestimError(ErrorCode.WRONG_INPUT, sentence, place=place, actions=actions)


def not_found(sentence: str, *, place: str = "") -> VestimError:
    """The error for something that the user named and that does not exist."""
    return VestimError(ErrorCode.NOT_FOUND, sentence, place=place)


def refused(sentence: str, *, place: str = "", actions: tuple[str, ...] = ()) -> VestimError:
    """The error for something that exists and may not be done now."""
    return VestimError(ErrorCode.REFUSED, sentence, place=place, actions=actions)
