"""Files of legacy folders, read without trust: bounded in size, never outside the folder, never as code.

A file that cannot be read raises `UnreadableFile` with a message; a missing one is None.
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

MAX_JSON_BYTES = 16 << 20  # arbitrary: bounds memory and time
MAX_TABLE_BYTES = 32 << 20  # likewise for text files and tables
MAX_DEPTH = 40  # below the depth that a message of the protocol may have


class UnreadableFile(Exception):
    """A file cannot be read; the message says why."""


@dataclass(frozen=True)
class LegacyFolder:
    """One folder; nothing outside it is read."""

    root: Path

    def find(self, *parts: str) -> Path | None:
        """The file at that path inside the folder; None when there is none.

        Raises UnreadableFile for a link that leads out of the folder, and for anything but a regular file.
        """
        path = self.root.joinpath(*parts)
        try:
            status = path.stat()
            is_inside = not self._has_link(parts) or path.resolve().is_relative_to(self.root.resolve())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, RuntimeError) as error:
            raise UnreadableFile(f"'{path}' cannot be read ({getattr(error, 'strerror', None) or error})") from None
        if not is_inside:
            raise UnreadableFile(f"'{path}' is a link that leads out of the job's folder: it is not followed")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile(f"'{path}' is no plain file")
        return path

    def _has_link(self, parts: tuple[str, ...]) -> bool:
        """True if any step from the folder to the file is a link."""
        return any(self.root.joinpath(*parts[:depth]).is_symlink() for depth in range(1, len(parts) + 1))

    def folders(self, *parts: str) -> list[Path]:
        """The folders at that path, by name, without links."""
        return subfolders(self.root.joinpath(*parts))

    def text(self, *parts: str, limit: int = MAX_TABLE_BYTES) -> str | None:
        """Content of a text file in UTF-8 or, as Windows writes it, in cp1252."""
        path = self.find(*parts)
        if path is None:
            return None
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                data = file.read(limit + 1) if size <= limit else b""
        except OSError as error:
            raise UnreadableFile(f"'{path}' cannot be read ({error.strerror or error})") from None
        if max(size, len(data)) > limit:
            raise UnreadableFile(f"'{path}' is larger than {limit >> 20} MiB and is not read")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("cp1252", errors="replace")

    def json(self, *parts: str, limit: int = MAX_JSON_BYTES) -> Any:
        """Content of a JSON file as plain values; infinities and NaN, which JSON does not allow, become None."""
        text = self.text(*parts, limit=limit)
        if text is None:
            return None
        path = self.root.joinpath(*parts)
        try:
            return plain(json.loads(text, parse_constant=lambda _: None))
        except json.JSONDecodeError as error:
            location = f"line {error.lineno}: {error.msg}"
            raise UnreadableFile(
                f"'{path}' is no JSON that can be read ({location}): it is half-written or damaged"
            ) from None
        except (ValueError, RecursionError) as error:
            raise UnreadableFile(f"'{path}' is no JSON that can be read ({error})") from None


def plain(value: Any, depth: int = 0) -> Any:
    """`value` as a registry can store it: no infinities, no lone surrogates, nested at most `MAX_FORMULA_DEPTH`
    deep."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    match value:
        case dict():
            return {_without_surrogates(str(key)): plain(item, depth + 1) for key, item in value.items()}
        case list():
            return [plain(item, depth + 1) for item in value]
        case str():
            return _without_surrogates(value)
        case float() if not math.isfinite(value):
            return None
        case int() if not isinstance(value, bool) and abs(value) >= 1 << 63:
            return None
    return value


def subfolders(folder: Path) -> list[Path]:
    """The folders in `folder`, by name, without links; none for a folder that cannot be opened."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []


def table_rows(text: str) -> Iterator[list[str]]:
    """Rows of a CSV text, without empty lines.

    Each line is one row, so that an unclosed quote spoils no other row; a line that cannot be parsed is a row without
    values.
    """
    for line in text.splitlines():
        if line.strip():
            yield _parse_quoted_line(line) if '"' in line else line.split(",")


def _parse_quoted_line(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode("utf-8")
