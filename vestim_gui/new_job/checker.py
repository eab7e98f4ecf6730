"""Checker: estimate and problems of a document, shortly after it has changed.

The spec's own rules run in the window, where that is quick. A document of very many combinations is left to the daemon,
which also knows how fast this machine trains.
"""

from __future__ import annotations

import os
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_core.spec.estimates import EstimateContext, estimate_job
from vestim_gui.link.daemon_link import Link
from vestim_gui.link.pending_request import PendingRequest
from vestim_gui.new_job.job_document import MAX_LOCAL_COMBINATIONS, Document, estimate_combinations

CHECK_DELAY_MS = 60  # local rules run once a burst of changes is over; too short to notice
DAEMON_DELAY_MS = 400  # a pause in typing, so that the daemon gets one request per edit


class Checker(QObject):
    """Checks one document at a time, on the window's thread and by requests to the daemon.

    estimated: the reply of `estimate_job`, first from the local rules, then from the daemon.
    """

    estimated = pyqtSignal(object)

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self._document: Document = {}
        self._train_rows: int | None = None
        self._pending: PendingRequest | None = None
        self._local_timer = self._create_timer(CHECK_DELAY_MS, self.check_now)
        self._daemon_timer = self._create_timer(DAEMON_DELAY_MS, self._request_estimate)

    def schedule_check(self, document: Document, train_rows: int | None) -> None:
        """Check this document soon."""
        self._document, self._train_rows = document, train_rows
        if self._pending is not None:
            self._pending.forget()
            self._pending = None
        self._local_timer.start()
        self._daemon_timer.start()

    def check_now(self) -> None:
        """Check it with the local rules at once."""
        self._local_timer.stop()
        if estimate_combinations(self._document) <= MAX_LOCAL_COMBINATIONS:
            circumstances = EstimateContext({}, cores=os.cpu_count() or 1, train_rows=self._train_rows)
            self.estimated.emit(estimate_job(self._document, circumstances))

    def stop(self) -> None:
        """Cancel scheduled and outstanding checks."""
        self._local_timer.stop()
        self._daemon_timer.stop()
        if self._pending is not None:
            self._pending.forget()
            self._pending = None

    def _request_estimate(self) -> None:
        params: dict[str, Any] = {"spec": self._document}
        if self._train_rows:
            params["train_rows"] = self._train_rows
        self._pending = self._link.call("estimate", params, self._take_estimate, self._keep_local_estimate, owner=self)

    def _take_estimate(self, reply: dict[str, Any]) -> None:
        self._pending = None
        self.estimated.emit(reply)

    def _keep_local_estimate(self, _: VestimError) -> None:
        self._pending = None  # the local estimate stays

    def _create_timer(self, delay_ms: int, callback: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(delay_ms)
        timer.timeout.connect(callback)
        return timer
