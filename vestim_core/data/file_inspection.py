"""Inspects one file: its table with all findings, or the one finding that explains why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vestim_core.data.checks import check_table
from vestim_core.data.data_files import NoTable
from vestim_core.data.readers import load_table
from vestim_core.data.repairs import apply_repairs
from vestim_core.data.table import Table, rename_in_finding
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.finding import Finding, Repair, Severity


def inspect_file(
    path: Path,
    mapping: Mapping[str, str] | None = None,
    repairs: Sequence[Repair] = (),
    *,
    extra_vendors: Path | None = None,
    name: str = "",
) -> tuple[Table | None, list[Finding]]:
    """Load `path`, apply `repairs` and run all checks.

    Returns the table, with its findings, and the findings; (None, one finding of severity error) if the file holds no
    table. name: name of the file in all messages, where its own is ambiguous. Raises VestimError only for a file that
    does not exist and for invalid repairs.
    """
    try:
        table = load_table(path, mapping, extra_vendors=extra_vendors)
    except VestimError as error:
        if error.code is ErrorCode.NOT_FOUND:
            raise
        code = error.finding if isinstance(error, NoTable) else "file.not_readable"
        finding = Finding(code=code, severity=Severity.ERROR, message=error.message, file=path.name)
        return None, [rename_in_finding(finding, path.name, name or path.name)]
    table = apply_repairs(table.with_name(name or path.name), repairs)
    findings = check_table(table)
    if table.rows < 2:
        count_text = "one row" if table.rows else "no rows"
        message = f'"{table.name}" has {count_text} of data; a series needs at least two: leave the file out.'
        findings.append(Finding(code="file.no_rows", severity=Severity.ERROR, message=message, file=table.name))
    return replace(table, findings=tuple(findings)), findings
