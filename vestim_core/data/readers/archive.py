"""Zip archives from outside (XLSX, NDAX): unpacked once to be counted before any library unpacks them for good.

The directory of an archive may lie about sizes, so the bytes themselves are counted; documents that declare entities
are refused, for those can grow without end, and so are sheets with cells far out.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from vestim_core.data.readers.extent import MOST_CELLS, Extent
from vestim_core.spec.errors import wrong_input

MOST_UNPACKED = 2 << 30
_MOST_MEMBERS = 10_000
_PIECE = 1 << 20
_HEAD = 4096


def check_archive(path: Path) -> None:
    """Raise wrong_input when the archive is damaged, unpacks to too many bytes or declares entities."""
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED:
                raise _too_large(path)
            for member in members:
                extent = Extent() if member.filename.startswith("xl/worksheets/") else None
                with archive.open(member) as file:
                    first = True
                    while piece := file.read(_PIECE):
                        total += len(piece)
                        if total > MOST_UNPACKED:
                            raise _too_large(path)
                        if first and b"<!DOCTYPE" in piece[:_HEAD].replace(b"\x00", b"").upper():
                            raise wrong_input(
                                f'"{path.name}" declares entities, which no spreadsheet needs: export it again.',
                                place=str(path),
                            )
                        first = False
                        if extent is not None:
                            extent.feed(piece)
                if extent is not None and extent.cells > MOST_CELLS:
                    raise wrong_input(
                        f'"{path.name}" has cells so far out that its sheet does not fit into memory: export the '
                        f"records as CSV.",
                        place=str(path),
                    )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise wrong_input(f'"{path.name}" is damaged: export it again.', place=str(path)) from None


def _too_large(path: Path) -> Exception:
    return wrong_input(
        f'"{path.name}" unpacks to more than {MOST_UNPACKED / 2**30:.0f} GiB: export the records as CSV.',
        place=str(path),
    )
