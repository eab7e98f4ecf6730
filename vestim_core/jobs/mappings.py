"""Mappings of columns that a user made, remembered for every file with the same header: `mappings.json` of the home."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vestim_core.spec.header import header_signature
from vestim_core.system import read_json, write_json

MAX_MAPPINGS = 1_000


def remember_mapping(path: Path, header: Sequence[str], columns: dict[str, str]) -> None:
    """Keep what the columns under this header are, as the newest of at most `MAX_MAPPINGS`; nothing forgets it."""
    known = _read(path)
    signature = header_signature(header)
    known.pop(signature, None)
    if columns:
        known[signature] = {"header": list(header), "columns": columns}
    newest = dict(list(known.items())[-MAX_MAPPINGS:])
    write_json(path, {"schema_version": 1, "mappings": newest})


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json(path)["mappings"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
