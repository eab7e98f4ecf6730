"""Finding data files and knowing their content."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from vestim_core.spec.errors import ErrorCode, VestimError, not_found, wrong_input

_TAKEN_FROM_FOLDERS = (".csv", ".mat", ".xlsx", ".xls", ".mpt", ".parquet", ".nda", ".ndax")
READABLE = (*_TAKEN_FROM_FOLDERS, ".txt", ".tsv", ".dat", ".asc", ".bdf", ".xlsm")
"""Endings of files that a reader exists for."""
_EXPORT_FIRST = {
    ".res": "an Arbin database: in MITS Pro export it as CSV or XLSX",
    ".mpr": "BioLogic's binary format: in EC-Lab or BT-Lab export it as text (.mpt)",
    ".mps": "a BioLogic settings file without data: give the .mpt file",
    ".ccs": "BaSyTec's binary format: export the result file as text",
    ".cex": "a LAND database: in LAND's data program export it as CSV",
    ".000": "Maccor's binary format: in MIMS export it as text",
}
_WILD = re.compile(r"[*?\[]")


class NoTable(VestimError):
    """A file that is there and holds no rows. finding: the code of the finding that says so."""

    def __init__(self, finding: str, sentence: str, path: Path) -> None:
        super().__init__(ErrorCode.WRONG_INPUT, sentence, place=str(path))
        self.finding = finding


def find_files(paths: Sequence[str]) -> list[Path]:
    """The files that `paths` name, absolute; a folder stands for its data files, cell_2 before cell_10.

    A .txt file is read only when it is named itself: notes often lie beside data. Every path is checked here, so that
    a missing file is known before any other is read.
    """
    return [file for path in paths for file in _files_of(Path(path).expanduser().absolute())]


def files_matching(pattern: str) -> list[Path]:
    """The readable files that a pattern with *, ?, [...] or ** means, absolute, cell_2 before cell_10; not_found for
    none. A path that exists is taken as it stands, whatever characters are in it."""
    path = Path(pattern).expanduser().absolute()
    if path.exists() or not _WILD.search(str(path)):
        return find_files([pattern])
    try:
        found = list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except (ValueError, OSError) as error:
        raise wrong_input(f'"{pattern}" is no pattern that can be looked for: {error}.', place=pattern) from None
    files = [file for file in found if file.is_file() and not file.name.startswith(".")]
    readable = sorted((file for file in files if file.suffix.lower() in READABLE), key=_natural)
    if not readable:
        what = f"matches {len(files)} files, none of which can be read" if files else "matches no file"
        raise not_found(f'"{pattern}" {what}: correct the pattern.', place=pattern)
    return readable


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """A name for each path that no other one has: the file's own, with as many of its folders before it as it takes."""
    names = [path.name for path in paths]
    for depth in range(2, max((len(path.parts) for path in paths), default=0) + 1):
        again = {name for name, count in Counter(names).items() if count > 1}
        if not again:
            break
        names = [
            "/".join(path.parts[-depth:]) if name in again else name for name, path in zip(names, paths, strict=True)
        ]
    return names


def paths_named(name: str, paths: Sequence[Path]) -> list[Path]:
    """The paths that `name` means: the one that it is, else those that end with it, folders and all."""
    parts, paths = Path(name).parts, list(dict.fromkeys(paths))
    same = [path for path in paths if str(path) == name]
    return same or [path for path in paths if parts and path.parts[-len(parts) :] == parts]


def sha256_of(path: Path) -> str:
    """Hash of the file's bytes, in hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> Exception:
    """The error for a file that the operating system does not let us read."""
    if isinstance(error, FileNotFoundError):
        return not_found(f'"{path}" does not exist: correct the path or remove it.', place=str(path))
    return wrong_input(f'"{path}" cannot be read: {error.strerror or error}.', place=str(path))


def check_readable(path: Path) -> None:
    """Raise wrong_input, with what to do, unless `path` ends as a file that some reader reads."""
    if path.is_dir():
        raise wrong_input(f'"{path}" is a folder, not a file: give the files in it.', place=str(path))
    kind = path.suffix.lower()
    if kind in _EXPORT_FIRST:
        raise wrong_input(f'"{path.name}" is {_EXPORT_FIRST[kind]}.', place=str(path), actions=("export it",))
    if kind not in READABLE:
        raise wrong_input(
            f'"{path.name}" cannot be read: Vestim reads {", ".join(READABLE)}. Export it as one of these.',
            place=str(path),
        )


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        try:
            files = [file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")]
        except OSError as error:
            raise unreadable(path, error) from None
        found = sorted((file for file in files if file.suffix.lower() in _TAKEN_FROM_FOLDERS), key=_natural)
        if not found:
            raise not_found(
                f'The folder "{path}" has no data file in it ({", ".join(_TAKEN_FROM_FOLDERS)}).', place=str(path)
            )
        return found
    if not path.exists():
        raise unreadable(path, FileNotFoundError())
    check_readable(path)
    return [path]


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort key under which numbers in a name count as numbers."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
