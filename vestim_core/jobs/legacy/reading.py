"""Values of the predecessor's settings: numbers that may be texts, grids with commas, architectures with semicolons."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

_OTHER_NAMES = {"ValidFrequency": "VALID_FREQUENCY", "TRAIN_REPETITIONS": "REPETITIONS"}
_ON, _OFF = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", "none", ""}
_RANGE = "is the range of a search, which this version does not have: the default is taken"


class Reading:
    """What is left to be understood: values by key, the keys that were taken, and what has to be said."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.names = {_OTHER_NAMES.get(key, key): key for key in document}
        self.values = {_OTHER_NAMES.get(key, key): value for key, value in document.items()}
        self.taken: set[str] = set()
        self.notes: dict[str, str] = {}

    def note(self, key: str, sentence: str) -> None:
        """Say something about a key, after what was said of it before."""
        named = self.names.get(key, key)
        self.notes[named] = f"{self.notes[named]}; {sentence}" if named in self.notes else sentence

    def text(self, key: str) -> str | None:
        """The value as text, None when there is none."""
        value = self.values.get(key)
        if value is None or isinstance(value, bool | list | dict):
            return None
        self.taken.add(key)
        return str(value).strip()

    def number(self, key: str, kind: Callable[[str], float]) -> Any:
        """One number, or a list of them for a grid; None when there is none or it is none, which is noted."""
        value = self.values.get(key)
        if value is None:
            return None
        self.taken.add(key)
        text = str(value).strip()
        if text.startswith("[") and isinstance(value, str):
            self.note(key, f"{text} {_RANGE}")
            return None
        parts = value if isinstance(value, list) else [part.strip() for part in text.split(",") if part.strip()]
        try:
            numbers = [_as_number(part, kind) for part in parts]
        except (ValueError, OverflowError, TypeError):
            if text.upper() not in {"N/A", "NONE", ""}:
                self.note(key, f"'{text[:60]}' is no number: the default is taken")
            return None
        return numbers[0] if len(numbers) == 1 else numbers or None

    def switch(self, key: str) -> bool | None:
        """Whether something is on; None when nothing is said, or nothing that can be understood, which is noted."""
        value = self.values.get(key)
        if value is None:
            return None
        self.taken.add(key)
        text = str(value).strip().lower()
        if text in _ON | _OFF:
            return text in _ON
        self.note(key, f"'{text[:60]}' is neither on nor off: the default is taken")
        return None

    def sizes(self, key: str) -> list[Any] | None:
        """Layer sizes: one list, or a list of lists for several architectures."""
        value = self.values.get(key)
        if value is None:
            return None
        self.taken.add(key)
        if isinstance(value, list):
            value = (
                ";".join(str(part).strip("[] ") if isinstance(part, list) else str(part) for part in value)
                if any(isinstance(part, list) for part in value)
                else ",".join(map(str, value))
            )
        text = str(value).strip()
        if "[" in text:
            self.note(key, f"{text} {_RANGE}")
            return None
        try:
            found = [[int(float(size)) for size in part.split(",") if size.strip()] for part in text.split(";")]
        except (ValueError, OverflowError, TypeError):
            self.note(key, f"'{text[:60]}' holds something that is no layer size: the default is taken")
            return None
        found = [sizes for sizes in found if sizes]
        return (found[0] if len(found) == 1 else found) if found else None


def _as_number(value: Any, kind: Callable[[str], float]) -> float:
    number = float(value)
    if not math.isfinite(number) or isinstance(value, bool):
        raise ValueError(value)
    return kind(str(int(number))) if kind is int else number
