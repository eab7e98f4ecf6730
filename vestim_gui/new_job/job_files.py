"""Job files of the window: read whatever may hold settings, and write a document as TOML or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vestim_core.spec.document import read_document
from vestim_core.spec.errors import refused
from vestim_core.spec.toml import job_toml
from vestim_core.system import write_atomic, write_json
from vestim_gui.new_job.document import FIELDS, Document, finished


def is_job(document: Document) -> bool:
    """Whether a document has sections of a job; else it may be a hyperparameter file of the predecessor."""
    return any(name in FIELDS for name in document)


def read_file(path: str) -> Document:
    """What a job file holds, data paths made absolute. `VestimError` with one sentence where it cannot be read."""
    return read_document(Path(path))


def write_file(path: str, document: Document) -> Path:
    """Write a job file, as JSON where the name ends so, else as TOML. `VestimError` where it cannot be written."""
    place = Path(path)
    if place.suffix.lower() not in (".toml", ".json"):
        place = place.with_name(f"{place.name}.toml")
    made: dict[str, Any] = finished(document)
    try:
        if place.suffix.lower() == ".json":
            write_json(place, made)
        else:
            head = f"# A Vestim job. Submit it with:  vestim submit {place.name} --follow"
            write_atomic(place, job_toml(made, head).encode())
    except OSError as error:
        raise refused(f"'{place}' cannot be written: {error.strerror or error}", place=str(place)) from None
    return place
