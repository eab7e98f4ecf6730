"""The data files of a legacy job: its own copies, else their original location."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vestim_core.jobs.legacy.job_reader import LegacyJob

_PREFIX_BY_ROLE = {"train": "train", "validation": "val", "test": "test"}
"""Legacy prefix by role, as in `<prefix>_data`, `<prefix>_folder_path`, `<prefix>_files`."""


def data_section(job: LegacyJob, columns: dict[str, str]) -> dict[str, Any]:
    """The data section: files or folders by role, none in two roles, and the names of the columns."""
    section: dict[str, Any] = {}
    used_paths: set[str] = set()
    for role, prefix in _PREFIX_BY_ROLE.items():
        fallback = str(job.root / f"{prefix}_data" / "raw_data")
        paths = [path for path in _paths(job, role, prefix) or [fallback] if path not in used_paths]
        section[role] = paths or [fallback]
        used_paths.update(section[role])
    return {**section, "columns": columns}


def _paths(job: LegacyJob, role: str, prefix: str) -> list[str]:
    copies = job.root / f"{prefix}_data" / "raw_data"
    if _has_files(copies):
        return [str(copies)]
    folder, records = job.metadata.get(f"{prefix}_folder_path"), job.files.get(f"{role}_files")
    names = [record["filename"] for record in records if _has_filename(record)] if isinstance(records, list) else []
    if isinstance(folder, str) and folder:
        return [_join_foreign_path(folder, name) for name in names] or [folder]
    selections = job.registry_entry.get("selections")
    selection = selections.get(f"{prefix}_files") if isinstance(selections, dict) else None
    return (
        list(dict.fromkeys(path for path in selection if isinstance(path, str))) if isinstance(selection, list) else []
    )


def _has_filename(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("filename"), str) and bool(record["filename"])


def _join_foreign_path(folder: str, name: str) -> str:
    """Join with the separator of the system that wrote the path, which may not be this one."""
    separator = "\\" if "\\" in folder and "/" not in folder else "/"
    return folder.rstrip("/\\") + separator + name


def _has_files(folder: Path) -> bool:
    try:
        return folder.is_dir() and not folder.is_symlink() and any(path.is_file() for path in folder.iterdir())
    except OSError:
        return False
