"""CheckedFile: a loaded table and its role in the job."""

from __future__ import annotations

from dataclasses import dataclass

from vestim_core.data.table import Table
from vestim_core.spec.data import Role


@dataclass(frozen=True)
class CheckedFile:
    """A loaded table and its role."""

    table: Table
    role: Role = "train"
