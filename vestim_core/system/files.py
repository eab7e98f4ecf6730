"""Files that are whole or absent, and names that every system accepts.

A file written here is seen by others either as it was or as it is, never in between, and survives a loss of power once
the call has returned.
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

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_TRAILING = re.compile(r"[\s.]+\Z")
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
# Most systems take 255 bytes; what is left serves unique_path and the copy tools of others.
_LONGEST_NAME_BYTES = 200
_LONGEST_SUFFIX_BYTES = 20


def write_atomic(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Put `data` at `path` in one step; `mode` is that of a new file, before the umask."""
    beside = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        _replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_json(path: Path, obj: Any) -> None:
    """Put `obj` at `path` as readable JSON; raises ValueError for NaN and infinities, which JSON does not have."""
    text = json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # A file name that is no UTF-8 holds lone surrogates; backslashreplace writes them as JSON's own escapes.
    write_atomic(path, text.encode("utf-8", errors="backslashreplace"))


def read_json(path: Path) -> Any:
    """What the JSON file at `path` holds; raises ValueError that names the file when it is no JSON."""
    data = path.read_bytes()
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The file {path} is not valid JSON: {error}.") from error


def safe_name(name: str) -> str:
    """A file name like `name` that can be made on every system; safe_name(safe_name(x)) == safe_name(x)."""
    text = unicodedata.normalize("NFC", name)
    text = "".join("_" if unicodedata.category(character)[0] == "C" else character for character in text)
    text = _shortened(_TRAILING.sub("", _FORBIDDEN.sub("_", text).lstrip()))
    if _RESERVED.fullmatch(text) or not text:
        return "_" + text
    return text


def unique_path(folder: Path, name: str) -> Path:
    """A path in `folder` for `name` that is still free, also where case makes no difference.

    Two processes may be given the same one: who must not overwrite opens it with mode "x".
    """
    wanted = Path(safe_name(name))
    taken = {entry.name.casefold() for entry in folder.iterdir()} if folder.is_dir() else set()
    candidate, number = wanted.name, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{wanted.stem} ({number}){wanted.suffix}"
    return folder / candidate


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST_NAME_BYTES:
        return name
    suffix = Path(name).suffix
    if len(suffix.encode()) > _LONGEST_SUFFIX_BYTES:
        suffix = ""
    room = _LONGEST_NAME_BYTES - len(suffix.encode())
    stem = name.removesuffix(suffix).encode()[:room].decode(errors="ignore")
    return _TRAILING.sub("", stem) + suffix


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _replace(source: Path, target: Path) -> None:
    # On Windows a reader that has the target open, if only for a moment, makes the rename fail.
    deadline = time.monotonic() + (1.0 if sys.platform == "win32" else 0.0)
    while True:
        try:
            source.replace(target)
            return
        except PermissionError:
            if time.monotonic() >= deadline:
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
