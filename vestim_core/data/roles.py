"""The files of a job by role and content: what is used, and what would make results look too good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vestim_core.data.files import distinct_names, find_files, sha256_of
from vestim_core.spec.data import DataSpec, Role
from vestim_core.spec.errors import not_found, wrong_input
from vestim_core.spec.finding import Finding, Severity

_WORDS: dict[Role, str] = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class RoleFile:
    """A file, its role in the job, the hash of its content, and what it is called: no other file of the job is."""

    path: Path
    role: Role
    sha256: str
    name: str


def files_by_role(data: DataSpec) -> list[tuple[Path, Role]]:
    """Every file that the data section names, folders opened: training first, then validation, then test."""
    if data.is_reference:
        raise wrong_input(
            f"Only a daemon knows the files of data set '{data.data_set}': start the job with it, or name the files.",
            place="data.data_set",
        )
    paths: tuple[tuple[Role, list[str]], ...] = (
        ("train", data.train),
        ("validation", data.validation),
        ("test", data.test),
    )
    for path in data.hashes:
        if not Path(path).exists():
            raise not_found(f'"{path}"{_of(data)} does not exist any more: {_advice(data)}.', place=path)
    found = [(path, role) for role, given in paths for path in find_files(given)]
    if unknown := sorted(data.hashes.keys() - {str(path) for path, _ in found}):
        raise wrong_input(
            f'data.hashes names "{unknown[0]}", which is not among the files: write its whole path or remove it.',
            place="data.hashes",
        )
    return found


def distinct_contents(
    files: list[tuple[Path, Role]], seen: Callable[[int], None], data: DataSpec
) -> tuple[list[RoleFile], list[Finding]]:
    """The files of `data`, each content once. `seen` is called with the number of files hashed so far.

    One content in two roles is an error, and so is another content than `data.hashes` fixes; within a role it is used
    once, which is a finding.
    """
    kept: dict[str, RoleFile] = {}
    findings: list[Finding] = []
    names = distinct_names([path for path, _ in files])
    for number, ((path, role), name) in enumerate(zip(files, names, strict=True)):
        seen(number)
        file = RoleFile(path, role, sha256_of(path), name)
        if data.hashes.get(str(path), file.sha256) != file.sha256:
            raise wrong_input(f'"{path}"{_of(data)} has changed: {_advice(data)}.', place=str(path))
        first = kept.setdefault(file.sha256, file)
        if first is file:
            continue
        if first.role != role:
            raise wrong_input(_leak(first, file), place=str(path), actions=(f"Remove it from {_WORDS[role]}",))
        findings.append(_twice(first, file))
    return list(kept.values()), findings


def _of(data: DataSpec) -> str:
    return f" of data set '{data.data_set}'" if data.data_set else ""


def _advice(data: DataSpec) -> str:
    if not data.data_set:
        return "bring back the file that data.hashes was written for, or leave data.hashes out"
    return "bring back the former file, or check the data set ('vestim data check') and start the job anew"


def _leak(first: RoleFile, second: RoleFile) -> str:
    other = "" if first.name == second.name else f' as "{first.name}"'
    return (
        f'"{second.name}" is in both {_WORDS[first.role]}{other} and {_WORDS[second.role]} (same content). '
        f"Results would look too good: remove it from {_WORDS[second.role]}."
    )


def _twice(first: RoleFile, second: RoleFile) -> Finding:
    return Finding(
        code="set.same_file_twice",
        severity=Severity.WARNING,
        sentence=f'"{second.name}" has the same content as "{first.name}", which is among the '
        f"{_WORDS[first.role]} files already: it is used once.",
        file=second.name,
    )
