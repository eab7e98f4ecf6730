"""Column mappings that the user gave earlier, applied to files with the same header."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vestim_core.data.file_summary import sniff
from vestim_core.spec.header_signature import header_signature


def remembered_mapping(
    path: Path, remembered_mappings: Mapping[str, Mapping[str, Any]], extra_vendors: Path | None = None
) -> dict[str, str]:
    """Look up the mapping of canonical name to the name in the file; empty if none is remembered.

    remembered_mappings: by header signature, each with its `columns`. Raises VestimError if the file holds no table.
    """
    if not remembered_mappings:
        return {}
    headers = sniff(path, {}, extra_vendors).headers
    return dict(remembered_mappings.get(header_signature(headers), {}).get("columns", {}))
