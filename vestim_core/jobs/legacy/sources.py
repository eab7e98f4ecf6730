"""The data files of a job of the predecessor: where its copies lie, else where it took them from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vestim_core.jobs.legacy.former_job import FormerJob

_ROLES = {"train": "train", "validation": "val", "test": "test"}
"""Today's role and the predecessor's word in `<word>_data`, `<word>_folder_path`, `<word>_files`."""


def data_section(job: FormerJob, columns: dict[str, str]) -> dict[str, Any]:
    """The data section: files or folders by role, none in two of them, and how the columns are called."""
    found: dict[str, Any] = {}
    taken: set[str] = set()
    for role, word in _ROLES.items():
        fallback = str(job.root / f"{word}_data" / "raw_data")
        paths = [path for path in _paths(job, role, word) or [fallback] if path not in taken]
        found[role] = paths or [fallback]
        taken.update(found[role])
    return {**found, "columns": columns}


def _paths(job: FormerJob, role: str, word: str) -> list[str]:
    own = job.root / f"{word}_data" / "raw_data"
    if _has_files(own):
        return [str(own)]
    folder, listed = job.metadata.get(f"{word}_folder_path"), job.files.get(f"{role}_files")
    names = [one["filename"] for one in listed if _named(one)] if isinstance(listed, list) else []
    if isinstance(folder, str) and folder:
        return [_joined(folder, name) for name in names] or [folder]
    selections = job.entry.get("selections")
    chosen = selections.get(f"{word}_files") if isinstance(selections, dict) else None
    return list(dict.fromkeys(path for path in chosen if isinstance(path, str))) if isinstance(chosen, list) else []


def _named(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("filename"), str) and bool(record["filename"])


def _joined(folder: str, name: str) -> str:
    """In the notation of the system that wrote it, which need not be this one."""
    separator = "\\" if "\\" in folder and "/" not in folder else "/"
    return folder.rstrip("/\\") + separator + name


def _has_files(folder: Path) -> bool:
    try:
        return folder.is_dir() and not folder.is_symlink() and any(path.is_file() for path in folder.iterdir())
    except OSError:
        return False
