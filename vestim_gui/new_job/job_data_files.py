"""Data files of a job: entries of the document, facts read from them, and repairs. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vestim_core.spec.preparation import Step
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.step_columns import required_file_columns
from vestim_gui.new_job.job_document import ROLES

Record = Mapping[str, Any]
ROLE_TITLES = {"train": "Training", "validation": "Validation", "test": "Test"}
_ROLE_NAMES = {
    "train": {"train", "training"},
    "validation": {"val", "valid", "validation"},
    "test": {"test", "testing"},
}
COMMON_QUANTITIES = ("time_s", "voltage_V", "current_A", "temperature_degC", "soc")
"""Quantities that most files have."""
SEVERITIES = ("error", "warning", "info")
_SHARED_CONTENT_CODES = ("set.same_file_twice", "set.same_rows")
REPAIR_LABELS = {
    "flip": "Flip",
    "drop_rows": "Drop the block",
    "drop_missing": "Drop rows without a value",
    "drop_repeats": "Drop repeated rows",
    "fill": "Fill the gaps",
    "interpolate_rows": "Interpolate",
    "merge_tiny_steps": "Merge the tiny steps",
    "scale": "Convert the unit",
    "shift_time": "Put the times in order",
    "count_soc": "Count SOC from the current",
    "accept": "Keep as it is",
}


@dataclass(frozen=True, slots=True)
class DataEntry:
    """A file or folder as named in the document."""

    path: str
    role: str


@dataclass(frozen=True)
class FileFacts:
    """Facts read so far. header_records, check_records: by path. unreadable: error message by path of the entry."""

    header_records: Mapping[str, Record] = field(default_factory=dict)
    check_records: Mapping[str, Record] = field(default_factory=dict)
    findings: Sequence[Record] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, files: Iterable[Record]) -> FileFacts:
        """A copy with the result of `sniff`."""
        return replace(self, header_records={**self.header_records, **{str(file["path"]): file for file in files}})

    def with_checked(self, reply: Record) -> FileFacts:
        """A copy with the result of checking all files."""
        check_records = {str(file["path"]): file for file in reply["files"]}
        return replace(self, check_records=check_records, findings=list(reply["findings"]))

    def with_unreadable(self, path: str, message: str) -> FileFacts:
        """A copy with an entry that cannot be read."""
        return replace(self, unreadable={**self.unreadable, path: message})


@dataclass(frozen=True)
class FileRow:
    """One file. state: waiting, seen (header only), checked or unreadable. missing: required columns without a match.
    Figures are None while unknown."""

    path: str
    name: str
    entry: DataEntry
    state: str = "waiting"
    rows: int | None = None
    duration_s: float | None = None
    sample_time_s: float | None = None
    temperature_degC: float | None = None
    vendor: str = ""
    vendor_reason: str = ""
    headers: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    findings: tuple[Record, ...] = ()
    error: str = ""

    def count_findings(self, severity: str) -> int:
        """Number of findings of a severity."""
        return sum(finding["severity"] == severity for finding in self.findings)


def list_entries(data: Any) -> list[DataEntry]:
    """Entries of a data section, in order of the roles."""
    if not isinstance(data, Mapping):
        return []
    return [
        DataEntry(path, role)
        for role in ROLES
        for path in _paths(data.get(role))
        if isinstance(path, str) and path
    ]  # fmt: skip


def _paths(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []


def paths_by_role(entries: Iterable[DataEntry]) -> dict[str, list[str]]:
    """The role lists of a data section, without empty roles."""
    entries = list(entries)
    lists = {role: [entry.path for entry in entries if entry.role == role] for role in ROLES}
    return {role: paths for role, paths in lists.items() if paths}


def guess_role(path: str) -> str:
    """Role named in the file's or its folder's name; training if none or several are."""
    name_parts = {*re.split(r"[^a-z]+", Path(path).stem.lower()), Path(path).parent.name.lower()}
    roles = [role for role, names in _ROLE_NAMES.items() if name_parts & names]
    return roles[0] if len(roles) == 1 else "train"


def file_rows(entries: Sequence[DataEntry], facts: FileFacts, required: Collection[str]) -> list[FileRow]:
    """One row per file. A folder has one row until its files are known, then one for each of them."""
    paths_by_entry: dict[str, list[str]] = {}
    for path in dict.fromkeys([*facts.header_records, *facts.check_records]):
        for named_path in (Path(path), Path(path).parent):
            paths_by_entry.setdefault(str(named_path), []).append(path)
    findings_by_name: dict[str, list[Record]] = {}
    for finding in facts.findings:
        findings_by_name.setdefault(str(finding["file"]), []).append(finding)
    rows = []
    for entry in entries:
        paths = paths_by_entry.get(str(Path(entry.path)), [])
        error = facts.unreadable.get(entry.path, "")
        if error or not paths:
            state = "unreadable" if error else "waiting"
            rows.append(FileRow(entry.path, Path(entry.path).name, entry, state, error=error))
        else:
            rows += [_row(path, entry, facts, findings_by_name, required) for path in paths]
    return rows


def _row(
    path: str, entry: DataEntry, facts: FileFacts, findings: Mapping[str, Sequence[Record]], required: Collection[str]
) -> FileRow:
    header_record, check_record = facts.header_records.get(path, {}), facts.check_records.get(path, {})
    name = str(check_record.get("name") or header_record.get("name") or Path(path).name)
    record = {**header_record, **check_record}
    headers = tuple(header_record.get("headers", ()))
    columns = {column["name"]: column["header"] for column in header_record.get("columns", ())}
    readable = record.get("readable", True)
    error = str(header_record.get("error", "")) if not readable else ""
    missing = tuple(name for name in required if headers and name not in columns and name not in headers)
    without_soc = tuple(name for name in missing if name != "soc")
    if "current_A" not in missing:  # SOC can be computed from the current, as a finding proposes
        missing = without_soc
    elif "soc" in missing:
        missing = (*without_soc, "soc")
    return FileRow(
        path=path,
        name=name,
        entry=entry,
        state="unreadable" if error else "checked" if check_record else "seen",
        rows=record.get("rows") if readable else None,
        duration_s=check_record.get("duration_s"),
        sample_time_s=check_record.get("sample_time_s"),
        temperature_degC=check_record.get("temperature_degC"),
        vendor=str(record.get("vendor") or ""),
        vendor_reason=str(record.get("why") or ""),
        headers=headers,
        columns=columns,
        missing=missing,
        findings=tuple(findings.get(name, ())),
        error=error,
    )


def without_file(entries: Sequence[DataEntry], row: FileRow, rows: Sequence[FileRow]) -> list[DataEntry]:
    """Entries without one file; a folder that contains it is replaced by its other files."""
    return _replace_file(entries, row, rows, [])


def with_role(entries: Sequence[DataEntry], row: FileRow, rows: Sequence[FileRow], role: str) -> list[DataEntry]:
    """Entries with another role for one file."""
    return _replace_file(entries, row, rows, [DataEntry(row.path, role)])


def _replace_file(
    entries: Sequence[DataEntry], row: FileRow, rows: Sequence[FileRow], replacement: list[DataEntry]
) -> list[DataEntry]:  # fmt: skip
    replaced: list[DataEntry] = []
    for entry in entries:
        if entry != row.entry:
            replaced.append(entry)
            continue
        other_rows = [other_row for other_row in rows if other_row.entry == entry and other_row.path != row.path]
        replaced += [DataEntry(other_row.path, entry.role) for other_row in other_rows] + replacement
    return replaced


def required_columns(steps: Sequence[Step], signals: SignalsSpec) -> tuple[str, ...]:
    """Columns that every file must have, time first."""
    return ("time_s", *required_file_columns(steps, signals))


def remembered_columns(row: FileRow, header_record: Record, columns: Mapping[str, str]) -> dict[str, str]:
    """Columns remembered for this header that the document does not name yet."""
    mapped = {column["name"]: column["header"] for column in header_record.get("columns", ()) if column.get("mapped")}
    return {name: header for name, header in mapped.items() if name not in columns}


def quantity_name(name: str) -> str:
    """`current_A` as `current`."""
    return {"soc": "SOC", "time_s": "time"}.get(name, name.rpartition("_")[0].replace("_", " ") or name)


def missing_columns_message(row: FileRow) -> str:
    """Question that names the missing columns and the headers available."""
    quantity = quantity_name(row.missing[0])
    other_quantities = (
        f" (nor {', '.join(quantity_name(name) for name in row.missing[1:])})" if len(row.missing) > 1 else ""
    )
    used_headers = {header for name, header in row.columns.items() if name in COMMON_QUANTITIES}
    free_headers = [header for header in row.headers if header not in used_headers] or list(row.headers)
    header_list = ", ".join(free_headers[:8]) + (", ..." if len(free_headers) > 8 else "")
    return f'"{row.name}" has no {quantity} column{other_quantities}. Found: {header_list}. Which one is {quantity}?'


def repair_label(finding: Record) -> str:
    """Label of the button for a finding's repair; empty without a repair."""
    repair = finding.get("repair")
    if not repair:
        return ""
    kind = str(repair["kind"])
    return REPAIR_LABELS.get(kind, kind.replace("_", " ").capitalize())


def similar_findings(finding: Record, rows: Sequence[FileRow]) -> list[tuple[FileRow, Record]]:
    """Files with a finding of the same code and a repair of the same kind."""
    repair = finding.get("repair") or {}
    return [
        (row, candidate)
        for row in rows
        for candidate in row.findings
        if candidate["code"] == finding["code"] and (candidate.get("repair") or {}).get("kind") == repair.get("kind")
    ]


def is_shared_content(finding: Record) -> bool:
    """True if the finding is about the same content in two files."""
    return finding["code"] in _SHARED_CONTENT_CODES


def repair_record(row: FileRow, repair: Record) -> dict[str, Any]:
    """An entry of `data.repairs`."""
    return {"file": row.path, "repair": {"kind": repair["kind"], "parameters": dict(repair.get("parameters", {}))}}


def accept_record(row: FileRow, finding: Record) -> dict[str, Any]:
    """An entry of `data.repairs` that accepts the file as it is."""
    return repair_record(row, {"kind": "accept", "parameters": {"code": finding["code"]}})


def find_repair(row: FileRow, finding: Record, repairs: Any) -> dict[str, Any] | None:
    """The repair in the document that resolves a finding; None if there is none."""
    if not isinstance(repairs, list):
        return None
    proposed = finding.get("repair") or {}
    for record in repairs:
        if not isinstance(record, Mapping) or record.get("file") not in (row.path, row.name):
            continue
        repair = record.get("repair")
        if not isinstance(repair, Mapping):
            continue
        kind, parameters = repair.get("kind"), repair.get("parameters", {})
        is_accepted = kind == "accept" and isinstance(parameters, Mapping) and parameters.get("code") == finding["code"]
        if is_accepted or (kind == proposed.get("kind") and parameters == proposed.get("parameters", {})):
            return dict(record)
    return None
