"""Session: where the user left off (geometry, page, job, tab, filter, ...), stored in `<home>/window_session.json`.

Written a second after the last change, so that a killed window comes back where it was. An unusable entry is skipped;
it never keeps the others, or the window, from being restored.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, TypeVar

from PyQt6.QtCore import QObject, QTimer

from vestim_core.system import read_json
from vestim_gui.settings import save_record

SAVE_DELAY_MS = 1000  # ms from a change to its writing; arbitrary, any value from 200 to 5000 works
_log = logging.getLogger(__name__)
_Value = TypeVar("_Value")


class Session(QObject):
    """Values by dotted names, such as `jobs.filter`; a value is anything that JSON can hold."""

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._entries = _entries(path)
        self._save_timer = QTimer(self)
        self._save_timer.setSingleShot(True)
        self._save_timer.setInterval(SAVE_DELAY_MS)
        self._save_timer.timeout.connect(self.flush)

    def get(self, key: str, default: _Value) -> _Value:
        """The stored value; `default` if there is none or its type differs from that of `default`."""
        value = self._entries.get(key, default)
        if default is None or value is None:
            return default if value is None else value
        has_same_type = isinstance(value, type(default)) and isinstance(value, bool) == isinstance(default, bool)
        return value if has_same_type else default

    def put(self, key: str, value: Any) -> None:
        """Store a value. One that JSON cannot hold is skipped."""
        if self._entries.get(key) == value and key in self._entries:
            return
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            _log.warning("'%s' is not remembered: %s", key, error)
            return
        self._entries[key] = value
        if not self._save_timer.isActive():
            self._save_timer.start()

    def flush(self) -> None:
        """Write pending changes now."""
        self._save_timer.stop()
        save_record(self._path, self._entries)


def _entries(path: Path) -> dict[str, Any]:
    try:
        record = read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning("what was open last time cannot be read: %s", error)
        return {}
    return record if isinstance(record, dict) else {}
