"""Job files of the window: read settings from any supported file, write a document as TOML or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vestim_core.spec.errors import refused
from vestim_core.spec.job_file_reader import read_job_document
from vestim_core.spec.toml import job_toml
from vestim_core.system import write_atomic, write_json
from vestim_gui.new_job.job_document import JOB_FIELDS, Document, finish_document


def has_job_sections(document: Document) -> bool:
    """True if a document has sections of a job; else it may be a hyperparameter file of PyBattML."""
    return any(name in JOB_FIELDS for name in document)


def read_job_file(path: str) -> Document:
    """The document in a job file, with absolute data paths; `VestimError` if it cannot be read."""
    return read_job_document(Path(path))


def write_job_file(path: str, document: Document) -> Path:
    """Write a job file as JSON if the name says so, else as TOML; `VestimError` if that fails."""
    file_path = Path(path)
    if file_path.suffix.lower() not in (".toml", ".json"):
        file_path = file_path.with_name(f"{file_path.name}.toml")
    settings: dict[str, Any] = finish_document(document)
    try:
        if file_path.suffix.lower() == ".json":
            write_json(file_path, settings)
        else:
            header = f"# A Vestim job. Submit it with:  vestim submit {file_path.name} --follow"
            write_atomic(file_path, job_toml(settings, header).encode())
    except OSError as error:
        raise refused(f"'{file_path}' cannot be written: {error.strerror or error}", location=str(file_path)) from None
    return file_path
