"""Column mappings that a user made, applied to every file with the same header: `mappings.json` of the home."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vestim_core.spec.header_signature import header_signature
from vestim_core.system import read_json, write_json

MAX_MAPPINGS = 1_000  # arbitrary: bounds the file


def remember_mapping(path: Path, header: Sequence[str], columns: dict[str, str]) -> None:
    """Store `columns` for files with this header as the newest of at most `MAX_MAPPINGS`; empty `columns` remove the
    entry."""
    mappings = _read(path)
    signature = header_signature(header)
    mappings.pop(signature, None)
    if columns:
        mappings[signature] = {"header": list(header), "columns": columns}
    newest_mappings = dict(list(mappings.items())[-MAX_MAPPINGS:])
    write_json(path, {"schema_version": 1, "mappings": newest_mappings})


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json(path)["mappings"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
