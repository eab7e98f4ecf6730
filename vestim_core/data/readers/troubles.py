"""What a reader met on the way, as findings with repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vestim_core.data.readers.source import Trouble
from vestim_core.data.spans import Spans, finding_at, rows_words, spans_of
from vestim_core.spec.finding import Finding, Repair, Severity

_LONGEST_FILLED = 10
_SAYINGS = {
    "rows.text": (Severity.WARNING, "has text without numbers in {where}, first {said}: drop it."),
    "rows.repeated_header": (Severity.INFO, "has its header again in {where}, {said}: drop it."),
    "rows.truncated": (Severity.WARNING, "breaks off in {where}: {said} is cut: drop that line."),
    "rows.ragged": (Severity.ERROR, "has {said} ({where}): correct or delete that line."),
    "channel.text": (Severity.WARNING, "has the text {said} for a number in {where}: treat it as missing."),
}


def findings_of(troubles: Sequence[Trouble], names: Mapping[int, str], file: str) -> list[Finding]:
    """names: canonical name of each position; a trouble in any other column is left out."""
    findings = []
    for trouble in troubles:
        if trouble.position is not None and trouble.position not in names:
            continue
        column = names.get(trouble.position, "") if trouble.position is not None else ""
        spans = spans_of(trouble.rows)
        severity, words = _SAYINGS[trouble.code]
        findings.append(
            finding_at(
                spans,
                code=trouble.code,
                severity=severity,
                sentence=f'"{file}" {words.format(where=rows_words(spans), said=trouble.said)}',
                file=file,
                column=column,
                repair=_repair(spans, column),
            )
        )
    return findings


def missing_repair(spans: Spans, column: str) -> Repair:
    """Short stretches without a value are filled from their neighbours, longer ones dropped."""
    if max(last - first + 1 for first, last in spans) <= _LONGEST_FILLED:
        return Repair(kind="fill", parameters={"column": column, "longest_rows": _LONGEST_FILLED})
    return Repair(kind="drop_missing", parameters={"column": column})


def _repair(spans: Spans, column: str) -> Repair:
    if column:
        return missing_repair(spans, column)
    return Repair(kind="drop_rows", parameters={"rows": [list(span) for span in spans]})
