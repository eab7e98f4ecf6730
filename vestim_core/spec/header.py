"""The signature of a file's header: what a mapping of columns is remembered by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def header_signature(names: Sequence[str]) -> str:
    """A short hash of a file's column names: files of one signature share the mapping that a user made.

    Order and case count for nothing, units do.
    """
    words = sorted(" ".join(name.casefold().split()) for name in names)
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
