"""Prepared data sets: a folder of .npy arrays with one index file, either complete or absent.

    <directory>/prepared.json                 pipeline, files, segments, findings, hash of all arrays
    <directory>/<key>/time_s.npy  features.npy  target.npy  physical.npy

A set is written to a temporary folder, renamed, and never changed afterward. Arrays are memory-mapped read-only, so
that any number of tasks share one copy; no pickled object is ever read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vestim_core.data.pipeline import Pipeline, PreparedArrays
from vestim_core.data.segment import Segment
from vestim_core.spec.data import Role
from vestim_core.spec.errors import ErrorCode, VestimError, not_found, wrong_input
from vestim_core.spec.finding import Finding
from vestim_core.spec.signals import SignalsSpec

__all__ = ["PreparedFile", "PreparedSet", "Role", "Segment", "is_complete", "open_prepared", "write_prepared"]

SCHEMA_VERSION = 1  # raised with every change of the index file
_INDEX = "prepared.json"
_ARRAYS = ("time_s", "features", "target", "physical")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class PreparedFile:
    """One file in the form that models read.

    key: unique within its set and valid as a file name on every system: the file's name without suffix, then name_2,
    ...
    name: file name. source: path that it was read from. source_rows: rows before resampling.
    time_s: (n,) float64, increasing within a segment. features: (n, F) float32 scaled, C-contiguous.
    target: (n,) float32 scaled. physical: (n, C) float64 in the units of `columns`. segments: cover all n rows.
    augmentation: the random changes of a training file, one record per step.
    """

    key: str
    name: str
    role: Role
    sha256: str
    time_s: np.ndarray
    features: np.ndarray
    target: np.ndarray
    physical: np.ndarray
    columns: tuple[str, ...]
    segments: tuple[Segment, ...]
    source: str = ""
    source_rows: int = 0
    augmentation: tuple[dict[str, Any], ...] = ()

    def column(self, name: str) -> np.ndarray:
        """The column in physical units, (n,) float64; KeyError if the file has no such column."""
        if name not in self.columns:
            raise KeyError(name)
        return self.physical[:, self.columns.index(name)]

    @property
    def scored_rows(self) -> int:
        """Number of rows that count in losses and metrics."""
        return sum(segment.stop - segment.scored_from for segment in self.segments)


@dataclass(frozen=True)
class PreparedSet:
    """All files of a job in one preparation. arrays_sha256: hash over all arrays and segments, for provenance."""

    directory: Path
    pipeline: Pipeline
    signals: SignalsSpec
    files: tuple[PreparedFile, ...]
    findings: tuple[Finding, ...] = ()
    arrays_sha256: str = ""

    def files_of_role(self, role: Role) -> list[PreparedFile]:
        """The files of one role, in order."""
        return [file for file in self.files if file.role == role]

    @property
    def period_s(self) -> float:
        """Time between two rows in seconds."""
        return self.pipeline.period_s


def prepared_file(
    arrays: PreparedArrays,
    *,
    key: str,
    name: str,
    role: Role,
    sha256: str,
    source: str,
    source_rows: int,
    augmentation: tuple[dict[str, Any], ...] = (),
) -> PreparedFile:
    """Combine `arrays` with the identity of the file that they come from."""
    return PreparedFile(
        key=key,
        name=name,
        role=role,
        sha256=sha256,
        time_s=arrays.time_s,
        features=arrays.features,
        target=arrays.target,
        physical=arrays.physical,
        columns=arrays.columns,
        segments=arrays.segments,
        source=source,
        source_rows=source_rows,
        augmentation=augmentation,
    )


def unique_keys(names: Iterable[str]) -> list[str]:
    """Derive a key from each file name: valid as a file name on every system and unique regardless of case."""
    used_keys: set[str] = set()
    keys = []
    for name in names:
        stem = re.sub(r"[^\w.-]+", "_", Path(name).stem).strip("._")[:60] or "file"
        stem = f"file_{stem}" if _RESERVED.fullmatch(stem) else stem
        key, count = stem, 1
        while key.lower() in used_keys:
            count += 1
            key = f"{stem}_{count}"
        used_keys.add(key.lower())
        keys.append(key)
    return keys


def write_prepared(
    directory: Path, pipeline: Pipeline, files: Iterable[PreparedFile], findings: Sequence[Finding] = ()
) -> PreparedSet:
    """Write a set, one file at a time as `files` yields them, and open it. An existing complete set is kept.

    A failure, including an exception raised by `files`, leaves nothing behind.
    """
    try:
        _write(directory, pipeline, files, findings)
    except OSError as error:
        raise VestimError(
            ErrorCode.FAILED,
            f'The prepared data cannot be written to "{directory.parent}": {error.strerror or error}.',
            location=str(directory.parent),
        ) from None
    return open_prepared(directory)


def is_complete(directory: Path) -> bool:
    """True if the folder holds a set with every array at its full size."""
    try:
        index = json.loads((directory / _INDEX).read_text(encoding="utf-8"))
        return index["schema_version"] == SCHEMA_VERSION and all(
            (directory / entry["key"] / f"{name}.npy").stat().st_size == size
            for entry in index["files"]
            for name, size in entry["bytes"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def open_prepared(directory: Path) -> PreparedSet:
    """Open the set in `directory`; its arrays are read-only memory maps. Raises not_found if there is none."""
    if not is_complete(directory):
        raise not_found(f'No complete prepared data lies in "{directory}": prepare it again.', location=str(directory))
    with suppress(OSError):
        os.utime(directory)  # the cache evicts the least recently used set first
    index = json.loads((directory / _INDEX).read_text(encoding="utf-8"))
    pipeline = Pipeline.from_json(index["pipeline"])
    try:
        files = tuple(_open_file(directory / entry["key"], entry) for entry in index["files"])
    except (ValueError, OSError, KeyError, TypeError):
        raise wrong_input(f'The prepared data in "{directory}" is damaged: delete that folder.') from None
    findings = tuple(Finding.model_validate(finding) for finding in index["findings"])
    return PreparedSet(directory, pipeline, pipeline.signals, files, findings, index["arrays_sha256"])


def _write(directory: Path, pipeline: Pipeline, files: Iterable[PreparedFile], findings: Sequence[Finding]) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    temporary_folder = Path(tempfile.mkdtemp(prefix=f"{directory.name}.tmp-{os.getpid()}-", dir=directory.parent))
    try:
        digest = hashlib.sha256()
        entries = [_write_file(temporary_folder / file.key, file, digest) for file in files]
        index = {
            "schema_version": SCHEMA_VERSION,
            "pipeline": pipeline.to_json(),
            "files": entries,
            "findings": [finding.model_dump(mode="json") for finding in findings],
            "arrays_sha256": digest.hexdigest(),
        }
        (temporary_folder / _INDEX).write_text(json.dumps(index, indent=1), encoding="utf-8")
        if not is_complete(directory):
            shutil.rmtree(directory, ignore_errors=True)
            try:
                temporary_folder.rename(directory)
            except OSError:
                if not is_complete(directory):  # otherwise another process has just written the same set
                    raise
    finally:
        shutil.rmtree(temporary_folder, ignore_errors=True)


def _write_file(folder: Path, file: PreparedFile, digest: Any) -> dict[str, Any]:
    folder.mkdir()
    segments = [asdict(segment) for segment in file.segments]
    digest.update(json.dumps([file.key, file.role, file.columns, segments]).encode())
    for name in _ARRAYS:
        array = np.ascontiguousarray(getattr(file, name))
        digest.update(array)
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    return {
        "key": file.key,
        "name": file.name,
        "role": file.role,
        "sha256": file.sha256,
        "columns": file.columns,
        "segments": segments,
        "source": file.source,
        "source_rows": file.source_rows,
        "augmentation": file.augmentation,
        "bytes": {name: (folder / f"{name}.npy").stat().st_size for name in _ARRAYS},
    }


def _open_file(folder: Path, entry: dict[str, Any]) -> PreparedFile:
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
    return PreparedFile(
        key=entry["key"],
        name=entry["name"],
        role=entry["role"],
        sha256=entry["sha256"],
        columns=tuple(entry["columns"]),
        segments=tuple(Segment(**segment) for segment in entry["segments"]),
        source=entry["source"],
        source_rows=entry["source_rows"],
        augmentation=tuple(entry.get("augmentation", ())),
        **arrays,
    )
