"""Reader of legacy settings: numbers that may be texts, grids with commas, architectures with semicolons."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

_CANONICAL_KEYS = {"ValidFrequency": "VALID_FREQUENCY", "TRAIN_REPETITIONS": "REPETITIONS"}
_ON, _OFF = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", "none", ""}
_RANGE_NOTE = "is the range of a search, which this version does not have: the default is taken"


class SettingsReader:
    """Reads the settings of one document. values: by key. used_keys: keys that became settings. notes: by key as the
    file spells it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.names = {_CANONICAL_KEYS.get(key, key): key for key in document}
        self.values = {_CANONICAL_KEYS.get(key, key): value for key, value in document.items()}
        self.used_keys: set[str] = set()
        self.notes: dict[str, str] = {}

    def add_note(self, key: str, message: str) -> None:
        """Add a note about a key, after earlier notes about it."""
        file_key = self.names.get(key, key)
        self.notes[file_key] = f"{self.notes[file_key]}; {message}" if file_key in self.notes else message

    def read_text(self, key: str) -> str | None:
        """The value as text, None when there is none."""
        value = self.values.get(key)
        if value is None or isinstance(value, bool | list | dict):
            return None
        self.used_keys.add(key)
        return str(value).strip()

    def read_number(self, key: str, kind: Callable[[str], float]) -> Any:
        """A number, or a list of numbers for a grid; None when there is none, and for any other value, which is
        noted."""
        value = self.values.get(key)
        if value is None:
            return None
        self.used_keys.add(key)
        text = str(value).strip()
        if text.startswith("[") and isinstance(value, str):
            self.add_note(key, f"{text} {_RANGE_NOTE}")
            return None
        parts = value if isinstance(value, list) else [part.strip() for part in text.split(",") if part.strip()]
        try:
            numbers = [_parse_number(part, kind) for part in parts]
        except (ValueError, OverflowError, TypeError):
            if text.upper() not in {"N/A", "NONE", ""}:
                self.add_note(key, f"'{text[:60]}' is no number: the default is taken")
            return None
        return numbers[0] if len(numbers) == 1 else numbers or None

    def read_flag(self, key: str) -> bool | None:
        """The value as a boolean; None when there is none, and for any other value, which is noted."""
        value = self.values.get(key)
        if value is None:
            return None
        self.used_keys.add(key)
        text = str(value).strip().lower()
        if text in _ON | _OFF:
            return text in _ON
        self.add_note(key, f"'{text[:60]}' is neither on nor off: the default is taken")
        return None

    def read_sizes(self, key: str) -> list[Any] | None:
        """Layer sizes: one list, or a list of lists for several architectures."""
        value = self.values.get(key)
        if value is None:
            return None
        self.used_keys.add(key)
        if isinstance(value, list):
            value = (
                ";".join(str(part).strip("[] ") if isinstance(part, list) else str(part) for part in value)
                if any(isinstance(part, list) for part in value)
                else ",".join(map(str, value))
            )
        text = str(value).strip()
        if "[" in text:
            self.add_note(key, f"{text} {_RANGE_NOTE}")
            return None
        try:
            architectures = [[int(float(size)) for size in part.split(",") if size.strip()] for part in text.split(";")]
        except (ValueError, OverflowError, TypeError):
            self.add_note(key, f"'{text[:60]}' holds something that is no layer size: the default is taken")
            return None
        architectures = [sizes for sizes in architectures if sizes]
        return (architectures[0] if len(architectures) == 1 else architectures) if architectures else None


def _parse_number(value: Any, kind: Callable[[str], float]) -> float:
    parsed = float(value)
    if not math.isfinite(parsed) or isinstance(value, bool):
        raise ValueError(value)
    return kind(str(int(parsed))) if kind is int else parsed
