"""Header signatures, the keys under which column mappings are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def header_signature(names: Sequence[str]) -> str:
    """Short hash of a file's column names. Files with the same signature share the user's column mapping.

    Insensitive to order, case and spaces, sensitive to units.
    """
    normalized_names = sorted(" ".join(name.casefold().split()) for name in names)
    return hashlib.sha256("\n".join(normalized_names).encode()).hexdigest()[:16]
