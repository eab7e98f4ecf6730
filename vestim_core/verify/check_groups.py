"""Groups of checks. A check is a small function with a name; its outcome is a result, whatever happens in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from vestim_core.spec.errors import VestimError
from vestim_core.verify.sandbox import Sandbox

Fixture = TypeVar("Fixture")


class CheckFailed(Exception):
    """A failed expectation; the message is one sentence."""


def expect(condition: object, message: str) -> None:
    """Fail the check with this message unless the condition is true."""
    if not condition:
        raise CheckFailed(message)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Outcome of one check. reason: why it failed; empty when it passed."""

    group: str
    check: str
    passed: bool
    seconds: float
    reason: str = ""

    def to_record(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class CheckGroup(Generic[Fixture]):
    """Checks that share a fixture, in the order in which they run.

    open_fixture: opens the object that the checks examine, and closes it afterwards.
    """

    def __init__(self, title: str, open_fixture: Callable[[Sandbox], AbstractContextManager[Fixture]]) -> None:
        self.title = title
        self.open_fixture = open_fixture
        self.checks: dict[str, Callable[[Fixture], None]] = {}

    def check(self, name: str) -> Callable[[Callable[[Fixture], None]], Callable[[Fixture], None]]:
        """Decorator that registers a function as the check of this name."""

        def register(function: Callable[[Fixture], None]) -> Callable[[Fixture], None]:
            self.checks[name] = function
            return function

        return register

    def run(self, sandbox: Sandbox, on_start: Callable[[str], None] = lambda name: None) -> Iterator[CheckResult]:
        """Run every check and yield its result. on_start: called with the name of each check before it runs.

        If the fixture cannot be opened, every check fails; if it cannot be closed, that is a failed result of its own.
        """
        exit_stack = ExitStack()
        try:
            fixture = exit_stack.enter_context(self.open_fixture(sandbox))
        except Exception as error:
            yield from (
                CheckResult(self.title, name, False, 0.0, f"nothing to look at: {failure_reason(error)}")
                for name in self.checks
            )
            return
        try:
            yield from self.run_with(fixture, on_start)
        finally:
            try:
                exit_stack.close()
            except Exception as error:
                yield CheckResult(
                    self.title, "What was opened for these checks is put away", False, 0.0, failure_reason(error)
                )

    def run_with(self, fixture: Fixture, on_start: Callable[[str], None] = lambda name: None) -> Iterator[CheckResult]:
        """Run every check with an open fixture and yield its result."""
        for name, function in self.checks.items():
            on_start(name)
            yield self._run_check(name, function, fixture)

    def _run_check(self, name: str, function: Callable[[Fixture], None], fixture: Fixture) -> CheckResult:
        start_s = time.monotonic()
        reason = ""
        try:
            function(fixture)
        except Exception as error:  # a crash fails this check only; the others still run
            reason = failure_reason(error)
        return CheckResult(self.title, name, not reason, round(time.monotonic() - start_s, 3), reason)


def failure_reason(error: Exception) -> str:
    """One sentence about the exception that ended a check."""
    if isinstance(error, CheckFailed | VestimError) and str(error):
        return str(error)
    traceback = error.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    location = f" at {Path(traceback.tb_frame.f_code.co_filename).name}:{traceback.tb_lineno}" if traceback else ""
    return " ".join(f"the check itself ended with {type(error).__name__}{location}: {error}".split())
