"""Assigns repairs to files: a repair names its file as findings do or by its path, and applies to no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vestim_core.data.data_files import match_paths
from vestim_core.spec.data import FileRepair
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Repair


def resolve_repairs(
    repairs: Sequence[FileRepair], paths: Sequence[Path], location: str = "repairs"
) -> list[FileRepair]:
    """Replace each repair's file by its full path; wrong_input for a name that matches no file or several."""
    resolved_repairs: list[FileRepair] = []
    for repair in repairs:
        matches = match_paths(repair.file, paths)
        if not matches:
            raise wrong_input(
                f'A repair names "{repair.file}", which is not among the files: correct or remove it.',
                location=location,
            )
        if len(matches) > 1:
            raise wrong_input(
                f'A repair names "{repair.file}", and {len(matches)} files have that name ("{matches[0]}", '
                f'"{matches[1]}"): give the whole path.',
                location=location,
            )
        resolved_repairs.append(repair.model_copy(update={"file": str(matches[0])}))
    return resolved_repairs


def select_repairs(repairs: Sequence[FileRepair], path: Path) -> list[Repair]:
    """The repairs of one file, in order. repairs: with full paths."""
    return [file_repair.repair for file_repair in repairs if file_repair.file == str(path)]


def unaccepted_findings(
    findings: Sequence[Finding], repairs: Sequence[FileRepair], names: Mapping[Path, str]
) -> list[Finding]:
    """The findings that no `accept` repair of their file resolves.

    repairs: with full paths. names: the name of each file in findings.
    """
    accepted_codes = {
        (names[Path(repair.file)], repair.repair.parameters.get("code"))
        for repair in repairs
        if repair.repair.kind == "accept"
    }
    return [finding for finding in findings if (finding.file, finding.code) not in accepted_codes]
