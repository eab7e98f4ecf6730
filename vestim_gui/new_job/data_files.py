"""The files of a job: which were named, what was found of them, and what can be done about it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vestim_core.spec.columns import file_columns
from vestim_core.spec.preparation import Step
from vestim_core.spec.signals import SignalsSpec
from vestim_gui.new_job.document import ROLES

Record = Mapping[str, Any]
ROLE_TITLES = {"train": "Training", "validation": "Validation", "test": "Test"}
_ROLE_NAMES = {
    "train": {"train", "training"},
    "validation": {"val", "valid", "validation"},
    "test": {"test", "testing"},
}
USUAL = ("time_s", "voltage_V", "current_A", "temperature_degC", "soc")
"""The quantities that most files have."""
SEVERITIES = ("error", "warning", "info")
_SHARED = ("set.same_file_twice", "set.same_rows")
REPAIR_WORDS = {
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
class Entry:
    """A file or folder as the document names it."""

    path: str
    role: str


@dataclass(frozen=True)
class Facts:
    """What is known so far. sniffed, checked: records of files by path. broken: why an entry cannot be read."""

    sniffed: Mapping[str, Record] = field(default_factory=dict)
    checked: Mapping[str, Record] = field(default_factory=dict)
    findings: Sequence[Record] = ()
    broken: Mapping[str, str] = field(default_factory=dict)

    def with_sniffed(self, files: Iterable[Record]) -> Facts:
        """The same with what a look at the headers told."""
        return replace(self, sniffed={**self.sniffed, **{str(file["path"]): file for file in files}})

    def with_checked(self, answer: Record) -> Facts:
        """The same with the answer of a check of all files."""
        checked = {str(file["path"]): file for file in answer["files"]}
        return replace(self, checked=checked, findings=list(answer["findings"]))

    def with_broken(self, entry: str, sentence: str) -> Facts:
        """The same with an entry that cannot be read at all."""
        return replace(self, broken={**self.broken, entry: sentence})


@dataclass(frozen=True)
class FileRow:
    """One file. state: waiting, seen (its header), checked or unreadable. missing: columns that are needed and were
    not found. None where a figure is not known."""

    path: str
    name: str
    entry: Entry
    state: str = "waiting"
    rows: int | None = None
    duration_s: float | None = None
    sample_time_s: float | None = None
    temperature_degC: float | None = None
    vendor: str = ""
    why: str = ""
    headers: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    findings: tuple[Record, ...] = ()
    error: str = ""

    def count(self, severity: str) -> int:
        """How many findings of a severity it has."""
        return sum(finding["severity"] == severity for finding in self.findings)


def entries_of(data: Any) -> list[Entry]:
    """What a data section names, in order of the roles."""
    if not isinstance(data, Mapping):
        return []
    return [
        Entry(path, role)
        for role in ROLES
        for path in _paths(data.get(role))
        if isinstance(path, str) and path
    ]  # fmt: skip


def _paths(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []


def roles_of(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """The role lists of a data section; a role without files is left out."""
    entries = list(entries)
    lists = {role: [entry.path for entry in entries if entry.role == role] for role in ROLES}
    return {role: paths for role, paths in lists.items() if paths}


def guessed_role(path: str) -> str:
    """The role that a file's name, or its folder's, is one word of; training where they say nothing."""
    words = {*re.split(r"[^a-z]+", Path(path).stem.lower()), Path(path).parent.name.lower()}
    found = [role for role, names in _ROLE_NAMES.items() if words & names]
    return found[0] if len(found) == 1 else "train"


def file_rows(entries: Sequence[Entry], facts: Facts, needed: Collection[str]) -> list[FileRow]:
    """One row a file: an entry that is a folder has a row for each of its files once they are known."""
    found: dict[str, list[str]] = {}
    for path in dict.fromkeys([*facts.sniffed, *facts.checked]):
        for place in (Path(path), Path(path).parent):
            found.setdefault(str(place), []).append(path)
    findings: dict[str, list[Record]] = {}
    for finding in facts.findings:
        findings.setdefault(str(finding["file"]), []).append(finding)
    rows = []
    for entry in entries:
        files = found.get(str(Path(entry.path)), [])
        error = facts.broken.get(entry.path, "")
        if error or not files:
            state = "unreadable" if error else "waiting"
            rows.append(FileRow(entry.path, Path(entry.path).name, entry, state, error=error))
        else:
            rows += [_row(path, entry, facts, findings, needed) for path in files]
    return rows


def _row(
    path: str, entry: Entry, facts: Facts, findings: Mapping[str, Sequence[Record]], needed: Collection[str]
) -> FileRow:
    sniffed, checked = facts.sniffed.get(path, {}), facts.checked.get(path, {})
    name = str(checked.get("name") or sniffed.get("name") or Path(path).name)
    newest = {**sniffed, **checked}
    headers = tuple(sniffed.get("headers", ()))
    columns = {column["name"]: column["header"] for column in sniffed.get("columns", ())}
    readable = newest.get("readable", True)
    error = str(sniffed.get("error", "")) if not readable else ""
    missing = tuple(name for name in needed if headers and name not in columns and name not in headers)
    without_soc = tuple(name for name in missing if name != "soc")
    if "current_A" not in missing:  # SOC can be counted then, which a finding proposes
        missing = without_soc
    elif "soc" in missing:
        missing = (*without_soc, "soc")
    return FileRow(
        path=path,
        name=name,
        entry=entry,
        state="unreadable" if error else "checked" if checked else "seen",
        rows=newest.get("rows") if readable else None,
        duration_s=checked.get("duration_s"),
        sample_time_s=checked.get("sample_time_s"),
        temperature_degC=checked.get("temperature_degC"),
        vendor=str(newest.get("vendor") or ""),
        why=str(newest.get("why") or ""),
        headers=headers,
        columns=columns,
        missing=missing,
        findings=tuple(findings.get(name, ())),
        error=error,
    )


def without_file(entries: Sequence[Entry], row: FileRow, rows: Sequence[FileRow]) -> list[Entry]:
    """The entries without one file; a folder that it is of gives way to its other files."""
    return _replaced(entries, row, rows, [])


def with_role(entries: Sequence[Entry], row: FileRow, rows: Sequence[FileRow], role: str) -> list[Entry]:
    """The entries with another role for one file."""
    return _replaced(entries, row, rows, [Entry(row.path, role)])


def _replaced(
    entries: Sequence[Entry], row: FileRow, rows: Sequence[FileRow], instead: list[Entry]
) -> list[Entry]:  # fmt: skip
    made: list[Entry] = []
    for entry in entries:
        if entry != row.entry:
            made.append(entry)
            continue
        others = [other for other in rows if other.entry == entry and other.path != row.path]
        made += [Entry(other.path, entry.role) for other in others] + instead
    return made


def needed_columns(steps: Sequence[Step], signals: SignalsSpec) -> tuple[str, ...]:
    """What every file must have, time first."""
    return ("time_s", *file_columns(steps, signals))


def new_columns(row: FileRow, sniffed: Record, columns: Mapping[str, str]) -> dict[str, str]:
    """What was remembered of this file's columns and the document does not say yet."""
    mapped = {column["name"]: column["header"] for column in sniffed.get("columns", ()) if column.get("mapped")}
    return {name: header for name, header in mapped.items() if name not in columns}


def quantity_words(name: str) -> str:
    """`current_A` as `current`."""
    return {"soc": "SOC", "time_s": "time"}.get(name, name.rpartition("_")[0].replace("_", " ") or name)


def missing_sentence(row: FileRow) -> str:
    """What a file lacks and what it has instead, as a question."""
    first = quantity_words(row.missing[0])
    others = f" (nor {', '.join(quantity_words(name) for name in row.missing[1:])})" if len(row.missing) > 1 else ""
    taken = {header for name, header in row.columns.items() if name in USUAL}
    free = [header for header in row.headers if header not in taken] or list(row.headers)
    shown = ", ".join(free[:8]) + (", ..." if len(free) > 8 else "")
    return f'"{row.name}" has no {first} column{others}. Found: {shown}. Which one is {first}?'


def repair_words(finding: Record) -> str:
    """What a button under a finding says; empty where nothing is proposed."""
    repair = finding.get("repair")
    if not repair:
        return ""
    kind = str(repair["kind"])
    return REPAIR_WORDS.get(kind, kind.replace("_", " ").capitalize())


def same_trouble(finding: Record, rows: Sequence[FileRow]) -> list[tuple[FileRow, Record]]:
    """The files that have a finding of the same kind with a repair of the same kind."""
    repair = finding.get("repair") or {}
    return [
        (row, other)
        for row in rows
        for other in row.findings
        if other["code"] == finding["code"] and (other.get("repair") or {}).get("kind") == repair.get("kind")
    ]


def is_shared(finding: Record) -> bool:
    """Whether it is about one content in two files."""
    return finding["code"] in _SHARED


def repair_record(row: FileRow, repair: Record) -> dict[str, Any]:
    """An entry of `data.repairs`."""
    return {"file": row.path, "repair": {"kind": repair["kind"], "parameters": dict(repair.get("parameters", {}))}}


def accepted(row: FileRow, finding: Record) -> dict[str, Any]:
    """An entry of `data.repairs` that keeps the file as it is."""
    return repair_record(row, {"kind": "accept", "parameters": {"code": finding["code"]}})


def answered(row: FileRow, finding: Record, repairs: Any) -> dict[str, Any] | None:
    """The repair of the document that answers a finding; None where none does."""
    if not isinstance(repairs, list):
        return None
    proposed = finding.get("repair") or {}
    for one in repairs:
        if not isinstance(one, Mapping) or one.get("file") not in (row.path, row.name):
            continue
        repair = one.get("repair")
        if not isinstance(repair, Mapping):
            continue
        kind, parameters = repair.get("kind"), repair.get("parameters", {})
        keeps = kind == "accept" and isinstance(parameters, Mapping) and parameters.get("code") == finding["code"]
        if keeps or (kind == proposed.get("kind") and parameters == proposed.get("parameters", {})):
            return dict(one)
    return None
