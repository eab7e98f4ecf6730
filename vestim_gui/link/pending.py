"""Something that was asked of the service and is not answered yet. Buttons show it as their pending state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6 import sip
from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.errors import VestimError

Done = Callable[[Any], object]
Failed = Callable[[VestimError], object]


class Pending(QObject):
    """One request. Its callbacks run once at most, in the window's thread, and never after `owner` was destroyed.

    command_id: what makes a repetition of a command harmless; empty for questions that change nothing.
    ended: emitted when it was answered, failed, or was forgotten.
    """

    ended = pyqtSignal()

    def __init__(
        self, token: int, command_id: str, done: Done | None, failed: Failed, owner: QObject, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.token = token
        self.command_id = command_id
        self.active = True
        self._done = done
        self._failed = failed
        self._owner: QObject | None = owner

    def settle(self, answer: Any) -> None:
        """Hand over a result, or a `VestimError`; the link calls this."""
        if not self.active:
            return
        owner, done, failed = self._owner, self._done, self._failed
        self._end()
        if owner is None or sip.isdeleted(owner):
            return
        if isinstance(answer, VestimError):
            failed(answer)
        elif done is not None:
            done(answer)

    def forget(self) -> None:
        """Call nobody back any more; a command that is on its way may still be carried out."""
        if self.active:
            self._end()

    def _end(self) -> None:
        self.active = False
        self._owner = self._done = None
        self.ended.emit()
        self.deleteLater()


class Question(Pending):
    """A question about files, answered by an inspecting worker.

    progressed: newest progress as `{"fraction": 0..1, "message": str}`.
    """

    progressed = pyqtSignal(object)

    def __init__(
        self,
        token: int,
        done: Done | None,
        failed: Failed,
        owner: QObject,
        parent: QObject,
        cancel: Callable[[int], None],
    ) -> None:
        super().__init__(token, "", done, failed, owner, parent)
        self._cancel = cancel

    def cancel(self) -> None:
        """Stop the worker's work on it and call nobody back any more."""
        if self.active:
            self._cancel(self.token)
            self.forget()
