"""Inspect: answer one question about files. Never loads torch; the same question about the same bytes is answered once.

Answers lie in the home's cache under a hash of the question, of the files' contents and of what reads them.
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
from vestim_core.data.checks import Member, check_set
from vestim_core.data.data_set import files_of, one_mapping, same_names, worst_of
from vestim_core.data.demo import keep_demo
from vestim_core.data.file_repairs import repairs_for, repairs_of, still_open
from vestim_core.data.files import distinct_names, find_files, sha256_of
from vestim_core.data.inspection import inspect_file
from vestim_core.data.prepare import READERS_VERSION
from vestim_core.data.preview import preview
from vestim_core.data.readers import load_table
from vestim_core.data.repairs import apply_repairs
from vestim_core.data.sniff import sniff
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
from vestim_core.worker.mappings import mapping_of

ANSWERS_VERSION = 2
"""Raised when answers get another shape, so that a kept one of the old shape is not given."""
MAX_ANSWERS = 200


class _Cancelled(Exception):
    """The user does not want the answer any more."""


def run(attempt: Attempt) -> AttemptState:
    """Leaves `result/answer.json`."""
    question = attempt.task.inspection
    try:
        match question:
            case Sniff():
                answer = _remembered(attempt, question.files, lambda: _sniff(attempt, question))
            case Check():
                files = [file.path for file in question.files]
                answer = _remembered(attempt, files, lambda: _check(attempt, question))
            case Preview():
                answer = _remembered(attempt, [question.file], lambda: _preview(attempt, question))
            case Rewrite():
                answer = _rewrite(attempt, question)
            case CheckDataSet():
                roles = files_of(question.spec)
                answer = _remembered(
                    attempt, [str(path) for path in roles], lambda: _data_set(attempt, question, roles)
                )
            case GenerateDemo():
                answer = keep_demo(attempt.home.demo, attempt.journal.progress)
            case None:
                raise wrong_input("the task asks nothing: ask again", place="inspection")
    except _Cancelled:
        return AttemptState.PAUSED if attempt.control.intent() is Intent.PAUSE else AttemptState.STOPPED
    write_json(attempt.result / "answer.json", answer)
    attempt.journal.event(EventKind.RESULT, {"answer": "answer.json"})
    return AttemptState.FINISHED


def _remembered(attempt: Attempt, paths: list[str], find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer from the cache when question, files and readers are the same; else found now, and kept."""
    home, question = attempt.home, attempt.task.inspection
    contents = [[str(path), sha256_of(path)] for path in find_files(paths)]
    vendors = [path.read_text(encoding="utf-8") for path in vendor_files(home.vendors)]
    mappings = home.mappings.read_text(encoding="utf-8") if home.mappings.is_file() else ""
    asked = question.model_dump(mode="json") if question else None
    facts = json.dumps([ANSWERS_VERSION, READERS_VERSION, asked, contents, vendors, mappings], sort_keys=True)
    kept = home.answers / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.json"
    try:
        return dict(read_json(kept))
    except (OSError, ValueError):
        answer = find()
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_json(kept, answer)
    for old in sorted(kept.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-MAX_ANSWERS]:
        old.unlink(missing_ok=True)
    return answer


def _sniff(attempt: Attempt, question: Sniff) -> dict[str, Any]:
    files = []
    for path in _each(attempt, question.files, "looked at"):
        try:
            found = sniff(path, mapping_of(attempt.home, path, question.columns), extra_vendors=attempt.home.vendors)
        except VestimError as error:
            files.append({**_no_table(path), "error": error.sentence})
        else:
            files.append({**found.to_json(), "readable": True})
    return {"files": files}


def _check(attempt: Attempt, question: Check) -> dict[str, Any]:
    roles = {file.path: file.role for file in question.files}
    paths = find_files(list(roles))
    names = dict(zip(paths, distinct_names(paths), strict=True))
    members, files, findings = [], [], []
    for path in _each(attempt, list(roles), "checked"):
        mapping = mapping_of(attempt.home, path, question.columns)
        table, found = inspect_file(path, mapping, extra_vendors=attempt.home.vendors, name=names[path])
        findings += found
        role = next((role for given, role in roles.items() if path == Path(given) or Path(given) in path.parents), None)
        if table is None:  # the finding says why
            files.append({**_no_table(path), "name": names[path], "role": role})
            continue
        members.append(Member(table, role or "train"))
        files.append({**_identity(table), **_times_and_warmth(table), "readable": True, "role": role})
    findings += check_set(members)
    return {"files": files, "findings": [finding.model_dump(mode="json") for finding in findings]}


def _preview(attempt: Attempt, question: Preview) -> dict[str, Any]:
    (path,) = find_files([question.file])
    table = apply_repairs(_load(attempt, path, question.columns), question.repairs)
    shown = preview(table, question.signals or [name for name in table.columns if name != "time_s"], question.points)
    return {**_identity(table), "signals": shown["columns"]}


def _rewrite(attempt: Attempt, question: Rewrite) -> dict[str, Any]:
    folder = Path(question.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise wrong_input(f"'{folder}' cannot be made ({error.strerror or error}): name another folder") from None
    written = []
    for path in _each(attempt, question.files, "written"):
        repairs = [one.repair for one in question.repairs if Path(one.file) == path]
        table = apply_repairs(_load(attempt, path, question.columns), repairs)
        target = unique_path(folder, safe_name(f"{path.stem.removesuffix('.bdf')}.bdf.csv"))
        write_bdf(table, target)
        written.append({"source": str(path), "path": str(target), "rows": table.rows, "repairs": len(repairs)})
    return {"files": written}


def _data_set(attempt: Attempt, question: CheckDataSet, roles: dict[Path, Role]) -> dict[str, Any]:
    """A `DataSetContent` as plain values: every file read, repaired and checked, then all together."""
    spec, paths = question.spec, list(roles)
    repairs = repairs_of(spec.repairs, paths)
    columns = spec.columns or one_mapping({path: mapping_of(attempt.home, path, {}) for path in paths})
    names = dict(zip(paths, distinct_names(paths), strict=True))
    members, files, findings = [], [], same_names(names)
    for path in _each(attempt, [str(path) for path in paths], "checked"):
        mended = repairs_for(repairs, path)
        table, found = inspect_file(path, columns, mended, extra_vendors=attempt.home.vendors, name=names[path])
        findings += found
        if table is None:  # the finding says why
            files.append(DataSetFile(path=str(path), role=roles[path], sha256=sha256_of(path), readable=False))
            continue
        members.append(Member(table, roles[path]))
        files.append(_described(table, roles[path]))
    findings = still_open([*findings, *check_set(members)], repairs, names)
    content = DataSetContent(
        files=files,
        columns=columns,
        repairs=repairs,
        findings=worst_of(findings),
        finding_counts=dict(Counter(finding.severity for finding in findings)),
    )
    return content.model_dump(mode="json")


def _described(table: Table, role: Role) -> DataSetFile:
    path, sha256 = str(table.path), table.sha256
    known = _times_and_warmth(table)
    return DataSetFile(path=path, role=role, sha256=sha256, rows=table.rows, vendor=table.vendor, **known)


def _times_and_warmth(table: Table) -> dict[str, float | None]:
    """How long the file is, its usual time between rows, its mean temperature; None where that is not known."""
    time_s = table.columns["time_s"]
    steps_s = np.diff(time_s)
    temperature_degC = table.columns.get("temperature_degC", time_s[:0])
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # of a column that is all NaN
        numbers = {
            "duration_s": np.nanmax(time_s) - np.nanmin(time_s) if len(time_s) else np.nan,
            "sample_time_s": np.nanmedian(steps_s) if len(steps_s) else np.nan,
            "temperature_degC": np.nanmean(temperature_degC) if len(temperature_degC) else np.nan,
        }
    return {name: float(value) if np.isfinite(value) else None for name, value in numbers.items()}


def _each(attempt: Attempt, paths: list[str], done: str) -> Any:
    """Each file in turn, with progress by file; ends when the user does not want the answer any more."""
    files = find_files(paths)
    for number, path in enumerate(files):
        if attempt.cancelled():
            raise _Cancelled
        message = f"{number} of {len(files)} files {done}"
        attempt.journal.progress({"fraction": number / len(files), "message": message})
        yield path


def _load(attempt: Attempt, path: Path, columns: dict[str, str]) -> Table:
    mapping = mapping_of(attempt.home, path, columns)
    return load_table(path, mapping, extra_vendors=attempt.home.vendors)


def _no_table(path: Path) -> dict[str, Any]:
    return {"path": str(path), "name": path.name, "readable": False, "rows": 0, "vendor": "", "why": "no table"}


def _identity(table: Table) -> dict[str, Any]:
    return {
        "path": str(table.path),
        "name": table.name,
        "sha256": table.sha256,
        "rows": table.rows,
        "vendor": table.vendor,
        "why": table.why,
        "columns": dict(table.sources),
    }
