"""What the user wants of this attempt, read from `control.json` in its folder: obeyed whether or not a daemon lives."""

from __future__ import annotations

import time
from pathlib import Path

from vestim_core.spec.states import Intent
from vestim_core.system import read_json

LOOK_S = 0.1


class Control:
    """The intent for one attempt; looks at the file at most every `LOOK_S` seconds, so that it can be asked every
    batch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._intent = Intent.RUN
        self._looked_s = -LOOK_S
        self._stamp = (0, 0)

    def intent(self) -> Intent:
        """The newest intent; an unreadable file means no change."""
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_S:
            return self._intent
        self._looked_s = now_s
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino)  # two changes may fall into one tick of the clock
            if stamp != self._stamp:
                self._intent = Intent(read_json(self._path)["intent"])
                self._stamp = stamp
        except (OSError, ValueError, KeyError, TypeError):
            return self._intent
        return self._intent
