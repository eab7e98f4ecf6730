"""VestimError, the only error shown to users: a code, a message, a location and possible actions.

Every error that user input causes reaches the user as a `VestimError`, with the same code and message on the command
line, over ZeroMQ, over REST and in the window. The message never contains a traceback.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

from vestim_core.spec.schema_upgrade import upgrade_record


class ErrorCode(StrEnum):
    """Closed list of error codes, each with an exit code for the command line."""

    FAILED = "failed"
    WRONG_INPUT = "wrong_input"
    NOT_FOUND = "not_found"
    UNREACHABLE = "unreachable"
    VERSION = "version"
    STOPPED = "stopped"
    REFUSED = "refused"

    @property
    def exit_code(self) -> int:
        """Exit code of a command that ends with this error: 1 failed, 2 wrong input, 3 not found, 4 no usable daemon,
        5 refused."""
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
    """An error with a message for users.

    message: message for users, one message: what happened and what to do about it.
    location: the file, row or field that caused the error; empty if there is none.
    actions: what the user can do next, most useful first.
    problems: the individual problems if there are several, each as `{"location": ..., "message": ...}`.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        location: str = "",
        actions: tuple[str, ...] = (),
        problems: tuple[dict[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.location = location
        self.actions = actions
        self.problems = problems

    def to_record(self) -> dict[str, Any]:
        """Return plain values for the wire, the journal and `--json`."""
        return {
            "code": self.code.value,
            "message": self.message,
            "location": self.location,
            "actions": list(self.actions),
            "problems": [dict(problem) for problem in self.problems],
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Rebuild an error from `to_record`; codes of later versions become `failed`."""
        record = upgrade_record(record)
        known_codes = {code.value for code in ErrorCode}
        code = record.get("code", "")
        return cls(
            ErrorCode(code) if code in known_codes else ErrorCode.FAILED,
            str(record.get("message", "")),
            location=str(record.get("location", "")),
            actions=tuple(str(action) for action in record.get("actions", ())),
            problems=tuple(dict(problem) for problem in record.get("problems", ())),
        )


def wrong_input(message: str, *, location: str = "", actions: tuple[str, ...] = ()) -> VestimError:
    """Create the error for user input that cannot be used."""
    return VestimError(ErrorCode.WRONG_INPUT, message, location=location, actions=actions)


def not_found(message: str, *, location: str = "") -> VestimError:
    """Create the error for something that the user named and that does not exist."""
    return VestimError(ErrorCode.NOT_FOUND, message, location=location)


def refused(message: str, *, location: str = "", actions: tuple[str, ...] = ()) -> VestimError:
    """Create the error for an action that is not allowed in the current state."""
    return VestimError(ErrorCode.REFUSED, message, location=location, actions=actions)
