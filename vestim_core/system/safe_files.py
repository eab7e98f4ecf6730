"""Atomic file writes, JSON files, and file names that are valid on every system.

Other processes see either the old or the new content of a file, never a mixture, and the new content survives a power
failure once the call has returned.
"""

import json
import os
import re
import secrets
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any, NoReturn

_FORBIDDEN_CHARACTERS = re.compile(r'[<>:"/\\|?*]')
_TRAILING_CHARACTERS = re.compile(r"[\s.]+\Z")
_RESERVED_NAME = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
# bytes: most systems allow 255; the rest is reserved for the suffixes of unique_path and of other copy tools
_MAX_NAME_BYTES = 200
_MAX_SUFFIX_BYTES = 20  # bytes; arbitrary, a longer suffix is not a file type and is truncated


def write_atomic(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write `data` to `path` atomically. mode: permissions of a new file, before the umask."""
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        _replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_json(path: Path, obj: Any) -> None:
    """Write `obj` to `path` as readable JSON, atomically. Raises ValueError for NaN and infinities."""
    text = json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # File names that are not UTF-8 contain lone surrogates; backslashreplace writes them as JSON escapes.
    write_atomic(path, text.encode("utf-8", errors="backslashreplace"))


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises ValueError with the file's name if it is not valid JSON."""
    data = path.read_bytes()
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The file {path} is not valid JSON: {error}.") from error


def safe_name(name: str) -> str:
    """Change `name` as little as needed to be a valid file name on every system. Idempotent."""
    text = unicodedata.normalize("NFC", name)
    text = "".join("_" if unicodedata.category(character)[0] == "C" else character for character in text)
    text = _truncate_name(_TRAILING_CHARACTERS.sub("", _FORBIDDEN_CHARACTERS.sub("_", text).lstrip()))
    if _RESERVED_NAME.fullmatch(text) or not text:
        return "_" + text
    return text


def unique_path(folder: Path, name: str) -> Path:
    """Return a path in `folder` for `name` that does not exist yet, also on case-insensitive systems.

    Two processes may get the same path; a caller that must not overwrite opens it with mode "x".
    """
    safe_path = Path(safe_name(name))
    existing_names = {entry.name.casefold() for entry in folder.iterdir()} if folder.is_dir() else set()
    candidate, index = safe_path.name, 1
    while candidate.casefold() in existing_names:
        index += 1
        candidate = f"{safe_path.stem} ({index}){safe_path.suffix}"
    return folder / candidate


def _truncate_name(name: str) -> str:
    if len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    suffix = Path(name).suffix
    if len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        suffix = ""
    max_stem_bytes = _MAX_NAME_BYTES - len(suffix.encode())
    stem = name.removesuffix(suffix).encode()[:max_stem_bytes].decode(errors="ignore")
    return _TRAILING_CHARACTERS.sub("", stem) + suffix


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _replace(source: Path, target: Path) -> None:
    # On Windows the rename fails while a reader has the target open, so retry for up to 1 s.
    deadline_s = time.monotonic() + (1.0 if sys.platform == "win32" else 0.0)
    while True:
        try:
            source.replace(target)
            return
        except PermissionError:
            if time.monotonic() >= deadline_s:
                raise
            time.sleep(0.005)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
