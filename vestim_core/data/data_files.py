"""Finds data files and identifies them by content."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from vestim_core.spec.errors import ErrorCode, VestimError, not_found, wrong_input

_FOLDER_SUFFIXES = (".csv", ".mat", ".xlsx", ".xls", ".mpt", ".parquet", ".nda", ".ndax")
READABLE = (*_FOLDER_SUFFIXES, ".txt", ".tsv", ".dat", ".asc", ".bdf", ".xlsm")
"""Suffixes of files that a reader exists for."""
_EXPORT_ADVICE = {
    ".res": "an Arbin database: in MITS Pro export it as CSV or XLSX",
    ".mpr": "BioLogic's binary format: in EC-Lab or BT-Lab export it as text (.mpt)",
    ".mps": "a BioLogic settings file without data: give the .mpt file",
    ".ccs": "BaSyTec's binary format: export the result file as text",
    ".cex": "a LAND database: in LAND's data program export it as CSV",
    ".000": "Maccor's binary format: in MIMS export it as text",
}
_WILDCARD = re.compile(r"[*?\[]")


class NoTable(VestimError):
    """An existing file without rows. finding: code of the finding that reports it."""

    def __init__(self, finding: str, sentence: str, path: Path) -> None:
        super().__init__(ErrorCode.WRONG_INPUT, sentence, location=str(path))
        self.finding = finding


def find_files(paths: Sequence[str]) -> list[Path]:
    """Expand `paths` to absolute files; a folder stands for its data files in natural order, cell_2 before cell_10.

    A .txt file is read only if it is named explicitly, because notes often lie next to data. All paths are checked
    here, so that a missing file is reported before any other is read.
    """
    return [file for path in paths for file in _expand_path(Path(path).expanduser().absolute())]


def find_matching_files(pattern: str) -> list[Path]:
    """Expand a pattern with *, ?, [...] or ** to absolute readable files in natural order; not_found if there are none.

    An existing path is taken literally, whatever characters it contains.
    """
    path = Path(pattern).expanduser().absolute()
    if path.exists() or not _WILDCARD.search(str(path)):
        return find_files([pattern])
    try:
        matches = list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except (ValueError, OSError) as error:
        raise wrong_input(f'"{pattern}" is no pattern that can be looked for: {error}.', location=pattern) from None
    files = [file for file in matches if file.is_file() and not file.name.startswith(".")]
    readable = sorted((file for file in files if file.suffix.lower() in READABLE), key=_natural_key)
    if not readable:
        problem = f"matches {len(files)} files, none of which can be read" if files else "matches no file"
        raise not_found(f'"{pattern}" {problem}: correct the pattern.', location=pattern)
    return readable


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Name each path uniquely: the file's name, with as many parent folders as necessary."""
    names = [path.name for path in paths]
    for depth in range(2, max((len(path.parts) for path in paths), default=0) + 1):
        ambiguous = {name for name, count in Counter(names).items() if count > 1}
        if not ambiguous:
            break
        names = [
            "/".join(path.parts[-depth:]) if name in ambiguous else name
            for name, path in zip(names, paths, strict=True)
        ]
    return names


def match_paths(name: str, paths: Sequence[Path]) -> list[Path]:
    """The paths that `name` refers to: an exact match, else all paths that end with it, folders included."""
    parts, paths = Path(name).parts, list(dict.fromkeys(paths))
    exact_matches = [path for path in paths if str(path) == name]
    return exact_matches or [path for path in paths if parts and path.parts[-len(parts) :] == parts]


def sha256_of(path: Path) -> str:
    """SHA-256 of the file's bytes in hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable_error(path, error) from None


def unreadable_error(path: Path, error: OSError) -> Exception:
    """Build the error for a file that the operating system cannot read."""
    if isinstance(error, FileNotFoundError):
        return not_found(f'"{path}" does not exist: correct the path or remove it.', location=str(path))
    return wrong_input(f'"{path}" cannot be read: {error.strerror or error}.', location=str(path))


def check_readable(path: Path) -> None:
    """Raise wrong_input with advice unless a reader exists for the suffix of `path`."""
    if path.is_dir():
        raise wrong_input(f'"{path}" is a folder, not a file: give the files in it.', location=str(path))
    suffix = path.suffix.lower()
    if suffix in _EXPORT_ADVICE:
        raise wrong_input(f'"{path.name}" is {_EXPORT_ADVICE[suffix]}.', location=str(path), actions=("export it",))
    if suffix not in READABLE:
        raise wrong_input(
            f'"{path.name}" cannot be read: Vestim reads {", ".join(READABLE)}. Export it as one of these.',
            location=str(path),
        )


def _expand_path(path: Path) -> list[Path]:
    if path.is_dir():
        try:
            files = [file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")]
        except OSError as error:
            raise unreadable_error(path, error) from None
        data_files = sorted((file for file in files if file.suffix.lower() in _FOLDER_SUFFIXES), key=_natural_key)
        if not data_files:
            raise not_found(
                f'The folder "{path}" has no data file in it ({", ".join(_FOLDER_SUFFIXES)}).', location=str(path)
            )
        return data_files
    if not path.exists():
        raise unreadable_error(path, FileNotFoundError())
    check_readable(path)
    return [path]


def _natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sort key that compares digits in a name as numbers."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
