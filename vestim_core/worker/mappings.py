"""The home's mappings of columns, as a worker uses them: what is said with a question or job comes first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vestim_core.data.mappings import remembered_mapping
from vestim_core.system import Home, read_json


def mapping_of(home: Home, path: Path, given: Mapping[str, str]) -> dict[str, str]:
    """`given`, else what was said before of files with the header of `path`; VestimError for what is no table."""
    return dict(given) or remembered_mapping(path, _known(home), home.vendors)


def _known(home: Home) -> dict[str, dict[str, Any]]:
    try:
        return dict(read_json(home.mappings)["mappings"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
