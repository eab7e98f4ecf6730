"""The user's intent for one attempt, read from `control.json` in its folder: obeyed with or without a daemon."""

from __future__ import annotations

import time
from pathlib import Path

from vestim_core.spec.states import Intent
from vestim_core.system import read_json

POLL_S = 0.1  # between checks of the file; arbitrary, soon enough for a user and cheap enough for every batch


class Control:
    """Reads the intent of one attempt, at most every `POLL_S` seconds, so it may be called every batch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._intent = Intent.RUN
        self._read_s = -POLL_S
        self._stamp = (0, 0)

    def intent(self) -> Intent:
        """The newest intent; an unreadable file means no change."""
        now_s = time.monotonic()
        if now_s - self._read_s < POLL_S:
            return self._intent
        self._read_s = now_s
        try:
            file_status = self._path.stat()
            stamp = (file_status.st_mtime_ns, file_status.st_ino)  # two changes may fall into one tick of the clock
            if stamp != self._stamp:
                self._intent = Intent(read_json(self._path)["intent"])
                self._stamp = stamp
        except (OSError, ValueError, KeyError, TypeError):
            return self._intent
        return self._intent
