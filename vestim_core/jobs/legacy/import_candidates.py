"""Candidates of an import: every job folder below the given paths, and every entry of a given registry, in one fixed
order.

Only names are read, except for registries. The same paths give the same list as long as nothing changes there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vestim_core.jobs.legacy.job_reader import is_legacy_job
from vestim_core.jobs.legacy.legacy_folder import LegacyFolder, UnreadableFile, subfolders

REGISTRY = "job_registry.json"
MAX_DEPTH = 3  # levels below a given folder; arbitrary: bounds the search in a wrong folder
MAX_FOLDERS = 20_000  # likewise
MAX_REGISTRY_BYTES = 64 << 20  # arbitrary: bounds memory
_JOB_NAME = re.compile(r"job_\d{8}-\d{6}.*")
_OPEN_ERRORS = (OSError, ValueError, RuntimeError)
"""Errors for a folder without access rights, and for a path that the system cannot represent."""


@dataclass(frozen=True)
class Candidate:
    """A job to be imported, or a message that says why there is none.

    source: path, or the registry's path and key. folder: of the job. registry_entry: the registry's entry of the job.
    """

    source: str
    folder: Path | None = None
    registry_entry: dict[str, Any] = field(default_factory=dict)
    message: str = ""


def find_candidates(paths: Sequence[str]) -> list[Candidate]:
    """One candidate per job or entry, each folder once; one with a registry entry takes precedence over its folder
    alone."""
    all_candidates: list[Candidate] = []
    for path in paths:
        all_candidates += list(_candidates_below(Path(path).expanduser()))
    with_entry = {
        _normalized_path(candidate.folder)
        for candidate in all_candidates
        if candidate.folder and candidate.registry_entry
    }
    unique_candidates: list[Candidate] = []
    seen_keys: set[tuple[str, str]] = set()
    for candidate in all_candidates:
        location = _normalized_path(candidate.folder) if candidate.folder else candidate.source
        if (location, candidate.message) in seen_keys or (
            candidate.folder and not candidate.registry_entry and location in with_entry
        ):
            continue
        seen_keys.add((location, candidate.message))
        unique_candidates.append(candidate)
    return unique_candidates


def _candidates_below(path: Path) -> Iterator[Candidate]:
    try:
        if path.is_file():
            yield from _read_registry(path)
        elif not path.is_dir():
            yield Candidate(str(path), message=f"there is no file or folder '{path}': check the path")
        else:
            yield from _candidates_in(path)
    except _OPEN_ERRORS as error:
        yield Candidate(str(path), message=_open_failure_message(path, error))


def _open_failure_message(path: Path | str, error: Exception) -> str:
    return f"'{path}' cannot be opened ({getattr(error, 'strerror', None) or error}): it is left out"


@dataclass
class _Search:
    """Progress of a search. remaining: folders that may still be opened. too_deep, too_many: first folder skipped for
    that reason."""

    remaining: int
    too_deep: Path | None = None
    too_many: Path | None = None


def _candidates_in(folder: Path) -> Iterator[Candidate]:
    search = _Search(MAX_FOLDERS)
    has_candidates = False
    for candidate in _search_folder(folder, 0, search):
        has_candidates = True
        yield candidate
    if not has_candidates:
        message = (
            f"there is no job of PyBattML in '{folder}': name a folder job_..., one that holds such, or {REGISTRY}"
        )
        yield Candidate(str(folder), message=message)
    if search.too_deep:
        message = f"'{search.too_deep}' and whatever else lies as deep below '{folder}' is not looked into"
        yield Candidate(str(search.too_deep), message=f"{message}: name a folder nearer to the jobs")
    if search.too_many:
        message = f"'{search.too_many}' and what comes after it is not looked into, behind {MAX_FOLDERS} other folders"
        yield Candidate(str(search.too_many), message=f"{message}: name the folders below '{folder}' one by one")


def _search_folder(folder: Path, depth: int, search: _Search) -> Iterator[Candidate]:
    """Jobs in and below `folder`. A folder that cannot be opened gives a message and stops no other."""
    search.remaining -= 1
    try:
        job, has_registry = _candidate_at(folder, depth), (folder / REGISTRY).is_file()
    except _OPEN_ERRORS as error:
        yield Candidate(str(folder), message=_open_failure_message(folder, error))
        return
    if job is not None:
        yield job
        return
    if has_registry:
        yield from _read_registry(folder / REGISTRY)
    for link in _job_links(folder):
        message = f"'{link}' is a link to another folder: it is not followed, name that folder itself"
        yield Candidate(str(link), message=message)
    if depth == MAX_DEPTH:
        search.too_deep = search.too_deep or next(iter(subfolders(folder)), None)
        return
    for subfolder in subfolders(folder):
        if search.remaining <= 0:
            search.too_many = search.too_many or subfolder
            return
        yield from _search_folder(subfolder, depth + 1, search)


def _candidate_at(folder: Path, depth: int) -> Candidate | None:
    """The job in `folder`, or a message if it only looks like one; None for any other folder. Raises OSError."""
    if (folder / "job.json").is_file() and (folder / "state.json").is_file():
        message = f"'{folder}' is a job of Vestim: 'vestim test' takes such a folder as it is"
        return Candidate(str(folder), message=message)
    if is_legacy_job(folder) or (_JOB_NAME.fullmatch(folder.name) and (folder / "models").is_dir()):
        return Candidate(str(folder), folder)
    if depth and _JOB_NAME.fullmatch(folder.name):
        message = f"'{folder}' is called like a job but holds nothing of one: it is left out"
        return Candidate(str(folder), message=message)
    return None


def _job_links(folder: Path) -> list[Path]:
    """Links in `folder` with the name of a job."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_symlink() and _JOB_NAME.fullmatch(path.name))
    except OSError:
        return []


def _read_registry(path: Path) -> Iterator[Candidate]:
    try:
        entries = LegacyFolder(path.parent).json(path.name, limit=MAX_REGISTRY_BYTES)
    except UnreadableFile as error:
        yield Candidate(str(path), message=str(error))
        return
    if not isinstance(entries, dict):
        yield Candidate(str(path), message=f"'{path}' is no registry of jobs: it holds no object with one entry a job")
        return
    folders_by_name = _folders_near(path.parent)
    for key, entry in entries.items():
        source = f"{path}: {key}"
        try:
            yield Candidate(source, _entry_folder(key, entry, folders_by_name), dict(entry))
        except UnreadableFile as unreadable:
            yield Candidate(source, message=str(unreadable))
        except _OPEN_ERRORS as error:
            yield Candidate(source, message=_open_failure_message(entry["job_folder"], error))


def _entry_folder(key: str, entry: Any, folders_by_name: Mapping[str, Path]) -> Path:
    """Folder of an entry: at its path, else the one of that name near the registry. Raises UnreadableFile."""
    if not isinstance(entry, dict) or not isinstance(entry.get("job_id", key), str):
        raise UnreadableFile(f"entry '{key}' of the registry is damaged: it names no job")
    job_folder = entry.get("job_folder")
    if job_folder is not None and not isinstance(job_folder, str):
        raise UnreadableFile(f"entry '{key}' of the registry is damaged: its job_folder is no path")
    if entry.get("job_id", key) != key:
        raise UnreadableFile(f"entry '{key}' of the registry is damaged: it is about job '{entry['job_id']}'")
    parts = re.split(r"[/\\]", job_folder) if job_folder else []
    if ".." in parts:
        raise UnreadableFile(
            f"entry '{key}' names the folder '{job_folder}', which leads elsewhere by '..': it is left out"
        )
    name = next((part for part in reversed(parts) if part), key)
    nearby = folders_by_name.get(name) or folders_by_name.get(key)
    if nearby is not None:
        return nearby
    if job_folder and Path(job_folder).is_absolute() and Path(job_folder).is_dir():
        return Path(job_folder)
    raise UnreadableFile(
        f"the folder of job '{key}' is not there any more ('{job_folder or key}'): its results cannot be brought"
    )


def _folders_near(folder: Path) -> dict[str, Path]:
    """Folders next to the registry and one level below, by name."""
    siblings = subfolders(folder)
    nested = {path.name: path for sibling in siblings for path in subfolders(sibling)}
    return {**nested, **{path.name: path for path in siblings}}


def _normalized_path(folder: Path | None) -> str:
    return os.path.normcase(os.path.abspath(folder)) if folder else ""  # noqa: PTH100, which would look at the disk
