"""Files of a job, read through the protocol: only what lies inside the job's folder, a piece at a time."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from vestim_core.spec.errors import not_found, refused


def list_files(root: Path) -> list[dict[str, Any]]:
    """Path (forward slashes, relative to the job's folder) and size in bytes of every file, sorted by path."""
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(
        ({"path": path.relative_to(root).as_posix(), "bytes": path.stat().st_size} for path in files),
        key=lambda entry: str(entry["path"]),
    )


def read_piece(root: Path, name: str, offset: int, length: int) -> dict[str, Any]:
    """`length` bytes from `offset` of the file called `name` inside `root`, and the file's size."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in name or ":" in name or "\0" in name:
        raise refused(f"'{name}' does not lie inside the job's folder", place="path")
    path = root.joinpath(*relative.parts)
    if not path.resolve().is_relative_to(root.resolve()):
        raise refused(f"'{name}' leads out of the job's folder", place="path")
    if not path.is_file():
        raise not_found(f"the job has no file '{name}'", place="path")
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(min(offset, size))
        return {"data": file.read(length), "offset": offset, "size": size}
