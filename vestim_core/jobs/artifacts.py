"""Files of a job, read through the protocol: only from inside the job's folder, one piece at a time."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from vestim_core.spec.errors import not_found, refused


def list_files(root: Path) -> list[dict[str, Any]]:
    """Path (forward slashes, relative to the job's folder) and size in bytes of every file, sorted by path."""
    files: list[dict[str, Any]] = []
    for path in sorted(root.rglob("*"), key=lambda path: path.relative_to(root).as_posix()):
        with suppress(FileNotFoundError):  # a temporary file that was renamed meanwhile
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                files.append({"path": path.relative_to(root).as_posix(), "bytes": status.st_size})
    return files


def read_piece(root: Path, name: str, offset: int, length: int) -> dict[str, Any]:
    """Read `length` bytes from `offset` of the file `name` inside `root`, with the file's size."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in name or ":" in name or "\0" in name:
        raise refused(f"'{name}' does not lie inside the job's folder", location="path")
    path = root.joinpath(*relative.parts)
    try:
        is_outside = not path.resolve().is_relative_to(root.resolve())
        is_file = path.is_file()
    except OSError:  # no system has files with names as long as that
        is_outside = is_file = False
    if is_outside:
        raise refused(f"'{name}' leads out of the job's folder", location="path")
    if not is_file:
        raise not_found(f"the job has no file '{name}'", location="path")
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(min(offset, size))
        return {"data": file.read(length), "offset": offset, "size": size}
