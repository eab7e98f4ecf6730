"""What a file is before any of its rows are read: whose, with which columns, about how long, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vestim_core.data.files import unreadable
from vestim_core.data.readers.load import Opened, open_source
from vestim_core.spec.header import header_signature
from vestim_core.spec.signals import QUANTITIES

__all__ = ["ColumnFound", "Sniff", "header_signature", "sniff"]

_LOOKED_FOR = ("time_s", "voltage_V", "current_A", "temperature_degC", "soc")
_SAMPLED = 5


@dataclass(frozen=True)
class ColumnFound:
    """A column that was recognised, or that the user's mapping names: canonical value = factor * value + offset.

    unit: as the file writes it, "" when it says none. mapped: whether the mapping named it. sample: its first values.
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
    """vendor, title, why: whose file it was taken for. headers: all its columns; signature: their hash, under which a
    mapping may be remembered. columns: what each quantity would be read from. rows: about how many there are.
    missing: quantities that were looked for in vain. notes: what opening noticed, in sentences."""

    path: str
    name: str
    bytes: int
    vendor: str
    title: str
    why: str
    headers: tuple[str, ...]
    signature: str
    columns: tuple[ColumnFound, ...]
    rows: int
    missing: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def sniff(path: Path, mapping: Mapping[str, str] | None = None, extra_vendors: Path | None = None) -> Sniff:
    """What `path` is. mapping: canonical name to the name in the file, where the user has said so.

    A text file's beginning is read only; MAT files and workbooks are opened whole. Raises VestimError with one sentence
    for whatever is no table.
    """
    mapping = mapping or {}
    opened = open_source(path, mapping, extra_vendors)
    try:
        size, rows = path.stat().st_size, opened.source.estimated_rows()
    except OSError as error:
        raise unreadable(path, error) from None
    columns = tuple(_found(opened, mapping))
    names = {column.name for column in columns}
    return Sniff(
        path=str(path),
        name=path.name,
        bytes=size,
        vendor=opened.vendor.name,
        title=opened.vendor.title,
        why=opened.why,
        headers=tuple(opened.headers),
        signature=header_signature(opened.headers),
        columns=columns,
        rows=rows,
        missing=tuple(name for name in _LOOKED_FOR if name not in names),
        notes=tuple(finding.sentence for finding in opened.source.findings),
    )


def _found(opened: Opened, mapping: Mapping[str, str]) -> list[ColumnFound]:
    """Quantities first, then other names that the mapping gives, then the column of the state."""
    columns = []
    for name in dict.fromkeys([*QUANTITIES, *mapping]):
        step_time = opened.step_time if name == "time_s" else None
        found = opened.names.find(opened.headers, name)
        if step_time is not None:
            columns.append(_column(opened, name, step_time))
        elif found is not None:
            mapped = opened.names.mapped(opened.headers, name) is not None
            columns.append(_column(opened, name, found.position, found.unit, found.factor, found.offset, mapped))
    if opened.state is not None:
        columns.append(_column(opened, "step_type", opened.state))
    return columns


def _column(
    opened: Opened,
    name: str,
    position: int,
    unit: str = "",
    factor: float = 1.0,
    offset: float = 0.0,
    mapped: bool = False,
) -> ColumnFound:
    sample = tuple(opened.source.sample(position)[:_SAMPLED])
    return ColumnFound(name, opened.headers[position], unit, factor, offset, mapped, sample)
