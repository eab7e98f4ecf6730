"""The home's stored column mappings, as workers use them; an explicit mapping of an inspection or job comes first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vestim_core.data.file_summary import sniff
from vestim_core.data.remembered_mappings import remembered_mapping
from vestim_core.system import Home, read_json


def column_mapping(
    home: Home, path: Path, explicit_mapping: Mapping[str, str], default_mapping: Mapping[str, str] | None = None
) -> dict[str, str]:
    """`explicit_mapping`, else the one stored for the header of `path`, else `default_mapping` where its columns exist.

    Raises `VestimError` for a file that is no table.
    """
    if explicit_mapping:
        return dict(explicit_mapping)
    mapping = remembered_mapping(path, _stored_mappings(home), home.vendors)
    if mapping or not default_mapping or not {*default_mapping.values()} <= {*sniff(path, {}, home.vendors).headers}:
        return mapping
    return dict(default_mapping)


def _stored_mappings(home: Home) -> dict[str, dict[str, Any]]:
    try:
        entries = dict(read_json(home.mappings)["mappings"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {signature: entry for signature, entry in entries.items() if isinstance(entry, dict)}
