"""A request that has not been answered yet. Buttons show it as their pending state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6 import sip
from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.errors import VestimError

ResultHandler = Callable[[Any], object]
ErrorHandler = Callable[[VestimError], object]


class PendingRequest(QObject):
    """One request. Its handlers run at most once, on the window's thread, and never after `owner` was destroyed.

    command_id: makes a repeated command harmless; empty for requests that change nothing. ended: emitted when the
    request was answered, failed, or was forgotten.
    """

    ended = pyqtSignal()

    def __init__(
        self,
        token: int,
        command_id: str,
        on_result: ResultHandler | None,
        on_error: ErrorHandler,
        owner: QObject,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.token = token
        self.command_id = command_id
        self.is_active = True
        self._on_result = on_result
        self._on_error = on_error
        self._owner: QObject | None = owner

    def resolve(self, result: Any) -> None:
        """Hand a result or a `VestimError` to its handler; called by the link."""
        if not self.is_active:
            return
        owner, on_result, on_error = self._owner, self._on_result, self._on_error
        self._end()
        if owner is None or sip.isdeleted(owner):
            return
        if isinstance(result, VestimError):
            on_error(result)
        elif on_result is not None:
            on_result(result)

    def forget(self) -> None:
        """Call no handler any more. A command that was already sent may still be carried out."""
        if self.is_active:
            self._end()

    def _end(self) -> None:
        self.is_active = False
        self._owner = self._on_result = None
        self.ended.emit()
        self.deleteLater()


class PendingInspection(PendingRequest):
    """An inspection of files by a worker.

    progressed: newest progress as `{"fraction": 0..1, "message": str}`.
    """

    progressed = pyqtSignal(object)

    def __init__(
        self,
        token: int,
        on_result: ResultHandler | None,
        on_error: ErrorHandler,
        owner: QObject,
        parent: QObject,
        cancel: Callable[[int], None],
    ) -> None:
        super().__init__(token, "", on_result, on_error, owner, parent)
        self._cancel = cancel

    def cancel(self) -> None:
        """Stop the worker's inspection and call no handler any more."""
        if self.is_active:
            self._cancel(self.token)
            self.forget()
