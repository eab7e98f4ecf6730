"""From what a user says of a data set to whole files with one role each; a split at random is the same everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from vestim_core.data.files import files_matching
from vestim_core.spec.data import Role
from vestim_core.spec.data_set import (
    MAX_FILES,
    MAX_FINDING_BYTES,
    MAX_FINDINGS,
    WHY_WHOLE_FILES,
    DataSetSpec,
    Split,
)
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Severity

_WORST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.INFO)
_NEEDED: tuple[Role, ...] = ("train", "validation")
_ROLES: tuple[Role, ...] = (*_NEEDED, "test")


def files_of(spec: DataSetSpec) -> dict[Path, Role]:
    """Every file of the data set and its role: training first, then validation, then test.

    Raises VestimError for what is not there, for one file in two roles, and for a role that stays empty.
    """
    given: dict[Path, Role] = {}
    for role in _ROLES:
        for path in _matching(getattr(spec, role)):
            other = given.setdefault(path, role)
            if other != role:
                raise wrong_input(
                    f'"{path}" is named for {other} and for {role}: name it for one of them; {WHY_WHOLE_FILES}.',
                    place=role,
                )
    left_open = [path for path in dict.fromkeys(_matching(spec.files)) if path not in given]
    if spec.split:
        given |= deal(left_open, spec.split)
    else:
        given |= dict.fromkeys(left_open, "train")
    for role in _NEEDED:
        if role not in given.values():
            raise wrong_input(f"no file is left for {role}: name more files, or give fewer of them another role.")
    if len(given) > MAX_FILES:
        raise wrong_input(f"the data set has {len(given):,} files, more than {MAX_FILES:,}: make several of them.")
    return {path: role for wanted in _ROLES for path, role in given.items() if role == wanted}


def deal(paths: Sequence[Path], split: Split) -> dict[Path, Role]:
    """A role for each file, at random. Files are put in the order of a hash of seed and name, so that the outcome does
    not depend on folders or machines, and one file more moves few of the others.

    Raises wrong_input when a role that is wanted stays empty.
    """
    count = len(paths)
    numbers: dict[Role, int] = {"validation": _number(split.validation, count), "test": _number(split.test, count)}
    numbers["train"] = count - sum(numbers.values())
    for role in _ROLES:
        wanted = role == "train" or getattr(split, role) > 0
        if wanted and numbers[role] < 1:
            files = "1 file" if count == 1 else f"{count} files"
            why = f"; {WHY_WHOLE_FILES}" if count < 2 else ""
            raise wrong_input(
                f"the split leaves no file for {role} ({files} to split, validation {split.validation:g}, test "
                f"{split.test:g}): name more files or change the split{why}.",
                place="split",
            )
    order = sorted(paths, key=_ranks(paths, split.seed).__getitem__)
    places: tuple[Role, ...] = ("validation", "test", "train")
    roles = [role for role in places for _ in range(numbers[role])]
    dealt = dict(zip(order, roles, strict=True))
    return {path: dealt[path] for path in paths}


def same_names(names: Mapping[Path, str]) -> list[Finding]:
    """A finding for each name that several files have. names: what findings call each file."""
    by_name: dict[str, list[Path]] = {}
    for path in names:
        by_name.setdefault(path.name.casefold(), []).append(path)
    return [
        Finding(
            code="set.same_name",
            severity=Severity.WARNING,
            sentence=f'{len(same)} files are called "{same[0].name}" ("{same[0]}", "{same[1]}"): results tell them '
            f"apart by their folders, and in names of files by a number, so rename one if that is not clear enough.",
            file=names[same[0]],
        )
        for same in by_name.values()
        if len(same) > 1
    ]


def worst_of(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that are kept: the worst, as many as `MAX_FINDINGS` and `MAX_FINDING_BYTES` allow."""
    kept: list[Finding] = []
    size = 0
    for finding in sorted(findings, key=lambda finding: _WORST_FIRST.index(finding.severity))[:MAX_FINDINGS]:
        size += len(finding.model_dump_json())
        if size > MAX_FINDING_BYTES:
            break
        kept.append(finding)
    return kept


def one_mapping(by_file: Mapping[Path, Mapping[str, str]]) -> dict[str, str]:
    """The mapping in which those of all files agree; wrong_input when two call one quantity by other names."""
    together: dict[str, tuple[str, Path]] = {}
    for path, mapping in by_file.items():
        for name, header in mapping.items():
            known, other = together.setdefault(name, (header, path))
            if known != header:
                raise wrong_input(
                    f'{name} is remembered as "{known}" for files like "{other.name}" and as "{header}" for files '
                    f'like "{path.name}": say under columns which it is, or make two data sets.',
                    place=f"columns.{name}",
                )
    return {name: header for name, (header, _) in together.items()}


def _matching(entries: Sequence[str]) -> list[Path]:
    return [path for entry in entries for path in files_matching(entry)]


def _number(share_or_number: float, count: int) -> int:
    return int(share_or_number) if share_or_number >= 1 else int(share_or_number * count + 0.5)


def _ranks(paths: Sequence[Path], seed: int) -> dict[Path, bytes]:
    """A random-looking place for each file; files of one name are told apart by their order."""
    seen: dict[str, int] = {}
    ranks: dict[Path, bytes] = {}
    for path in paths:
        number = seen[path.name] = seen.get(path.name, 0) + 1
        ranks[path] = hashlib.sha256(f"{seed}/{number}/{path.name}".encode(errors="surrogateescape")).digest()
    return ranks
