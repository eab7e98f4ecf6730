"""Read issues as findings with a proposed repair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vestim_core.data.readers.source import ReadIssue
from vestim_core.data.spans import Spans, build_span_finding, describe_rows, find_spans
from vestim_core.spec.finding import Finding, Repair, Severity

_MAX_FILLED_ROWS = 10  # rows, arbitrary: a straight line across a longer gap would invent data
_MESSAGES = {
    "rows.text": (Severity.WARNING, "has text without numbers in {rows}, first {excerpt}: drop it."),
    "rows.repeated_header": (Severity.INFO, "has its header again in {rows}, {excerpt}: drop it."),
    "rows.truncated": (Severity.WARNING, "breaks off in {rows}: {excerpt} is cut: drop that line."),
    "rows.ragged": (Severity.ERROR, "has {excerpt} ({rows}): correct or delete that line."),
    "channel.text": (Severity.WARNING, "has the text {excerpt} for a number in {rows}: treat it as missing."),
}


def issue_findings(issues: Sequence[ReadIssue], names: Mapping[int, str], file: str) -> list[Finding]:
    """Turn read issues into findings. names: canonical name by position; issues in any other column are omitted."""
    findings = []
    for issue in issues:
        if issue.position is not None and issue.position not in names:
            continue
        column = names.get(issue.position, "") if issue.position is not None else ""
        spans = find_spans(issue.rows)
        severity, template = _MESSAGES[issue.code]
        findings.append(
            build_span_finding(
                spans,
                code=issue.code,
                severity=severity,
                sentence=f'"{file}" {template.format(rows=describe_rows(spans), excerpt=issue.excerpt)}',
                file=file,
                column=column,
                repair=_proposed_repair(spans, column),
            )
        )
    return findings


def propose_missing_repair(spans: Spans, column: str) -> Repair:
    """Propose a repair for rows without a value: fill short gaps from their neighbors, drop longer ones."""
    if max(last - first + 1 for first, last in spans) <= _MAX_FILLED_ROWS:
        return Repair(kind="fill", parameters={"column": column, "longest_rows": _MAX_FILLED_ROWS})
    return Repair(kind="drop_missing", parameters={"column": column})


def _proposed_repair(spans: Spans, column: str) -> Repair:
    if column:
        return propose_missing_repair(spans, column)
    return Repair(kind="drop_rows", parameters={"rows": [list(span) for span in spans]})
