"""The home's mappings of columns, as a worker uses them: what is said with a question or job comes first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vestim_core.data.mappings import remembered_mapping
from vestim_core.data.sniff import sniff
from vestim_core.system import Home, read_json


def mapping_of(
    home: Home, path: Path, given: Mapping[str, str], otherwise: Mapping[str, str] | None = None
) -> dict[str, str]:
    """`given`, else what was said before of files with the header of `path`, else `otherwise` where the file has these
    columns; VestimError for what is no table."""
    if given:
        return dict(given)
    found = remembered_mapping(path, _known(home), home.vendors)
    if found or not otherwise or not {*otherwise.values()} <= {*sniff(path, {}, home.vendors).headers}:
        return found
    return dict(otherwise)


def _known(home: Home) -> dict[str, dict[str, Any]]:
    try:
        kept = dict(read_json(home.mappings)["mappings"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {signature: entry for signature, entry in kept.items() if isinstance(entry, dict)}
