"""Session: where the user was (geometry, page, job, tab, filter, ...), kept in `<home>/window_session.json`.

Written a second after the last change, so that a window that was killed comes back where it stood. One entry that
cannot be used is skipped; it never keeps the others, or the window, from coming back.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, TypeVar

from PyQt6.QtCore import QObject, QTimer

from vestim_core.system import read_json
from vestim_gui.settings import save

SAVE_AFTER_MS = 1000
_log = logging.getLogger(__name__)
_Value = TypeVar("_Value")


class Session(QObject):
    """Values by dotted names, such as `jobs.filter`; a value is anything that JSON has."""

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._entries = _entries(path)
        self._saving = QTimer(self)
        self._saving.setSingleShot(True)
        self._saving.setInterval(SAVE_AFTER_MS)
        self._saving.timeout.connect(self.flush)

    def get(self, key: str, default: _Value) -> _Value:
        """What was put there; `default` where there is nothing, or something of another type than `default`."""
        value = self._entries.get(key, default)
        if default is None or value is None:
            return default if value is None else value
        same = isinstance(value, type(default)) and isinstance(value, bool) == isinstance(default, bool)
        return value if same else default

    def put(self, key: str, value: Any) -> None:
        """Remember a value. One that JSON does not have is left out."""
        if self._entries.get(key) == value and key in self._entries:
            return
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as problem:
            _log.warning("'%s' is not remembered: %s", key, problem)
            return
        self._entries[key] = value
        if not self._saving.isActive():
            self._saving.start()

    def flush(self) -> None:
        """Write now what has not been written yet."""
        self._saving.stop()
        save(self._path, self._entries)


def _entries(path: Path) -> dict[str, Any]:
    try:
        record = read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        _log.warning("what was open last time cannot be read: %s", problem)
        return {}
    return record if isinstance(record, dict) else {}
