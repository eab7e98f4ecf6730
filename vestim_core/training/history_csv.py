"""history.csv: one line per epoch, columns in the order of their first appearance."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vestim_core.models.atomic_files import atomic_write


def write_history(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write the epochs of a training (`Outcome.history`) to `path`; an undefined value becomes an empty field."""
    columns = list(dict.fromkeys(name for epoch in history for name in epoch))
    with atomic_write(path) as temporary_path, temporary_path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
