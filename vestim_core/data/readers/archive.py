"""Zip archives from untrusted sources (XLSX, NDAX): decompressed once for counting before a library decompresses them.

The archive's directory may lie about sizes, so the decompressed bytes are counted. Documents that declare entities are
rejected because entities can expand without limit, and so are sheets whose cells lie too far out.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from vestim_core.data.readers.sheet_extent import MAX_CELLS, SheetExtent
from vestim_core.spec.errors import wrong_input

MAX_UNPACKED_BYTES = 2 << 30  # 2 GiB, arbitrary: larger record tables belong in CSV
_MAX_MEMBERS = 10_000  # arbitrary, far above the some hundred parts of a real workbook
_CHUNK_BYTES = 1 << 20  # 1 MiB per read, arbitrary: bounds the memory used for counting
_PROLOG_BYTES = 4096  # a DOCTYPE stands before the root element, within the first kilobytes


def check_archive(path: Path) -> None:
    """Raise wrong_input if the archive is damaged, decompresses to too many bytes or declares entities."""
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                raise _too_large_error(path)
            for member in members:
                extent = SheetExtent() if member.filename.startswith("xl/worksheets/") else None
                with archive.open(member) as file:
                    is_first = True
                    while chunk := file.read(_CHUNK_BYTES):
                        total += len(chunk)
                        if total > MAX_UNPACKED_BYTES:
                            raise _too_large_error(path)
                        if is_first and b"<!DOCTYPE" in chunk[:_PROLOG_BYTES].replace(b"\x00", b"").upper():
                            raise wrong_input(
                                f'"{path.name}" declares entities, which no spreadsheet needs: export it again.',
                                location=str(path),
                            )
                        is_first = False
                        if extent is not None:
                            extent.feed(chunk)
                if extent is not None and extent.cells > MAX_CELLS:
                    raise wrong_input(
                        f'"{path.name}" has cells so far out that its sheet does not fit into memory: export the '
                        f"records as CSV.",
                        location=str(path),
                    )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise wrong_input(f'"{path.name}" is damaged: export it again.', location=str(path)) from None


def _too_large_error(path: Path) -> Exception:
    return wrong_input(
        f'"{path.name}" unpacks to more than {MAX_UNPACKED_BYTES / 2**30:.0f} GiB: export the records as CSV.',
        location=str(path),
    )
