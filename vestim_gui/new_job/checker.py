"""Checker: what a document amounts to and what is wrong with it, a moment after it was changed.

By the spec's own rules, here where that is quick; a document of very many combinations is left to the service, which
also knows how fast this machine trains.
"""

from __future__ import annotations

import os
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_core.spec.estimates import Circumstances, estimate
from vestim_gui.link.link import Link
from vestim_gui.link.pending import Pending
from vestim_gui.new_job.document import LARGE, Document, combinations

CHECK_AFTER_MS = 60
ASK_AFTER_MS = 400


class Checker(QObject):
    """found: the answer of `estimate`, first the quick one, then the service's."""

    found = pyqtSignal(object)

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self._document: Document = {}
        self._train_rows: int | None = None
        self._pending: Pending | None = None
        self._check = self._timer(CHECK_AFTER_MS, self.check_now)
        self._ask = self._timer(ASK_AFTER_MS, self._ask_service)

    def look_at(self, document: Document, train_rows: int | None) -> None:
        """Look at this soon."""
        self._document, self._train_rows = document, train_rows
        if self._pending is not None:
            self._pending.forget()
            self._pending = None
        self._check.start()
        self._ask.start()

    def check_now(self) -> None:
        """Look at it at once."""
        self._check.stop()
        if combinations(self._document) <= LARGE:
            about = Circumstances({}, cores=os.cpu_count() or 1, train_rows=self._train_rows)
            self.found.emit(estimate(self._document, about))

    def stop(self) -> None:
        """Look at nothing any more."""
        self._check.stop()
        self._ask.stop()
        if self._pending is not None:
            self._pending.forget()
            self._pending = None

    def _ask_service(self) -> None:
        params: dict[str, Any] = {"spec": self._document}
        if self._train_rows:
            params["train_rows"] = self._train_rows
        self._pending = self._link.call("estimate", params, self._answered, self._failed, owner=self)

    def _answered(self, answer: dict[str, Any]) -> None:
        self._pending = None
        self.found.emit(answer)

    def _failed(self, _: VestimError) -> None:
        self._pending = None  # the quick answer stands

    def _timer(self, after_ms: int, act: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(act)
        return timer
