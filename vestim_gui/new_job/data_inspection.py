"""DataInspection: reads headers of the job's files, then checks them, one request at a time.

A newer request cancels an older one. A file that makes a request fail is reported and left out of the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_gui.link.daemon_link import Link
from vestim_gui.link.pending_request import PendingInspection
from vestim_gui.new_job.job_data_files import DataEntry, FileFacts

DELAY_MS = 300  # a burst of changes results in one request
MAX_ENTRIES = 1000  # entries per request


class DataInspection(QObject):
    """Owns the outstanding request and the facts read so far.

    changed: new facts are known. progress_changed: message and fraction, "" while idle. failed: error message.
    """

    changed = pyqtSignal()
    progress_changed = pyqtSignal(str, object)
    failed = pyqtSignal(str)

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self.facts = FileFacts()
        self._entries: list[DataEntry] = []
        self._columns: dict[str, str] = {}
        self._request_handle: PendingInspection | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._sniff)

    @property
    def is_busy(self) -> bool:
        """True while a request is outstanding or scheduled."""
        return self._request_handle is not None or self._timer.isActive()

    def inspect(self, entries: Sequence[DataEntry], columns: Any) -> None:
        """Inspect these entries. columns: names of columns that the document gives."""
        header_by_name = dict(columns) if isinstance(columns, Mapping) else {}
        header_by_name = {name: header for name, header in header_by_name.items() if isinstance(header, str) and header}
        if list(entries) == self._entries and header_by_name == self._columns:
            return
        if header_by_name != self._columns:
            self.facts = FileFacts(unreadable=self.facts.unreadable)
        self._entries, self._columns = list(entries), header_by_name
        self.restart()

    def restart(self) -> None:
        """Inspect again, including entries that could not be read."""
        self.cancel()
        entry_paths = {str(Path(entry.path)) for entry in self._entries}
        self.facts = FileFacts(
            {path: file for path, file in self.facts.header_records.items() if _is_in_entries(path, entry_paths)},
            {path: file for path, file in self.facts.check_records.items() if _is_in_entries(path, entry_paths)},
            self.facts.findings,
        )
        if self._entries:
            self._timer.start()
        else:
            self.facts = FileFacts()
        self.changed.emit()

    def cancel(self) -> None:
        """Cancel the inspection."""
        self._timer.stop()
        if self._request_handle is not None:
            self._request_handle.cancel()
            self._request_handle = None
        self.progress_changed.emit("", None)

    def _readable_entries(self) -> list[DataEntry]:
        unique = {entry.path: entry for entry in reversed(self._entries) if entry.path not in self.facts.unreadable}
        return list(reversed(unique.values()))[:MAX_ENTRIES]

    def _sniff(self) -> None:
        entries = self._readable_entries()
        if not entries:
            self._finish()
            return
        params = {"files": [entry.path for entry in entries], "columns": self._columns}
        self._request("sniff", params, "Looking at the files", self._take_headers, self._sniff)

    def _take_headers(self, reply: dict[str, Any]) -> None:
        self.facts = self.facts.with_headers(reply["files"])
        self.changed.emit()
        if not self._timer.isActive():  # a handler of `changed` may have scheduled a new inspection
            self._check()

    def _check(self) -> None:
        entries = self._readable_entries()
        if not entries:
            self._finish()
            return
        files = [{"path": entry.path, "role": entry.role} for entry in entries]
        self._request("check", {"files": files, "columns": self._columns}, "Checking", self._take_checks, self._check)

    def _take_checks(self, reply: dict[str, Any]) -> None:
        self.facts = self.facts.with_checked(reply)
        self._finish()

    def _request(self, method: str, params: dict[str, Any], label: str, on_reply: Any, retry: Any) -> None:
        self.progress_changed.emit(f"{label}...", 0.0)

        def fail(error: VestimError) -> None:
            self._request_handle = None
            unreadable_path = next((entry.path for entry in self._entries if _is_about(entry.path, error)), "")
            if unreadable_path and unreadable_path not in self.facts.unreadable:
                self.facts = self.facts.with_unreadable(unreadable_path, error.message)
                retry()
                return
            self._finish()
            self.failed.emit(error.message)

        def take_reply(reply: dict[str, Any]) -> None:
            self._request_handle = None
            on_reply(reply)

        def report_progress(progress: dict[str, Any]) -> None:
            self.progress_changed.emit(f"{label}: {progress.get('message') or 'the files'}", progress.get("fraction"))

        self._request_handle = self._link.inspect(method, params, take_reply, fail, report_progress, owner=self)

    def _finish(self) -> None:
        self.progress_changed.emit("", None)
        self.changed.emit()


def _is_in_entries(path: str, entries: set[str]) -> bool:
    return str(Path(path)) in entries or str(Path(path).parent) in entries


def _is_about(entry: str, error: VestimError) -> bool:
    return error.location == entry or f'"{entry}"' in error.message
