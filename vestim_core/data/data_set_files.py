"""Resolves a data set's description to files with one role each. A random split is the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from vestim_core.data.data_files import find_matching_files
from vestim_core.spec.data import Role
from vestim_core.spec.data_set import (
    MAX_DATA_SET_FILES,
    MAX_FINDING_BYTES,
    MAX_FINDINGS,
    SPLIT_INSIDE_FILE_MESSAGE,
    DataSetSpec,
    Split,
)
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Severity

_WORST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.INFO)
_REQUIRED_ROLES: tuple[Role, ...] = ("train", "validation")
_ROLES: tuple[Role, ...] = (*_REQUIRED_ROLES, "test")


def resolve_files(spec: DataSetSpec) -> dict[Path, Role]:
    """Resolve the data set to its files and their roles: training first, then validation, then test.

    Raises VestimError for missing files, for a file in two roles, and for an empty role.
    """
    role_by_path: dict[Path, Role] = {}
    for role in _ROLES:
        for path in _expand_patterns(getattr(spec, role)):
            existing_role = role_by_path.setdefault(path, role)
            if existing_role != role:
                raise wrong_input(
                    f'"{path}" is named for {existing_role} and for {role}: name it for one of them; '
                    f"{SPLIT_INSIDE_FILE_MESSAGE}.",
                    location=role,
                )
    unassigned_paths = [path for path in dict.fromkeys(_expand_patterns(spec.files)) if path not in role_by_path]
    if spec.split:
        role_by_path |= split_files(unassigned_paths, spec.split)
    else:
        role_by_path |= dict.fromkeys(unassigned_paths, "train")
    for role in _REQUIRED_ROLES:
        if role not in role_by_path.values():
            raise wrong_input(f"no file is left for {role}: name more files, or give fewer of them another role.")
    if len(role_by_path) > MAX_DATA_SET_FILES:
        raise wrong_input(
            f"the data set has {len(role_by_path):,} files, more than {MAX_DATA_SET_FILES:,}: make several of them."
        )
    return {path: role for wanted_role in _ROLES for path, role in role_by_path.items() if role == wanted_role}


def split_files(paths: Sequence[Path], split: Split) -> dict[Path, Role]:
    """Assign a role to each file at random.

    Files are ordered by a hash of seed and name, so that the result does not depend on folders or machines, and adding
    a file moves few others. Raises wrong_input if a requested role stays empty.
    """
    count = len(paths)
    counts: dict[Role, int] = {
        "validation": _role_count(split.validation, count),
        "test": _role_count(split.test, count),
    }
    counts["train"] = count - sum(counts.values())
    for role in _ROLES:
        is_required = role == "train" or getattr(split, role) > 0
        if is_required and counts[role] < 1:
            count_text = "1 file" if count == 1 else f"{count} files"
            reason = f"; {SPLIT_INSIDE_FILE_MESSAGE}" if count < 2 else ""
            raise wrong_input(
                f"the split leaves no file for {role} ({count_text} to split, validation {split.validation:g}, test "
                f"{split.test:g}): name more files or change the split{reason}.",
                location="split",
            )
    ranked_paths = sorted(paths, key=_random_ranks(paths, split.seed).__getitem__)
    role_order: tuple[Role, ...] = ("validation", "test", "train")
    roles = [role for role in role_order for _ in range(counts[role])]
    role_by_path = dict(zip(ranked_paths, roles, strict=True))
    return {path: role_by_path[path] for path in paths}


def find_same_names(names: Mapping[Path, str]) -> list[Finding]:
    """Report each name that several files share. names: the name of each file in findings."""
    by_name: dict[str, list[Path]] = {}
    for path in names:
        by_name.setdefault(path.name.casefold(), []).append(path)
    return [
        Finding(
            code="set.same_name",
            severity=Severity.WARNING,
            message=f'{len(paths)} files are called "{paths[0].name}" ("{paths[0]}", "{paths[1]}"): results tell them '
            f"apart by their folders, and in names of files by a number, so rename one if that is not clear enough.",
            file=names[paths[0]],
        )
        for paths in by_name.values()
        if len(paths) > 1
    ]


def worst_findings(findings: Sequence[Finding]) -> list[Finding]:
    """The worst findings, as many as `MAX_FINDINGS` and `MAX_FINDING_BYTES` allow."""
    selected_findings: list[Finding] = []
    size = 0
    for finding in sorted(findings, key=lambda finding: _WORST_FIRST.index(finding.severity))[:MAX_FINDINGS]:
        size += len(finding.model_dump_json())
        if size > MAX_FINDING_BYTES:
            break
        selected_findings.append(finding)
    return selected_findings


def merge_mappings(by_file: Mapping[Path, Mapping[str, str]]) -> dict[str, str]:
    """Merge the mappings of all files; wrong_input if two map one quantity to different headers."""
    merged_columns: dict[str, tuple[str, Path]] = {}
    for path, mapping in by_file.items():
        for name, header in mapping.items():
            known_header, known_path = merged_columns.setdefault(name, (header, path))
            if known_header != header:
                raise wrong_input(
                    f'{name} is remembered as "{known_header}" for files like "{known_path.name}" and as "{header}" '
                    f'for files like "{path.name}": say under columns which it is, or make two data sets.',
                    location=f"columns.{name}",
                )
    return {name: header for name, (header, _) in merged_columns.items()}


def _expand_patterns(entries: Sequence[str]) -> list[Path]:
    return [path for entry in entries for path in find_matching_files(entry)]


def _role_count(share_or_count: float, count: int) -> int:
    return int(share_or_count) if share_or_count >= 1 else int(share_or_count * count + 0.5)


def _random_ranks(paths: Sequence[Path], seed: int) -> dict[Path, bytes]:
    """A pseudorandom rank for each file; files of the same name are distinguished by their order."""
    occurrences: dict[str, int] = {}
    ranks: dict[Path, bytes] = {}
    for path in paths:
        occurrence = occurrences[path.name] = occurrences.get(path.name, 0) + 1
        ranks[path] = hashlib.sha256(f"{seed}/{occurrence}/{path.name}".encode(errors="surrogateescape")).digest()
    return ranks
