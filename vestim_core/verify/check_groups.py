"""Checks: small functions with a sentence, in groups; what comes of one is a row, whatever happens in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from vestim_core.spec.errors import VestimError
from vestim_core.verify.sandbox import Place

Scene = TypeVar("Scene")


class CheckFailed(Exception):
    """What a check found wrong, in one sentence."""


def expect(holds: object, sentence: str) -> None:
    """End the check with this sentence unless the thing holds."""
    if not holds:
        raise CheckFailed(sentence)


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one check. reason: why it failed, empty when it did not."""

    group: str
    check: str
    passed: bool
    seconds: float
    reason: str = ""

    def to_record(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class Group(Generic[Scene]):
    """Checks that share a scene and stand in the order in which they are made.

    scene: opens what the checks look at, and puts it away afterwards.
    """

    def __init__(self, title: str, scene: Callable[[Place], AbstractContextManager[Scene]]) -> None:
        self.title = title
        self.scene = scene
        self.checks: dict[str, Callable[[Scene], None]] = {}

    def check(self, sentence: str) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
        """Make a function the check of that sentence."""

        def add(function: Callable[[Scene], None]) -> Callable[[Scene], None]:
            self.checks[sentence] = function
            return function

        return add

    def run(self, place: Place, begins: Callable[[str], None] = lambda sentence: None) -> Iterator[Row]:
        """One row a check. begins: told of each before it is made.

        A scene that cannot be opened fails every check; one that cannot be put away is a failed row of its own.
        """
        stack = ExitStack()
        try:
            scene = stack.enter_context(self.scene(place))
        except Exception as error:
            yield from (
                Row(self.title, name, False, 0.0, f"nothing to look at: {words(error)}") for name in self.checks
            )
            return
        try:
            yield from self.over(scene, begins)
        finally:
            try:
                stack.close()
            except Exception as error:
                yield Row(self.title, "What was opened for these checks is put away", False, 0.0, words(error))

    def over(self, scene: Scene, begins: Callable[[str], None] = lambda sentence: None) -> Iterator[Row]:
        """One row a check, made over a scene that is open."""
        for name, function in self.checks.items():
            begins(name)
            yield self._made(name, function, scene)

    def _made(self, name: str, function: Callable[[Scene], None], scene: Scene) -> Row:
        began_s = time.monotonic()
        reason = ""
        try:
            function(scene)
        except Exception as error:  # a check that crashes has failed, and the others go on
            reason = words(error)
        return Row(self.title, name, not reason, round(time.monotonic() - began_s, 3), reason)


def words(error: Exception) -> str:
    """One sentence about what ended a check."""
    if isinstance(error, CheckFailed | VestimError) and str(error):
        return str(error)
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return " ".join(f"the check itself ended with {type(error).__name__}{where}: {error}".split())
