"""Findings that stop a job because its numbers would be wrong, until a repair resolves them."""

from __future__ import annotations

from collections.abc import Sequence

from vestim_core.data.file_repairs import resolve_repairs, select_repairs
from vestim_core.data.roles import RoleFile
from vestim_core.data.table import Table
from vestim_core.spec.data import DataSpec
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.finding import Finding, Repair, Severity


def repairs_by_file(data: DataSpec, files: Sequence[RoleFile]) -> list[list[Repair]]:
    """The repairs of each file, in order; wrong_input for one that names no file of the job, or several."""
    resolved_repairs = resolve_repairs(data.repairs, [file.path for file in files], "data.repairs")
    return [select_repairs(resolved_repairs, file.path) for file in files]


def raise_blocking_findings(tables: Sequence[Table], set_findings: Sequence[Finding]) -> None:
    """Raise wrong_input for the first finding of severity error that no `accept` repair of its file resolves.

    set_findings: findings about files together. `problems` of the error lists all of them.
    """
    accepted_codes = {
        (table.name, repair.parameters.get("code"))
        for table in tables
        for repair in table.repairs
        if repair.kind == "accept"
    }
    findings = [finding for table in tables for finding in table.findings] + list(set_findings)
    blocking_findings = [
        finding
        for finding in findings
        if finding.severity is Severity.ERROR and (finding.file, finding.code) not in accepted_codes
    ]
    if not blocking_findings:
        return
    first = blocking_findings[0]
    advice = "add the proposed repair to data.repairs" if first.repair else "correct the file"
    raise VestimError(
        ErrorCode.WRONG_INPUT,
        f"{first.message.rstrip('.')} ({advice}, or leave the file out).",
        location=first.file,
        actions=(("Repair it",) if first.repair else ()) + ("Leave the file out",),
        problems=tuple({"location": finding.file, "message": finding.message} for finding in blocking_findings),
    )
