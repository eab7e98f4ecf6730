"""Small job documents for tests, of plain values as a client sends them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

DATA = {"train": ["/data/train.csv"], "validation": ["/data/validation.csv"], "test": ["/data/test.csv"]}


def job_document(**sections: Any) -> dict[str, Any]:
    """Build a valid job document with these sections. The data files need not exist for validation."""
    return copy.deepcopy({"data": DATA, **sections})


def job_document_with_files(folder: Path, **sections: Any) -> dict[str, Any]:
    """Build a valid job document with existing, empty data files, which a daemon accepts."""
    data = {role: [str(folder / f"{role}.csv")] for role in DATA}
    for (path,) in data.values():
        Path(path).touch()
    return job_document(**{"data": data, **sections})
