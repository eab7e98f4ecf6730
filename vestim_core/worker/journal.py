"""The worker's journal: each event is one line, in the file before the doorbell rings.

Nothing here can raise into a training or hold it up: a full disk costs events, never the work, and is said on stderr
once. Lines are written with one `write` each; checkpoints, results and the end are on the disk before the call
returns.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vestim_core.protocol.journal import write_line
from vestim_core.spec.events import EventKind
from vestim_core.worker.doorbell import Doorbell

_DURABLE = {EventKind.CHECKPOINT, EventKind.RESULT}


class Journal:
    """Append-only events of one attempt."""

    def __init__(self, path: Path, doorbell: Doorbell) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._doorbell = doorbell
        self._complained = False
        self._torn = False
        if os.fstat(self._fd).st_size and not _ends_with_newline(path):
            os.write(self._fd, b"\n")  # a line that a crash cut stays a line of its own

    def event(self, kind: EventKind, data: dict[str, Any]) -> None:
        """Write one event and ring."""
        try:
            line = write_line(datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), kind, data)
            if self._torn:
                line = b"\n" + line  # what a full disk cut stays a line of its own
            written = os.write(self._fd, line)
            self._torn = 0 < written < len(line) or (self._torn and not written)
            if written < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if kind in _DURABLE:
                os.fsync(self._fd)
        except Exception as error:  # of whatever kind: the training goes on
            self._complain(error)
        self._doorbell.ring()

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            complain(f"the journal cannot be written: {error}")

    def progress(self, data: dict[str, Any]) -> None:
        """Tell the newest progress to whoever listens; it is kept nowhere."""
        self._doorbell.ring(data)

    def close(self) -> None:
        """Put everything on the disk."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            complain(f"the journal cannot be saved: {error}")
        os.close(self._fd)


def complain(text: str) -> None:
    """Say something on stderr, whose file may lie on the very disk that is full."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
