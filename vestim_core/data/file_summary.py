"""Summarizes a file before any of its rows are read: vendor, columns, approximate length and missing quantities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vestim_core.data.data_files import unreadable_error
from vestim_core.data.readers.load import OpenedFile, open_source
from vestim_core.spec.header_signature import header_signature
from vestim_core.spec.signals import QUANTITIES

__all__ = ["RecognizedColumn", "Sniff", "header_signature", "sniff"]

_EXPECTED_QUANTITIES = ("time_s", "voltage_V", "current_A", "temperature_degC", "soc")
_SAMPLE_VALUES = 5  # values per column, arbitrary: enough for a person to recognize it


@dataclass(frozen=True)
class RecognizedColumn:
    """A column that was recognized or is named by the user's mapping: canonical value = factor * value + offset.

    unit: as the file writes it, "" if it names none. mapped: true if the mapping named it. sample: its first values.
    """

    name: str
    header: str
    unit: str
    factor: float
    offset: float
    mapped: bool
    sample: tuple[str, ...]


@dataclass(frozen=True)
class Sniff:
    """Summary of a file.

    vendor, title, why: the detected vendor and the evidence. headers: all column names; signature: their hash, under
    which a mapping can be remembered. columns: the source of each quantity. rows: approximate row count. missing:
    expected quantities that are absent. notes: messages of the findings from opening the file.
    """

    path: str
    name: str
    bytes: int
    vendor: str
    title: str
    why: str
    headers: tuple[str, ...]
    signature: str
    columns: tuple[RecognizedColumn, ...]
    rows: int
    missing: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Convert to plain values."""
        return asdict(self)


def sniff(path: Path, mapping: Mapping[str, str] | None = None, extra_vendors: Path | None = None) -> Sniff:
    """Summarize the file `path`. mapping: canonical name to the name in the file, as given by the user.

    Only the beginning of a text file is read; MAT files and workbooks are opened completely. Raises VestimError with a
    one-sentence message if the file holds no table.
    """
    mapping = mapping or {}
    opened_file = open_source(path, mapping, extra_vendors)
    try:
        size, rows = path.stat().st_size, opened_file.source.estimated_rows()
    except OSError as error:
        raise unreadable_error(path, error) from None
    columns = tuple(_recognized_columns(opened_file, mapping))
    names = {column.name for column in columns}
    return Sniff(
        path=str(path),
        name=path.name,
        bytes=size,
        vendor=opened_file.vendor.name,
        title=opened_file.vendor.title,
        why=opened_file.vendor_evidence,
        headers=tuple(opened_file.headers),
        signature=header_signature(opened_file.headers),
        columns=columns,
        rows=rows,
        missing=tuple(name for name in _EXPECTED_QUANTITIES if name not in names),
        notes=tuple(finding.message for finding in opened_file.source.findings),
    )


def _recognized_columns(opened_file: OpenedFile, mapping: Mapping[str, str]) -> list[RecognizedColumn]:
    """List quantities first, then other names in the mapping, then the state column."""
    columns = []
    for name in dict.fromkeys([*QUANTITIES, *mapping]):
        step_time_position = opened_file.step_time_position if name == "time_s" else None
        column = opened_file.names.find_column(opened_file.headers, name)
        if step_time_position is not None:
            columns.append(_recognized_column(opened_file, name, step_time_position))
        elif column is not None:
            is_mapped = opened_file.names.find_mapped_column(opened_file.headers, name) is not None
            columns.append(
                _recognized_column(
                    opened_file, name, column.position, column.unit, column.factor, column.offset, is_mapped
                )
            )
    if opened_file.state_position is not None:
        columns.append(_recognized_column(opened_file, "step_type", opened_file.state_position))
    return columns


def _recognized_column(
    opened_file: OpenedFile,
    name: str,
    position: int,
    unit: str = "",
    factor: float = 1.0,
    offset: float = 0.0,
    mapped: bool = False,
) -> RecognizedColumn:
    sample = tuple(opened_file.source.sample(position)[:_SAMPLE_VALUES])
    return RecognizedColumn(name, opened_file.headers[position], unit, factor, offset, mapped, sample)
