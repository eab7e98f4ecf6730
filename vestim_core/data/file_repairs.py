"""Which repairs are whose: a repair names its file as findings do, or by its path, and never another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vestim_core.data.files import paths_named
from vestim_core.spec.data import FileRepair
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Repair


def repairs_of(given: Sequence[FileRepair], paths: Sequence[Path], place: str = "repairs") -> list[FileRepair]:
    """The same repairs, each with its file's whole path; wrong_input for a name that no file or several files have."""
    whole: list[FileRepair] = []
    for one in given:
        named = paths_named(one.file, paths)
        if not named:
            raise wrong_input(
                f'A repair names "{one.file}", which is not among the files: correct or remove it.', place=place
            )
        if len(named) > 1:
            raise wrong_input(
                f'A repair names "{one.file}", and {len(named)} files have that name ("{named[0]}", "{named[1]}"): '
                f"give the whole path.",
                place=place,
            )
        whole.append(one.model_copy(update={"file": str(named[0])}))
    return whole


def repairs_for(repairs: Sequence[FileRepair], path: Path) -> list[Repair]:
    """Those of one file, in order. repairs: with whole paths."""
    return [one.repair for one in repairs if one.file == str(path)]


def still_open(findings: Sequence[Finding], repairs: Sequence[FileRepair], names: Mapping[Path, str]) -> list[Finding]:
    """The findings that no `accept` repair of their file answers. repairs: with whole paths. names: what findings call
    each file."""
    accepted = {
        (names[Path(one.file)], one.repair.parameters.get("code")) for one in repairs if one.repair.kind == "accept"
    }
    return [finding for finding in findings if (finding.file, finding.code) not in accepted]
