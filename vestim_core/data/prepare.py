"""From a job's data section to a prepared set, in one call: find, hash, read, resample, fit, normalise, write.

The same files with the same settings give the same folder in the cache and the same bits in it; one that is there
already is taken as it is. The pipeline is fitted on training files only. A call that fails or is cancelled leaves
nothing behind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vestim_core.data.checks import Member, check_set, check_table
from vestim_core.data.pipeline import PIPELINE_VERSION, Pipeline, resample_table, run_steps
from vestim_core.data.prepared import (
    PreparedFile,
    PreparedSet,
    is_complete,
    open_prepared,
    prepared_file,
    unique_keys,
    write_prepared,
)
from vestim_core.data.rates import rate_findings
from vestim_core.data.readers import usable
from vestim_core.data.refusal import refuse_errors, repairs_by_file
from vestim_core.data.repairs import load_repaired
from vestim_core.data.roles import RoleFile, distinct_contents, files_by_role
from vestim_core.data.steps.augment import Drawn
from vestim_core.data.steps.even import EvenRows
from vestim_core.data.table import Table
from vestim_core.data.vendors import vendor_files
from vestim_core.spec.columns import file_columns, makes
from vestim_core.spec.data import DataSpec, Role
from vestim_core.spec.errors import VestimError
from vestim_core.spec.finding import Finding
from vestim_core.spec.preparation import Resample, Step
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.states import Phase, PhaseState

__all__ = ["PreparationCancelled", "prepare", "prepare_table", "provenance"]

Report = Callable[[Phase, PhaseState, float, str], None]
"""Told of (phase, state, fraction done 0..1, a few words)."""

READERS_VERSION = 4
"""Raised with every change of readers, checks or repairs that gives other rows or findings for the same file."""
_BASELINE_COLUMNS = ("soc", "current_A", "voltage_V")
_READING_STARTS = 0.2
"""Share of the data import that hashing is taken for; reading is the rest."""
_FITTING_STARTS = 0.5
"""Share of the data augmentation that new columns are taken for; scaling and writing is the rest."""
_Made = tuple[EvenRows, tuple[Drawn, ...]]


class PreparationCancelled(Exception):
    """`cancelled` said yes; nothing was written."""


def prepare(
    data: DataSpec,
    signals: SignalsSpec,
    steps: Sequence[Step],
    cache: Path,
    report: Report,
    found: Callable[[Finding], None],
    cancelled: Callable[[], bool],
    *,
    mappings: Mapping[str, Mapping[str, str]] | None = None,
    extra_vendors: Path | None = None,
) -> PreparedSet:
    """The prepared set of `data` in `cache/<key>/`, made now or taken from there.

    found: called with each finding, also when the set is taken from the cache. cancelled: asked before every file.
    mappings: by path, what a file's columns are where `data` does not say. extra_vendors: a folder with more vendor
    files.
    Raises VestimError for files that cannot be used and for findings of severity error that no repair in `data` takes
    away or accepts; PreparationCancelled.
    """

    def progress(phase: Phase, fraction: float, message: str) -> None:
        if cancelled():
            raise PreparationCancelled
        report(phase, PhaseState.RUNNING, fraction, message)

    named = files_by_role(data)

    def hashed(count: int) -> None:
        progress(Phase.DATA_IMPORT, _READING_STARTS * count / len(named), f"checked {count} of {_files(named)}")

    files, twice = distinct_contents(named, hashed, data)
    columns = [data.columns or (mappings or {}).get(str(file.path), {}) for file in files]
    directory = cache / _cache_key(data, columns, signals, steps, files, extra_vendors)
    earlier = _earlier(directory)
    if earlier:
        prepared = earlier
        for phase in (Phase.DATA_IMPORT, Phase.DATA_PROCESSING, Phase.DATA_AUGMENTATION):
            report(phase, PhaseState.DONE, 1.0, f"taken {_files(files)} from an earlier preparation")
    else:
        tables, together = _read(files, data, columns, signals, steps, progress, extra_vendors)
        report(Phase.DATA_IMPORT, PhaseState.DONE, 1.0, f"read {_files(files)}")
        rows = _resample(tables, steps, progress)
        report(Phase.DATA_PROCESSING, PhaseState.DONE, 1.0, f"resampled {_files(files)}")
        made = _run(files, tables, rows, steps, progress)
        prepared = _finish(directory, files, tables, together, made, steps, signals, progress)
        report(Phase.DATA_AUGMENTATION, PhaseState.DONE, 1.0, f"prepared {_files(files)}")
    findings = (*twice, *prepared.findings)
    for finding in findings:
        found(finding)
    # The cache may have been made from copies that lie elsewhere.
    here = tuple(replace(file, source=str(now.path)) for file, now in zip(prepared.files, files, strict=True))
    return replace(prepared, files=here, findings=findings)


def _earlier(directory: Path) -> PreparedSet | None:
    """The set that lies there, if one does; one that the cache lets go of at this very moment does not."""
    try:
        return open_prepared(directory)
    except VestimError:
        if is_complete(directory):
            raise
        return None


def prepare_table(pipeline: Pipeline, table: Table, role: Role) -> PreparedFile:
    """One file through a fitted pipeline, to test a model on it."""
    arrays = pipeline.apply(table)
    return prepared_file(
        arrays,
        key=unique_keys([table.name])[0],
        name=table.name,
        role=role,
        sha256=table.sha256,
        source=str(table.path),
        source_rows=table.rows,
    )


def columns_of(signals: SignalsSpec, steps: Sequence[Step]) -> tuple[list[str], list[str]]:
    """Canonical columns that files must have for `signals` and `steps`, and those that are read when they are there."""
    needed = [*file_columns(steps, signals)]
    made = [makes(step) for step in steps]
    return needed, [name for name in _BASELINE_COLUMNS if name not in (*needed, *made)]


def provenance(prepared: PreparedSet) -> dict[str, Any]:
    """What `job.json` keeps of the data: each file with hash, rows, length and role; hash of the arrays."""
    roles = dict.fromkeys(file.role for file in prepared.files)
    return {
        "files": [
            {
                "key": file.key,
                "name": file.name,
                "path": file.source,
                "sha256": file.sha256,
                "role": file.role,
                "source_rows": file.source_rows,
                "rows": file.scored_rows,
                "duration_s": file.scored_rows * prepared.period_s,
                "segments": len(file.segments),
                **({"augmentation": list(file.augmentation)} if file.augmentation else {}),
            }
            for file in prepared.files
        ],
        "split": {role: [file.key for file in prepared.of(role)] for role in roles},
        "arrays_sha256": prepared.arrays_sha256,
        "pipeline": prepared.pipeline.to_json(),
    }


def _read(
    files: Sequence[RoleFile],
    data: DataSpec,
    columns: Sequence[Mapping[str, str]],
    signals: SignalsSpec,
    steps: Sequence[Step],
    progress: Callable[[Phase, float, str], None],
    extra_vendors: Path | None,
) -> tuple[list[Table], list[Finding]]:
    """The files as tables that can be used, each with its findings, and what is to be said of them together.

    columns: the mapping of each file.
    """
    needed, wanted = columns_of(signals, steps)
    grid = next(step for step in steps if isinstance(step, Resample))
    repairs = repairs_by_file(data, files)
    tables = []
    for number, file in enumerate(files):
        fraction = _READING_STARTS + (1 - _READING_STARTS) * number / len(files)
        progress(Phase.DATA_IMPORT, fraction, f"read {number} of {_files(files)}")
        table = load_repaired(
            file.path,
            repairs[number],
            columns[number],
            needed,
            wanted,
            name=file.name,
            sha256=file.sha256,
            extra_vendors=extra_vendors,
        )
        tables.append(replace(table, findings=tuple(check_table(table))))
    together = check_set([Member(table, file.role) for table, file in zip(tables, files, strict=True)])
    refuse_errors(tables, together)
    ready = [usable(table, needed, dict(mapping)) for table, mapping in zip(tables, columns, strict=True)]
    return [replace(table, findings=(*table.findings, *rate_findings(table, grid))) for table in ready], together


def _resample(
    tables: Sequence[Table], steps: Sequence[Step], progress: Callable[[Phase, float, str], None]
) -> list[EvenRows]:
    rows = []
    for number, table in enumerate(tables):
        progress(Phase.DATA_PROCESSING, number / len(tables), f"resampled {number} of {_files(tables)}")
        rows.append(resample_table(steps, table))
    return rows


def _run(
    files: Sequence[RoleFile],
    tables: Sequence[Table],
    rows: Sequence[EvenRows],
    steps: Sequence[Step],
    progress: Callable[[Phase, float, str], None],
) -> list[_Made]:
    """Each file through the steps between resampling and normalisation."""
    made = []
    for number, (file, table, even) in enumerate(zip(files, tables, rows, strict=True)):
        progress(Phase.DATA_AUGMENTATION, _FITTING_STARTS * number / len(files), f"made columns of {number} files")
        made.append(run_steps(steps, even, table, training=file.role == "train"))
    return made


def _finish(
    directory: Path,
    files: Sequence[RoleFile],
    tables: Sequence[Table],
    together: Sequence[Finding],
    made: Sequence[_Made],
    steps: Sequence[Step],
    signals: SignalsSpec,
    progress: Callable[[Phase, float, str], None],
) -> PreparedSet:
    """Fit on the training files, then normalise and write one file at a time."""
    progress(Phase.DATA_AUGMENTATION, _FITTING_STARTS, "fits the normalisation")
    training = [rows for (rows, _), file in zip(made, files, strict=True) if file.role == "train"]
    pipeline = Pipeline.fit_rows(steps, signals, training)
    keys = unique_keys(table.name for table in tables)

    def finished() -> Iterator[PreparedFile]:
        for number, (file, table, (rows, drawn), key) in enumerate(zip(files, tables, made, keys, strict=True)):
            fraction = _FITTING_STARTS + (1 - _FITTING_STARTS) * number / len(files)
            progress(Phase.DATA_AUGMENTATION, fraction, f"prepared {number} of {_files(files)}")
            yield prepared_file(
                pipeline.scale(rows),
                key=key,
                name=table.name,
                role=file.role,
                sha256=file.sha256,
                source=str(file.path),
                source_rows=table.rows,
                augmentation=tuple(one.to_json() for one in drawn),
            )

    findings = [*(finding for table in tables for finding in table.findings), *together]
    return write_prepared(directory, pipeline, finished(), findings)


def _cache_key(
    data: DataSpec,
    columns: Sequence[Mapping[str, str]],
    signals: SignalsSpec,
    steps: Sequence[Step],
    files: Sequence[RoleFile],
    extra_vendors: Path | None,
) -> str:
    """Name of the set's folder: everything that the arrays depend on, hashed."""
    facts = {
        "pipeline_version": PIPELINE_VERSION,
        "readers_version": READERS_VERSION,
        "files": [[file.sha256, file.role, file.name] for file in files],
        "columns": data.columns or (columns if any(columns) else {}),
        "repairs": [[one.model_dump(mode="json") for one in given] for given in repairs_by_file(data, files)],
        "vendors": [file.read_text(encoding="utf-8") for file in vendor_files(extra_vendors)],
        "signals": signals.model_dump(mode="json"),
        "steps": [step.model_dump(mode="json") for step in steps],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _files(files: Sequence[object]) -> str:
    return f"{len(files)} file{'' if len(files) == 1 else 's'}"
