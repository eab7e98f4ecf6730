"""Small job documents for tests, of plain values as a client sends them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

DATA = {"train": ["/data/train.csv"], "validation": ["/data/validation.csv"], "test": ["/data/test.csv"]}


def document(**sections: Any) -> dict[str, Any]:
    """A valid job document with these sections; the data files need not exist to validate it."""
    return copy.deepcopy({"data": DATA, **sections})


def real_document(folder: Path, **sections: Any) -> dict[str, Any]:
    """The same with (empty) data files that are there, so that a daemon takes it."""
    data = {role: [str(folder / f"{role}.csv")] for role in DATA}
    for (path,) in data.values():
        Path(path).touch()
    return document(**{"data": data, **sections})
