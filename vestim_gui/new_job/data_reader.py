"""DataReader: asks what the named files are, then what is wrong with them, one question at a time.

The newest wish wins: a question whose answer nobody wants any more is cancelled. A file that spoils a question is told
and left out of the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_gui.link.link import Link
from vestim_gui.link.pending import Question
from vestim_gui.new_job.data_files import Entry, Facts

AFTER_MS = 300
MOST_FILES = 1000


class DataReader(QObject):
    """changed: more is known. progressed: words and how far, "" when nothing is asked. failed: why nothing is known."""

    changed = pyqtSignal()
    progressed = pyqtSignal(str, object)
    failed = pyqtSignal(str)

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self.facts = Facts()
        self._entries: list[Entry] = []
        self._columns: dict[str, str] = {}
        self._question: Question | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AFTER_MS)
        self._soon.timeout.connect(self._sniff)

    @property
    def busy(self) -> bool:
        """Whether a question is asked or about to be."""
        return self._question is not None or self._soon.isActive()

    def read(self, entries: Sequence[Entry], columns: Any) -> None:
        """Want to know about these; columns: what the document says that columns are."""
        given = dict(columns) if isinstance(columns, Mapping) else {}
        given = {name: header for name, header in given.items() if isinstance(header, str) and header}
        if list(entries) == self._entries and given == self._columns:
            return
        if given != self._columns:
            self.facts = Facts(broken=self.facts.broken)
        self._entries, self._columns = list(entries), given
        self.again()

    def again(self) -> None:
        """Ask anew, also for what could not be read before."""
        self.cancel()
        kept = {str(Path(entry.path)) for entry in self._entries}
        self.facts = Facts(
            {path: file for path, file in self.facts.sniffed.items() if _belongs(path, kept)},
            {path: file for path, file in self.facts.checked.items() if _belongs(path, kept)},
            self.facts.findings,
        )
        if self._entries:
            self._soon.start()
        else:
            self.facts = Facts()
        self.changed.emit()

    def cancel(self) -> None:
        """Ask nothing any more."""
        self._soon.stop()
        if self._question is not None:
            self._question.cancel()
            self._question = None
        self.progressed.emit("", None)

    def _asked(self) -> list[Entry]:
        unique = {entry.path: entry for entry in reversed(self._entries) if entry.path not in self.facts.broken}
        return list(reversed(unique.values()))[:MOST_FILES]

    def _sniff(self) -> None:
        entries = self._asked()
        if not entries:
            self._end()
            return
        params = {"files": [entry.path for entry in entries], "columns": self._columns}
        self._ask("sniff", params, "Looking at the files", self._sniffed, self._sniff)

    def _sniffed(self, answer: dict[str, Any]) -> None:
        self.facts = self.facts.with_sniffed(answer["files"])
        self.changed.emit()
        if not self._soon.isActive():  # else whoever heard of it wants to know something else by now
            self._check()

    def _check(self) -> None:
        entries = self._asked()
        if not entries:
            self._end()
            return
        files = [{"path": entry.path, "role": entry.role} for entry in entries]
        self._ask("check", {"files": files, "columns": self._columns}, "Checking", self._checked, self._check)

    def _checked(self, answer: dict[str, Any]) -> None:
        self.facts = self.facts.with_checked(answer)
        self._end()

    def _ask(self, method: str, params: dict[str, Any], words: str, done: Any, again: Any) -> None:
        self.progressed.emit(f"{words}...", 0.0)

        def failed(error: VestimError) -> None:
            self._question = None
            spoiler = next((entry.path for entry in self._entries if _named(entry.path, error)), "")
            if spoiler and spoiler not in self.facts.broken:
                self.facts = self.facts.with_broken(spoiler, error.sentence)
                again()
                return
            self._end()
            self.failed.emit(error.sentence)

        def answered(answer: dict[str, Any]) -> None:
            self._question = None
            done(answer)

        def progressed(news: dict[str, Any]) -> None:
            self.progressed.emit(f"{words}: {news.get('message') or 'the files'}", news.get("fraction"))

        self._question = self._link.ask(method, params, answered, failed, progressed, owner=self)

    def _end(self) -> None:
        self.progressed.emit("", None)
        self.changed.emit()


def _belongs(path: str, entries: set[str]) -> bool:
    return str(Path(path)) in entries or str(Path(path).parent) in entries


def _named(entry: str, error: VestimError) -> bool:
    return error.place == entry or f'"{entry}"' in error.sentence
