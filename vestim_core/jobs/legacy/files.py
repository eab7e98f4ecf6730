"""Files of the predecessor's folders, read with distrust: bounded in size, never out of the folder, never as code.

What cannot be read raises `Unreadable` with one sentence; what is not there is None.
"""

from __future__ import annotations

import csv
import json
import math
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_JSON_BYTES = 16 << 20
MAX_TABLE_BYTES = 32 << 20
MAX_DEPTH = 40


class Unreadable(Exception):
    """One sentence on why a file cannot be read."""


@dataclass(frozen=True)
class FormerFolder:
    """One folder that nothing read from it may leave."""

    root: Path

    def find(self, *parts: str) -> Path | None:
        """The file at that place inside the folder; None when there is none. Raises Unreadable for one that a link
        leads out to, and for what is no plain file."""
        path = self.root.joinpath(*parts)
        try:
            found = path.stat()
            inside = not self._linked(parts) or path.resolve().is_relative_to(self.root.resolve())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, RuntimeError) as error:
            raise Unreadable(f"'{path}' cannot be read ({getattr(error, 'strerror', None) or error})") from None
        if not inside:
            raise Unreadable(f"'{path}' is a link that leads out of the job's folder: it is not followed")
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable(f"'{path}' is no plain file")
        return path

    def _linked(self, parts: tuple[str, ...]) -> bool:
        """Whether any step from the folder to the file is a link."""
        return any(self.root.joinpath(*parts[:number]).is_symlink() for number in range(1, len(parts) + 1))

    def folders(self, *parts: str) -> list[Path]:
        """The folders at that place, by name; links are left out."""
        return subfolders(self.root.joinpath(*parts))

    def text(self, *parts: str, limit: int = MAX_TABLE_BYTES) -> str | None:
        """A text, in UTF-8 or, as Windows writes it, in cp1252."""
        path = self.find(*parts)
        if path is None:
            return None
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                data = file.read(limit + 1) if size <= limit else b""
        except OSError as error:
            raise Unreadable(f"'{path}' cannot be read ({error.strerror or error})") from None
        if max(size, len(data)) > limit:
            raise Unreadable(f"'{path}' is larger than {limit >> 20} MiB and is not read")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("cp1252", errors="replace")

    def json(self, *parts: str, limit: int = MAX_JSON_BYTES) -> Any:
        """What a JSON file holds, as plain values; infinities and NaN, which are no JSON, are None."""
        text = self.text(*parts, limit=limit)
        if text is None:
            return None
        path = self.root.joinpath(*parts)
        try:
            return plain(json.loads(text, parse_constant=lambda _: None))
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}: {error.msg}"
            raise Unreadable(f"'{path}' is no JSON that can be read ({where}): it is half-written or damaged") from None
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"'{path}' is no JSON that can be read ({error})") from None


def plain(value: Any, depth: int = 0) -> Any:
    """`value` as a registry can keep it: no infinities, no lone surrogates, not deeper than `MAX_DEPTH`."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    match value:
        case dict():
            return {_clean(str(key)): plain(item, depth + 1) for key, item in value.items()}
        case list():
            return [plain(item, depth + 1) for item in value]
        case str():
            return _clean(value)
        case float() if not math.isfinite(value):
            return None
        case int() if not isinstance(value, bool) and abs(value) >= 1 << 63:
            return None
    return value


def subfolders(folder: Path) -> list[Path]:
    """The folders in `folder`, by name; links are left out, and one that cannot be opened has none."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []


def table_rows(text: str) -> Iterator[list[str]]:
    """The rows of a CSV text, empty lines left out. Each line is one row, so that a quote that never ends spoils no
    other; a line that is none is a row without values."""
    for line in text.splitlines():
        if line.strip():
            yield _quoted(line) if '"' in line else line.split(",")


def _quoted(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _clean(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode("utf-8")
