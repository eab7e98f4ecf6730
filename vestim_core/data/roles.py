"""The files of a job by role and content, without duplicates that would make results look too good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vestim_core.data.data_files import distinct_names, find_files, sha256_of
from vestim_core.spec.data import DataSpec, Role
from vestim_core.spec.errors import not_found, wrong_input
from vestim_core.spec.finding import Finding, Severity

_ROLE_LABELS: dict[Role, str] = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class RoleFile:
    """A file, its role, the hash of its content and its name, which is unique within the job."""

    path: Path
    role: Role
    sha256: str
    name: str


def files_by_role(data: DataSpec) -> list[tuple[Path, Role]]:
    """Expand the data section to all of its files: training first, then validation, then test."""
    if data.is_reference:
        raise wrong_input(
            f"Only a daemon knows the files of data set '{data.data_set}': start the job with it, or name the files.",
            location="data.data_set",
        )
    paths: tuple[tuple[Role, list[str]], ...] = (
        ("train", data.train),
        ("validation", data.validation),
        ("test", data.test),
    )
    for path in data.hashes:
        if not Path(path).exists():
            raise not_found(
                f'"{path}"{_data_set_suffix(data)} does not exist any more: {_advice(data)}.', location=path
            )
    role_files = [(path, role) for role, entries in paths for path in find_files(entries)]
    if unknown_paths := sorted(data.hashes.keys() - {str(path) for path, _ in role_files}):
        raise wrong_input(
            f'data.hashes names "{unknown_paths[0]}", which is not among the files: write its whole path or remove it.',
            location="data.hashes",
        )
    return role_files


def distinct_contents(
    files: list[tuple[Path, Role]], on_hashed: Callable[[int], None], data: DataSpec
) -> tuple[list[RoleFile], list[Finding]]:
    """Hash the files of `data` and drop repeated content. on_hashed: called with the number of files hashed so far.

    The same content in two roles is an error, and so is content that differs from `data.hashes`. Within a role it is
    used once and reported as a finding.
    """
    files_by_hash: dict[str, RoleFile] = {}
    findings: list[Finding] = []
    names = distinct_names([path for path, _ in files])
    for index, ((path, role), name) in enumerate(zip(files, names, strict=True)):
        on_hashed(index)
        file = RoleFile(path, role, sha256_of(path), name)
        if data.hashes.get(str(path), file.sha256) != file.sha256:
            raise wrong_input(f'"{path}"{_data_set_suffix(data)} has changed: {_advice(data)}.', location=str(path))
        first = files_by_hash.setdefault(file.sha256, file)
        if first is file:
            continue
        if first.role != role:
            raise wrong_input(
                _leak_message(first, file), location=str(path), actions=(f"Remove it from {_ROLE_LABELS[role]}",)
            )
        findings.append(_duplicate_finding(first, file))
    return list(files_by_hash.values()), findings


def _data_set_suffix(data: DataSpec) -> str:
    return f" of data set '{data.data_set}'" if data.data_set else ""


def _advice(data: DataSpec) -> str:
    if not data.data_set:
        return "bring back the file that data.hashes was written for, or leave data.hashes out"
    return "bring back the earlier file, or check the data set ('vestim data check') and start the job anew"


def _leak_message(first: RoleFile, second: RoleFile) -> str:
    other_name = "" if first.name == second.name else f' as "{first.name}"'
    return (
        f'"{second.name}" is in both {_ROLE_LABELS[first.role]}{other_name} and {_ROLE_LABELS[second.role]} (same '
        f"content). Results would look too good: remove it from {_ROLE_LABELS[second.role]}."
    )


def _duplicate_finding(first: RoleFile, second: RoleFile) -> Finding:
    return Finding(
        code="set.same_file_twice",
        severity=Severity.WARNING,
        message=f'"{second.name}" has the same content as "{first.name}", which is among the '
        f"{_ROLE_LABELS[first.role]} files already: it is used once.",
        file=second.name,
    )
