"""What there is to import: every job folder below the given paths, and every entry of a given registry, in one order.

Nothing but names is looked at, but for registries. The same paths give the same list as long as nothing changes there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vestim_core.jobs.legacy.files import FormerFolder, Unreadable, subfolders
from vestim_core.jobs.legacy.former_job import is_former_job

REGISTRY = "job_registry.json"
MAX_DEPTH = 3
MAX_FOLDERS = 20_000
MAX_REGISTRY_BYTES = 64 << 20
_JOB_NAME = re.compile(r"job_\d{8}-\d{6}.*")
_CLOSED = (OSError, ValueError, RuntimeError)
"""What the system raises for a folder of somebody else, and for a path that it cannot take."""


@dataclass(frozen=True)
class Candidate:
    """A job to be imported, or, with a sentence, why there is none. source: path, or the registry's path and entry.
    folder: of the job. entry: what the registry says of it."""

    source: str
    folder: Path | None = None
    entry: dict[str, Any] = field(default_factory=dict)
    sentence: str = ""


def candidates(paths: Sequence[str]) -> list[Candidate]:
    """One for each job or entry, each folder once; what a registry says of a job goes before what its folder tells."""
    found: list[Candidate] = []
    for given in paths:
        found += list(_below(Path(given).expanduser()))
    with_entry = {_place(one.folder) for one in found if one.folder and one.entry}
    kept: list[Candidate] = []
    seen: set[tuple[str, str]] = set()
    for one in found:
        place = _place(one.folder) if one.folder else one.source
        if (place, one.sentence) in seen or (one.folder and not one.entry and place in with_entry):
            continue
        seen.add((place, one.sentence))
        kept.append(one)
    return kept


def _below(path: Path) -> Iterator[Candidate]:
    try:
        if path.is_file():
            yield from _registry(path)
        elif not path.is_dir():
            yield Candidate(str(path), sentence=f"there is no file or folder '{path}': check the path")
        else:
            yield from _in_folder(path)
    except _CLOSED as error:
        yield Candidate(str(path), sentence=_closed(path, error))


def _closed(path: Path | str, error: Exception) -> str:
    return f"'{path}' cannot be opened ({getattr(error, 'strerror', None) or error}): it is left out"


@dataclass
class _Search:
    """left: how many more folders are looked into. too_deep, too_many: the first that was not, for either reason."""

    left: int
    too_deep: Path | None = None
    too_many: Path | None = None


def _in_folder(folder: Path) -> Iterator[Candidate]:
    search = _Search(MAX_FOLDERS)
    found = False
    for one in _walk(folder, 0, search):
        found = True
        yield one
    if not found:
        sentence = (
            f"there is no job of PyBattML in '{folder}': name a folder job_..., one that holds such, or {REGISTRY}"
        )
        yield Candidate(str(folder), sentence=sentence)
    if search.too_deep:
        sentence = f"'{search.too_deep}' and whatever else lies as deep below '{folder}' is not looked into"
        yield Candidate(str(search.too_deep), sentence=f"{sentence}: name a folder nearer to the jobs")
    if search.too_many:
        sentence = f"'{search.too_many}' and what comes after it is not looked into, behind {MAX_FOLDERS} other folders"
        yield Candidate(str(search.too_many), sentence=f"{sentence}: name the folders below '{folder}' one by one")


def _walk(folder: Path, depth: int, search: _Search) -> Iterator[Candidate]:
    """The jobs in and below `folder`. One that cannot be opened costs a sentence and none of the others."""
    search.left -= 1
    try:
        job, has_registry = _job_at(folder, depth), (folder / REGISTRY).is_file()
    except _CLOSED as error:
        yield Candidate(str(folder), sentence=_closed(folder, error))
        return
    if job is not None:
        yield job
        return
    if has_registry:
        yield from _registry(folder / REGISTRY)
    for link in _linked(folder):
        sentence = f"'{link}' is a link to another folder: it is not followed, name that folder itself"
        yield Candidate(str(link), sentence=sentence)
    if depth == MAX_DEPTH:
        search.too_deep = search.too_deep or next(iter(subfolders(folder)), None)
        return
    for below in subfolders(folder):
        if search.left <= 0:
            search.too_many = search.too_many or below
            return
        yield from _walk(below, depth + 1, search)


def _job_at(folder: Path, depth: int) -> Candidate | None:
    """The job that `folder` is, or why what looks like one is none; None for any other folder. Raises OSError."""
    if (folder / "job.json").is_file() and (folder / "state.json").is_file():
        sentence = f"'{folder}' is a job of Vestim: 'vestim test' takes such a folder as it is"
        return Candidate(str(folder), sentence=sentence)
    if is_former_job(folder) or (_JOB_NAME.fullmatch(folder.name) and (folder / "models").is_dir()):
        return Candidate(str(folder), folder)
    if depth and _JOB_NAME.fullmatch(folder.name):
        sentence = f"'{folder}' is called like a job but holds nothing of one: it is left out"
        return Candidate(str(folder), sentence=sentence)
    return None


def _linked(folder: Path) -> list[Path]:
    """Links in `folder` that are called like jobs."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_symlink() and _JOB_NAME.fullmatch(path.name))
    except OSError:
        return []


def _registry(path: Path) -> Iterator[Candidate]:
    try:
        entries = FormerFolder(path.parent).json(path.name, limit=MAX_REGISTRY_BYTES)
    except Unreadable as error:
        yield Candidate(str(path), sentence=str(error))
        return
    if not isinstance(entries, dict):
        yield Candidate(str(path), sentence=f"'{path}' is no registry of jobs: it holds no object with one entry a job")
        return
    beside = _folders_beside(path.parent)
    for key, entry in entries.items():
        source = f"{path}: {key}"
        try:
            yield Candidate(source, _folder_of(key, entry, beside), dict(entry))
        except Unreadable as why:
            yield Candidate(source, sentence=str(why))
        except _CLOSED as error:
            yield Candidate(source, sentence=_closed(entry["job_folder"], error))


def _folder_of(key: str, entry: Any, beside: Mapping[str, Path]) -> Path:
    """The folder of an entry: where it says, else the one of that name near the registry. Raises Unreadable."""
    if not isinstance(entry, dict) or not isinstance(entry.get("job_id", key), str):
        raise Unreadable(f"entry '{key}' of the registry is damaged: it names no job")
    said = entry.get("job_folder")
    if said is not None and not isinstance(said, str):
        raise Unreadable(f"entry '{key}' of the registry is damaged: its job_folder is no path")
    if entry.get("job_id", key) != key:
        raise Unreadable(f"entry '{key}' of the registry is damaged: it is about job '{entry['job_id']}'")
    parts = re.split(r"[/\\]", said) if said else []
    if ".." in parts:
        raise Unreadable(f"entry '{key}' names the folder '{said}', which leads elsewhere by '..': it is left out")
    name = next((part for part in reversed(parts) if part), key)
    near = beside.get(name) or beside.get(key)
    if near is not None:
        return near
    if said and Path(said).is_absolute() and Path(said).is_dir():
        return Path(said)
    raise Unreadable(
        f"the folder of job '{key}' is not there any more ('{said or key}'): its results cannot be brought"
    )


def _folders_beside(folder: Path) -> dict[str, Path]:
    """Folders at the registry's place and one below, by name."""
    here = subfolders(folder)
    found = {path.name: path for above in here for path in subfolders(above)}
    return {**found, **{path.name: path for path in here}}


def _place(folder: Path | None) -> str:
    return os.path.normcase(os.path.abspath(folder)) if folder else ""  # noqa: PTH100, which would look at the disk
