"""Inspect: answer one inspection of files. Never loads torch; the same inspection of the same bytes is computed once.

Answers lie in the home's cache under a hash of the inspection, of the files' contents and of the readers' version.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vestim_core.data.bdf import write_bdf
from vestim_core.data.checks import CheckedFile, check_set
from vestim_core.data.data_files import distinct_names, find_files, sha256_of
from vestim_core.data.data_set_files import find_same_names, merge_mappings, resolve_files, worst_findings
from vestim_core.data.demo import ensure_demo
from vestim_core.data.file_inspection import inspect_file
from vestim_core.data.file_repairs import resolve_repairs, select_repairs, unaccepted_findings
from vestim_core.data.file_summary import sniff
from vestim_core.data.prepare_data import READERS_VERSION
from vestim_core.data.preview import preview
from vestim_core.data.readers import load_table
from vestim_core.data.repairs import apply_repairs
from vestim_core.data.table import Table
from vestim_core.data.vendors import vendor_files
from vestim_core.spec.data import Role
from vestim_core.spec.data_set import DataSetContent, DataSetFile
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.inspection import Check, CheckDataSet, GenerateDemo, Preview, Rewrite, Sniff
from vestim_core.spec.states import AttemptState, Intent
from vestim_core.system import read_json, safe_name, unique_path, write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.home_mappings import column_mapping

ANSWERS_VERSION = 3
"""Raised when the structure of answers changes, so a cached one of the old structure is not used."""
MAX_ANSWERS = 200  # in the cache, where they are small files; arbitrary


class _Canceled(Exception):
    """The user's intent is to end the inspection."""


def run(attempt: Attempt) -> AttemptState:
    """Write `result/answer.json`."""
    inspection = attempt.task.inspection
    try:
        match inspection:
            case Sniff():
                answer = _from_cache(attempt, inspection.files, lambda: _sniff(attempt, inspection))
            case Check():
                files = [file.path for file in inspection.files]
                answer = _from_cache(attempt, files, lambda: _check(attempt, inspection))
            case Preview():
                answer = _from_cache(attempt, [inspection.file], lambda: _preview(attempt, inspection))
            case Rewrite():
                answer = _rewrite(attempt, inspection)
            case CheckDataSet():
                roles = resolve_files(inspection.spec)
                answer = _from_cache(
                    attempt, [str(path) for path in roles], lambda: _check_data_set(attempt, inspection, roles)
                )
            case GenerateDemo():
                answer = ensure_demo(attempt.home.demo, attempt.journal.progress)
            case None:
                raise wrong_input("the task asks nothing: ask again", location="inspection")
    except _Canceled:
        return AttemptState.PAUSED if attempt.control.intent() is Intent.PAUSE else AttemptState.STOPPED
    write_json(attempt.result_folder / "answer.json", answer)
    attempt.journal.event(EventKind.RESULT, {"answer": "answer.json"})
    return AttemptState.FINISHED


def _from_cache(attempt: Attempt, paths: list[str], inspect: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the cached answer for the same inspection, files and readers; else compute and cache it."""
    home, inspection = attempt.home, attempt.task.inspection
    contents = [[str(path), sha256_of(path)] for path in find_files(paths)]
    vendors = [path.read_text(encoding="utf-8") for path in vendor_files(home.vendors)]
    mappings = home.mappings.read_text(encoding="utf-8") if home.mappings.is_file() else ""
    inspection_values = inspection.model_dump(mode="json") if inspection else None
    cache_key_source = json.dumps(
        [ANSWERS_VERSION, READERS_VERSION, inspection_values, contents, vendors, mappings], sort_keys=True
    )
    cache_path = home.inspection_answers / f"{hashlib.sha256(cache_key_source.encode()).hexdigest()[:32]}.json"
    try:
        return dict(read_json(cache_path))
    except (OSError, ValueError):
        answer = inspect()
    cache_path.parent.mkdir(parents=True, exist_ok=True)
    write_json(cache_path, answer)
    for outdated_path in sorted(cache_path.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-MAX_ANSWERS]:
        outdated_path.unlink(missing_ok=True)
    return answer


def _sniff(attempt: Attempt, inspection: Sniff) -> dict[str, Any]:
    files = []
    for path in _iter_files(attempt, inspection.files, "looked at"):
        try:
            sniff_result = sniff(
                path, column_mapping(attempt.home, path, inspection.columns), extra_vendors=attempt.home.vendors
            )
        except VestimError as error:
            files.append({**_unreadable_entry(path), "error": error.message})
        else:
            files.append({**sniff_result.to_json(), "readable": True})
    return {"files": files}


def _check(attempt: Attempt, inspection: Check) -> dict[str, Any]:
    roles = {file.path: file.role for file in inspection.files}
    paths = find_files(list(roles))
    names = dict(zip(paths, distinct_names(paths), strict=True))
    checked_files, files, findings = [], [], []
    for path in _iter_files(attempt, list(roles), "checked"):
        mapping = column_mapping(attempt.home, path, inspection.columns)
        table, file_findings = inspect_file(path, mapping, extra_vendors=attempt.home.vendors, name=names[path])
        findings += file_findings
        role = next(
            (
                role
                for listed_path, role in roles.items()
                if path == Path(listed_path) or Path(listed_path) in path.parents
            ),
            None,
        )
        if table is None:  # the finding says why
            files.append({**_unreadable_entry(path), "name": names[path], "role": role})
            continue
        checked_files.append(CheckedFile(table, role or "train"))
        files.append({**_table_entry(table), **_file_statistics(table), "readable": True, "role": role})
    findings += check_set(checked_files)
    return {"files": files, "findings": [finding.model_dump(mode="json") for finding in findings]}


def _preview(attempt: Attempt, inspection: Preview) -> dict[str, Any]:
    (path,) = find_files([inspection.file])
    table = apply_repairs(_load(attempt, path, inspection.columns), inspection.repairs)
    curves = preview(
        table, inspection.signals or [name for name in table.columns if name != "time_s"], inspection.points
    )
    return {**_table_entry(table), "signals": curves["columns"]}


def _rewrite(attempt: Attempt, inspection: Rewrite) -> dict[str, Any]:
    folder = Path(inspection.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise wrong_input(f"'{folder}' cannot be made ({error.strerror or error}): name another folder") from None
    written_files = []
    for path in _iter_files(attempt, inspection.files, "written"):
        repairs = [file_repair.repair for file_repair in inspection.repairs if Path(file_repair.file) == path]
        table = apply_repairs(_load(attempt, path, inspection.columns), repairs)
        target = unique_path(folder, safe_name(f"{path.stem.removesuffix('.bdf')}.bdf.csv"))
        write_bdf(table, target)
        written_files.append({"source": str(path), "path": str(target), "rows": table.rows, "repairs": len(repairs)})
    return {"files": written_files}


def _check_data_set(attempt: Attempt, inspection: CheckDataSet, roles: dict[Path, Role]) -> dict[str, Any]:
    """Read, repair and check every file, then check all together; the result is a `DataSetContent` as plain values."""
    spec, paths = inspection.spec, list(roles)
    repairs = resolve_repairs(spec.repairs, paths)
    columns = spec.columns or merge_mappings({path: column_mapping(attempt.home, path, {}) for path in paths})
    names = dict(zip(paths, distinct_names(paths), strict=True))
    checked_files, files, findings = [], [], find_same_names(names)
    for path in _iter_files(attempt, [str(path) for path in paths], "checked"):
        file_repairs = select_repairs(repairs, path)
        table, file_findings = inspect_file(
            path, columns, file_repairs, extra_vendors=attempt.home.vendors, name=names[path]
        )
        findings += file_findings
        if table is None:  # the finding says why
            files.append(DataSetFile(path=str(path), role=roles[path], sha256=sha256_of(path), readable=False))
            continue
        checked_files.append(CheckedFile(table, roles[path]))
        files.append(_data_set_file(table, roles[path]))
    findings = unaccepted_findings([*findings, *check_set(checked_files)], repairs, names)
    content = DataSetContent(
        files=files,
        columns=columns,
        repairs=repairs,
        findings=worst_findings(findings),
        finding_counts=dict(Counter(finding.severity for finding in findings)),
    )
    return content.model_dump(mode="json")


def _data_set_file(table: Table, role: Role) -> DataSetFile:
    path, sha256 = str(table.path), table.sha256
    statistics = _file_statistics(table)
    return DataSetFile(path=path, role=role, sha256=sha256, rows=table.rows, vendor=table.vendor, **statistics)


def _file_statistics(table: Table) -> dict[str, float | None]:
    """Duration, usual time between rows and mean temperature of a file; None where unknown."""
    time_s = table.columns["time_s"]
    steps_s = np.diff(time_s)
    temperature_degC = table.columns.get("temperature_degC", time_s[:0])
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # of a column that is all NaN
        statistics = {
            "duration_s": np.nanmax(time_s) - np.nanmin(time_s) if len(time_s) else np.nan,
            "sample_time_s": np.nanmedian(steps_s) if len(steps_s) else np.nan,
            "temperature_degC": np.nanmean(temperature_degC) if len(temperature_degC) else np.nan,
        }
    return {name: float(value) if np.isfinite(value) else None for name, value in statistics.items()}


def _iter_files(attempt: Attempt, paths: list[str], verb: str) -> Any:
    """Yield each file with progress by file; raises `_Canceled` when the user's intent changes."""
    files = find_files(paths)
    for index, path in enumerate(files):
        if attempt.is_canceled():
            raise _Canceled
        message = f"{index} of {len(files)} files {verb}"
        attempt.journal.progress({"fraction": index / len(files), "message": message})
        yield path


def _load(attempt: Attempt, path: Path, columns: dict[str, str]) -> Table:
    mapping = column_mapping(attempt.home, path, columns)
    return load_table(path, mapping, extra_vendors=attempt.home.vendors)


def _unreadable_entry(path: Path) -> dict[str, Any]:
    return {"path": str(path), "name": path.name, "readable": False, "rows": 0, "vendor": "", "why": "no table"}


def _table_entry(table: Table) -> dict[str, Any]:
    return {
        "path": str(table.path),
        "name": table.name,
        "sha256": table.sha256,
        "rows": table.rows,
        "vendor": table.vendor,
        "why": table.vendor_evidence,
        "columns": dict(table.sources),
    }
