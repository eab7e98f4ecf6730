"""Prepares a job's data in one call: find, hash, read, resample, fit, normalize, write.

The same files with the same settings give the same cache folder with the same bits; an existing one is reused. The
pipeline is fitted on training files only. A call that fails or is canceled leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vestim_core.data.blocking_findings import raise_blocking_findings, repairs_by_file
from vestim_core.data.checks import CheckedFile, check_set, check_table
from vestim_core.data.pipeline import PIPELINE_VERSION, Pipeline, resample_table, run_steps
from vestim_core.data.prepared_set import (
    PreparedFile,
    PreparedSet,
    is_complete,
    open_prepared,
    prepared_file,
    unique_keys,
    write_prepared,
)
from vestim_core.data.readers import clean_table
from vestim_core.data.repairs import load_repaired
from vestim_core.data.resample_findings import rate_findings
from vestim_core.data.roles import RoleFile, distinct_contents, files_by_role
from vestim_core.data.steps.augment import AugmentationDraw
from vestim_core.data.steps.resampled_table import ResampledTable
from vestim_core.data.table import Table
from vestim_core.data.vendors import vendor_files
from vestim_core.spec.data import DataSpec, Role
from vestim_core.spec.errors import VestimError
from vestim_core.spec.finding import Finding
from vestim_core.spec.preparation import Resample, Step
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.states import Phase, PhaseState
from vestim_core.spec.step_columns import required_file_columns, step_output_column

__all__ = ["PreparationCanceled", "prepare", "prepare_table", "provenance"]

ProgressCallback = Callable[[Phase, PhaseState, float, str], None]
"""Called with (phase, state, fraction done 0..1, short message)."""

READERS_VERSION = 4
"""Raised with every change of readers, checks or repairs that gives other rows or findings for the same file."""
_BASELINE_COLUMNS = ("soc", "current_A", "voltage_V")
_HASHING_SHARE = 0.2
"""Share of the data import phase attributed to hashing; reading is the rest."""
_COLUMNS_SHARE = 0.5
"""Share of the data augmentation phase attributed to new columns; scaling and writing are the rest."""
_RowsWithDraws = tuple[ResampledTable, tuple[AugmentationDraw, ...]]


class PreparationCanceled(Exception):
    """The preparation was canceled; nothing was written."""


def prepare(
    data: DataSpec,
    signals: SignalsSpec,
    steps: Sequence[Step],
    cache: Path,
    on_progress: ProgressCallback,
    on_finding: Callable[[Finding], None],
    is_canceled: Callable[[], bool],
    *,
    mappings: Mapping[str, Mapping[str, str]] | None = None,
    extra_vendors: Path | None = None,
) -> PreparedSet:
    """Prepare `data`, or take the prepared set from `cache/<key>/`.

    on_finding: called with each finding, also for a set from the cache. is_canceled: polled before every file.
    mappings: column mapping by path, for files that `data` has none for. extra_vendors: a folder with more vendor
    files. Raises VestimError for unusable files and for findings of severity error that no repair in `data` resolves or
    accepts; PreparationCanceled.
    """

    def progress(phase: Phase, fraction: float, message: str) -> None:
        if is_canceled():
            raise PreparationCanceled
        on_progress(phase, PhaseState.RUNNING, fraction, message)

    role_files = files_by_role(data)

    def report_hashing(count: int) -> None:
        progress(
            Phase.DATA_IMPORT, _HASHING_SHARE * count / len(role_files), f"checked {count} of {_count_text(role_files)}"
        )

    files, duplicate_findings = distinct_contents(role_files, report_hashing, data)
    columns = [data.columns or (mappings or {}).get(str(file.path), {}) for file in files]
    directory = cache / _cache_key(data, columns, signals, steps, files, extra_vendors)
    cached_set = _open_cached(directory)
    if cached_set:
        prepared_set = cached_set
        for phase in (Phase.DATA_IMPORT, Phase.DATA_PROCESSING, Phase.DATA_AUGMENTATION):
            on_progress(phase, PhaseState.DONE, 1.0, f"taken {_count_text(files)} from an earlier preparation")
    else:
        tables, set_findings = _read_tables(files, data, columns, signals, steps, progress, extra_vendors)
        on_progress(Phase.DATA_IMPORT, PhaseState.DONE, 1.0, f"read {_count_text(files)}")
        rows = _resample(tables, steps, progress)
        on_progress(Phase.DATA_PROCESSING, PhaseState.DONE, 1.0, f"resampled {_count_text(files)}")
        file_rows = _run_column_steps(files, tables, rows, steps, progress)
        prepared_set = _fit_and_write(directory, files, tables, set_findings, file_rows, steps, signals, progress)
        on_progress(Phase.DATA_AUGMENTATION, PhaseState.DONE, 1.0, f"prepared {_count_text(files)}")
    findings = (*duplicate_findings, *prepared_set.findings)
    for finding in findings:
        on_finding(finding)
    # The cached set may have been prepared from copies at other paths.
    prepared_files = tuple(
        replace(file, source=str(role_file.path)) for file, role_file in zip(prepared_set.files, files, strict=True)
    )
    return replace(prepared_set, files=prepared_files, findings=findings)


def _open_cached(directory: Path) -> PreparedSet | None:
    """Open the cached set, if there is one. A set that the cache evicts at this moment counts as absent."""
    try:
        return open_prepared(directory)
    except VestimError:
        if is_complete(directory):
            raise
        return None


def prepare_table(pipeline: Pipeline, table: Table, role: Role) -> PreparedFile:
    """Apply a fitted pipeline to one file, to test a model on it."""
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


def columns_to_read(signals: SignalsSpec, steps: Sequence[Step]) -> tuple[list[str], list[str]]:
    """(required, optional) canonical columns of files for `signals` and `steps`."""
    required_columns = [*required_file_columns(steps, signals)]
    created_columns = [step_output_column(step) for step in steps]
    return required_columns, [name for name in _BASELINE_COLUMNS if name not in (*required_columns, *created_columns)]


def provenance(prepared_set: PreparedSet) -> dict[str, Any]:
    """Provenance of the data for `job.json`: hash, rows, length and role of each file; hash of the arrays."""
    roles = dict.fromkeys(file.role for file in prepared_set.files)
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
                "duration_s": file.scored_rows * prepared_set.period_s,
                "segments": len(file.segments),
                **({"augmentation": list(file.augmentation)} if file.augmentation else {}),
            }
            for file in prepared_set.files
        ],
        "split": {role: [file.key for file in prepared_set.files_of_role(role)] for role in roles},
        "arrays_sha256": prepared_set.arrays_sha256,
        "pipeline": prepared_set.pipeline.to_json(),
    }


def _read_tables(
    files: Sequence[RoleFile],
    data: DataSpec,
    columns: Sequence[Mapping[str, str]],
    signals: SignalsSpec,
    steps: Sequence[Step],
    progress: Callable[[Phase, float, str], None],
    extra_vendors: Path | None,
) -> tuple[list[Table], list[Finding]]:
    """Read and check the files; return cleaned tables with their findings, and the findings about all files together.

    columns: the mapping of each file.
    """
    required_columns, optional_columns = columns_to_read(signals, steps)
    grid = next(step for step in steps if isinstance(step, Resample))
    repairs = repairs_by_file(data, files)
    tables = []
    for index, file in enumerate(files):
        fraction = _HASHING_SHARE + (1 - _HASHING_SHARE) * index / len(files)
        progress(Phase.DATA_IMPORT, fraction, f"read {index} of {_count_text(files)}")
        table = load_repaired(
            file.path,
            repairs[index],
            columns[index],
            required_columns,
            optional_columns,
            name=file.name,
            sha256=file.sha256,
            extra_vendors=extra_vendors,
        )
        tables.append(replace(table, findings=tuple(check_table(table))))
    set_findings = check_set([CheckedFile(table, file.role) for table, file in zip(tables, files, strict=True)])
    raise_blocking_findings(tables, set_findings)
    clean_tables = [
        clean_table(table, required_columns, dict(mapping)) for table, mapping in zip(tables, columns, strict=True)
    ]
    return [
        replace(table, findings=(*table.findings, *rate_findings(table, grid))) for table in clean_tables
    ], set_findings


def _resample(
    tables: Sequence[Table], steps: Sequence[Step], progress: Callable[[Phase, float, str], None]
) -> list[ResampledTable]:
    rows = []
    for index, table in enumerate(tables):
        progress(Phase.DATA_PROCESSING, index / len(tables), f"resampled {index} of {_count_text(tables)}")
        rows.append(resample_table(steps, table))
    return rows


def _run_column_steps(
    files: Sequence[RoleFile],
    tables: Sequence[Table],
    resampled_rows: Sequence[ResampledTable],
    steps: Sequence[Step],
    progress: Callable[[Phase, float, str], None],
) -> list[_RowsWithDraws]:
    """Run the steps between resampling and normalization on each file."""
    file_rows = []
    for index, (file, table, resampled_table) in enumerate(zip(files, tables, resampled_rows, strict=True)):
        progress(Phase.DATA_AUGMENTATION, _COLUMNS_SHARE * index / len(files), f"made columns of {index} files")
        file_rows.append(run_steps(steps, resampled_table, table, is_training=file.role == "train"))
    return file_rows


def _fit_and_write(
    directory: Path,
    files: Sequence[RoleFile],
    tables: Sequence[Table],
    set_findings: Sequence[Finding],
    file_rows: Sequence[_RowsWithDraws],
    steps: Sequence[Step],
    signals: SignalsSpec,
    progress: Callable[[Phase, float, str], None],
) -> PreparedSet:
    """Fit on the training files, then normalize and write one file at a time."""
    progress(Phase.DATA_AUGMENTATION, _COLUMNS_SHARE, "fits the normalization")
    training = [rows for (rows, _), file in zip(file_rows, files, strict=True) if file.role == "train"]
    pipeline = Pipeline.fit_rows(steps, signals, training)
    keys = unique_keys(table.name for table in tables)

    def scaled_files() -> Iterator[PreparedFile]:
        for index, (file, table, (rows, draws), key) in enumerate(zip(files, tables, file_rows, keys, strict=True)):
            fraction = _COLUMNS_SHARE + (1 - _COLUMNS_SHARE) * index / len(files)
            progress(Phase.DATA_AUGMENTATION, fraction, f"prepared {index} of {_count_text(files)}")
            yield prepared_file(
                pipeline.scale(rows),
                key=key,
                name=table.name,
                role=file.role,
                sha256=file.sha256,
                source=str(file.path),
                source_rows=table.rows,
                augmentation=tuple(draw.to_json() for draw in draws),
            )

    findings = [*(finding for table in tables for finding in table.findings), *set_findings]
    return write_prepared(directory, pipeline, scaled_files(), findings)


def _cache_key(
    data: DataSpec,
    columns: Sequence[Mapping[str, str]],
    signals: SignalsSpec,
    steps: Sequence[Step],
    files: Sequence[RoleFile],
    extra_vendors: Path | None,
) -> str:
    """Name of the set's folder: a hash of everything that the arrays depend on."""
    facts = {
        "pipeline_version": PIPELINE_VERSION,
        "readers_version": READERS_VERSION,
        "files": [[file.sha256, file.role, file.name] for file in files],
        "columns": data.columns or (columns if any(columns) else {}),
        "repairs": [[repair.model_dump(mode="json") for repair in repairs] for repairs in repairs_by_file(data, files)],
        "vendors": [file.read_text(encoding="utf-8") for file in vendor_files(extra_vendors)],
        "signals": signals.model_dump(mode="json"),
        "steps": [step.model_dump(mode="json") for step in steps],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _count_text(files: Sequence[object]) -> str:
    return f"{len(files)} file{'' if len(files) == 1 else 's'}"
