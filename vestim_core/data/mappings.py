"""What the columns of a file are by what a user said of files with the same header before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vestim_core.data.sniff import sniff
from vestim_core.spec.header import header_signature


def remembered_mapping(
    path: Path, known: Mapping[str, Mapping[str, Any]], extra_vendors: Path | None = None
) -> dict[str, str]:
    """Canonical name to the name in the file; empty where nothing was said. known: by signature of the header, each
    with its `columns`.

    Raises VestimError for what is no table.
    """
    if not known:
        return {}
    headers = sniff(path, {}, extra_vendors).headers
    return dict(known.get(header_signature(headers), {}).get("columns", {}))
