"""Settings: the user's choices for the window, stored in `<home>/window.json`.

An unreadable value falls back to its default, without affecting the others. Fields written by a later version stay in
the file. Changes are written half a second after the last one, completely or not at all.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.system import read_json, write_json

SCHEMA_VERSION = 1  # version of `window.json`
SAVE_DELAY_MS = 500  # ms from a change to its writing; arbitrary, any value from 100 to 5000 works
_log = logging.getLogger(__name__)


class Settings(BaseModel):
    """Fields of later versions are kept unchanged."""

    model_config = ConfigDict(extra="allow", frozen=True)

    schema_version: int = SCHEMA_VERSION
    theme: Literal["system", "light", "dark"] = "system"
    reduced_motion: bool = False
    notifications: bool = True
    start_service: bool = True
    close_to_tray: bool = False
    remember_folders: bool = True
    folders: dict[str, str] = Field(default_factory=dict)
    closing_told: bool = False
    coach_seen: list[str] = Field(default_factory=list)


def settings_from(record: Any) -> Settings:
    """Settings from the content of a file; missing or invalid values get their defaults."""
    fields = dict(record) if isinstance(record, dict) else {}
    fields["schema_version"] = SCHEMA_VERSION
    try:
        return Settings.model_validate(fields)
    except ValidationError as error:
        for problem in error.errors():
            _log.warning("setting '%s' is left out: %s", problem["loc"][0], problem["msg"])
            fields.pop(str(problem["loc"][0]), None)
        return Settings.model_validate(fields)


class SettingsStore(QObject):
    """The current settings and their file. changed: emitted with the set of names of fields whose value changed."""

    changed = pyqtSignal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.value = settings_from(_read(path))
        self._save_timer = QTimer(self)
        self._save_timer.setSingleShot(True)
        self._save_timer.setInterval(SAVE_DELAY_MS)
        self._save_timer.timeout.connect(self.flush)

    def change(self, **fields: Any) -> None:
        """Set some fields; raise `ValidationError` for an invalid value."""
        settings = Settings.model_validate({**self.value.model_dump(), **fields})
        names = {name for name in fields if getattr(settings, name) != getattr(self.value, name)}
        if names:
            self.value = settings
            self._save_timer.start()
            self.changed.emit(names)

    def folder(self, kind: str) -> str:
        """Folder where a file dialog of a kind ("data", "export", "job_file") starts; the user's home at first."""
        folder = self.value.folders.get(kind, "")
        return folder if folder and Path(folder).is_dir() else str(Path.home())

    def remember_folder(self, kind: str, path: str | Path) -> None:
        """Remember the folder of a file that was opened or saved, if the user allows that."""
        if self.value.remember_folders:
            location = Path(path)
            folder = location if location.is_dir() else location.parent
            self.change(folders={**self.value.folders, kind: str(folder)})

    def flush(self) -> None:
        """Write pending changes now."""
        self._save_timer.stop()
        save_record(self._path, self.value.model_dump())


def save_record(path: Path, record: dict[str, Any]) -> None:
    """Write one of the window's files. A file that cannot be written (full disk) is logged and tried again with the
    next change."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, record)
    except (OSError, ValueError) as error:
        _log.warning("%s was not written: %s", path, error)


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning("%s cannot be read, so that defaults are used: %s", path, error)
        _set_aside(path)
        return {}


def _set_aside(path: Path) -> None:
    try:
        path.replace(path.with_suffix(".broken.json"))
    except OSError as error:
        _log.warning("%s cannot be put aside: %s", path, error)
