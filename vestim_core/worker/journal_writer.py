"""Worker's journal: each event is one line, in the file before the doorbell rings.

Nothing here raises into a training or blocks it: a full disk loses events, never work, and is reported on stderr once.
Each line is written with one `write`; checkpoints, results and the end are on the disk before the call returns.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vestim_core.protocol.journal_lines import write_line
from vestim_core.spec.events import EventKind
from vestim_core.worker.doorbell import Doorbell

_DURABLE_KINDS = {EventKind.CHECKPOINT, EventKind.RESULT}


class Journal:
    """Append-only events of one attempt; owns the open file, used on the worker's main thread."""

    def __init__(self, path: Path, doorbell: Doorbell) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._doorbell = doorbell
        self._has_warned = False
        self._is_torn = False
        if os.fstat(self._fd).st_size and not _ends_with_newline(path):
            os.write(self._fd, b"\n")  # keeps a line that a crash cut off separate

    def event(self, kind: EventKind, data: dict[str, Any]) -> None:
        """Write one event and ring."""
        try:
            line = write_line(datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), kind, data)
            if self._is_torn:
                line = b"\n" + line  # keeps a line that a full disk cut off separate
            written_bytes = os.write(self._fd, line)
            self._is_torn = 0 < written_bytes < len(line) or (self._is_torn and not written_bytes)
            if written_bytes < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if kind in _DURABLE_KINDS:
                os.fsync(self._fd)
        except Exception as error:  # no error of any kind may end the training
            self._warn_once(error)
        self._doorbell.ring()

    def _warn_once(self, error: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            log_to_stderr(f"the journal cannot be written: {error}")

    def progress(self, data: dict[str, Any]) -> None:
        """Send the newest progress to the daemon; it is stored nowhere."""
        self._doorbell.ring(data)

    def close(self) -> None:
        """Flush everything to the disk and close."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            log_to_stderr(f"the journal cannot be saved: {error}")
        os.close(self._fd)


def log_to_stderr(text: str) -> None:
    """Print to stderr; its file may lie on the very disk that is full."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
