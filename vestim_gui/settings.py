"""Settings: what the user chose for the window, kept in `<home>/window.json`.

One value that cannot be read costs that value alone, never the others. What a later version has written stays in the
file. Changes are written half a second after the last one, whole or not at all.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.system import read_json, write_json

SCHEMA_VERSION = 1
SAVE_AFTER_MS = 500
_log = logging.getLogger(__name__)


class Settings(BaseModel):
    """Fields that a later version knows are kept as they are."""

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
    """Settings from what a file holds; whatever is missing or broken has its default."""
    known = dict(record) if isinstance(record, dict) else {}
    known["schema_version"] = SCHEMA_VERSION
    try:
        return Settings.model_validate(known)
    except ValidationError as error:
        for problem in error.errors():
            _log.warning("setting '%s' is left out: %s", problem["loc"][0], problem["msg"])
            known.pop(str(problem["loc"][0]), None)
        return Settings.model_validate(known)


class SettingsStore(QObject):
    """changed: emitted with the set of names of fields that have another value now."""

    changed = pyqtSignal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.value = settings_from(_read(path))
        self._saving = QTimer(self)
        self._saving.setSingleShot(True)
        self._saving.setInterval(SAVE_AFTER_MS)
        self._saving.timeout.connect(self.flush)

    def change(self, **fields: Any) -> None:
        """Set some fields; raises `ValidationError` for a value that cannot be."""
        changed = Settings.model_validate({**self.value.model_dump(), **fields})
        names = {name for name in fields if getattr(changed, name) != getattr(self.value, name)}
        if names:
            self.value = changed
            self._saving.start()
            self.changed.emit(names)

    def folder(self, kind: str) -> str:
        """Where to begin to look for files of a kind ("data", "export", "job_file"); the user's folder at first."""
        kept = self.value.folders.get(kind, "")
        return kept if kept and Path(kept).is_dir() else str(Path.home())

    def keep_folder(self, kind: str, path: str | Path) -> None:
        """Remember where a file of a kind was found or put, where the user wants that."""
        if self.value.remember_folders:
            place = Path(path)
            folder = place if place.is_dir() else place.parent
            self.change(folders={**self.value.folders, kind: str(folder)})

    def flush(self) -> None:
        """Write now what has not been written yet."""
        self._saving.stop()
        save(self._path, self.value.model_dump())


def save(path: Path, record: dict[str, Any]) -> None:
    """Write a file of the window's own; one that cannot be written (a full disk) is noted and tried again later."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, record)
    except (OSError, ValueError) as problem:
        _log.warning("%s was not written: %s", path, problem)


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        _log.warning("%s cannot be read, so that defaults are used: %s", path, problem)
        _set_aside(path)
        return {}


def _set_aside(path: Path) -> None:
    try:
        path.replace(path.with_suffix(".broken.json"))
    except OSError as problem:
        _log.warning("%s cannot be put aside: %s", path, problem)
