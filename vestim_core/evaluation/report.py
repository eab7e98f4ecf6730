"""Results of a test: errors of every file, predictions beside them, and `metrics.json` that sums them up.

Only scored rows are compared and written; rested pre-roll is never part of a figure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vestim_core.data.prepared import PreparedFile
from vestim_core.evaluation.metrics import ErrorSums, pooled
from vestim_core.models.whole import written_whole
from vestim_core.spec.data import Role

SCHEMA_VERSION = 1
METRICS = "metrics.json"

Predictor = Callable[[PreparedFile], np.ndarray]
"""Gives (n,) float64 in the target's unit for every row of a file."""


@dataclass(frozen=True)
class FileResult:
    """Errors of one file over its scored rows."""

    key: str
    name: str
    role: Role
    target: str
    sums: ErrorSums

    def to_json(self) -> dict[str, Any]:
        """Plain values: file, role, rows and the metrics by name."""
        return {
            "file": self.name,
            "key": self.key,
            "role": self.role,
            "rows": self.sums.rows,
            **self.sums.metrics(self.target),
        }


def evaluate(predictor: Predictor, files: Iterable[PreparedFile], target: str) -> list[FileResult]:
    """Errors of `predictor` on each file; `target` names the column that is predicted."""
    return [compare(file, predictor(file), target) for file in files]


def compare(file: PreparedFile, predicted: np.ndarray, target: str) -> FileResult:
    """Errors of predictions (n,) for every row of `file`, counted over its scored rows."""
    rows = scored_rows(file)
    return FileResult(file.key, file.name, file.role, target, ErrorSums.of(file.column(target)[rows], predicted[rows]))


def scored_rows(file: PreparedFile) -> np.ndarray:
    """(n,) bool: the rows that count."""
    mask = np.zeros(len(file.time_s), bool)
    for segment in file.segments:
        mask[segment.scored] = True
    return mask


def overall(results: Sequence[FileResult]) -> dict[str, dict[str, Any]]:
    """For each role: files, rows, and metrics over all their rows as if they were one file."""
    summary: dict[str, dict[str, Any]] = {}
    for role in dict.fromkeys(result.role for result in results):
        of_role = [result for result in results if result.role == role]
        sums = pooled(result.sums for result in of_role)
        summary[role] = {"files": len(of_role), "rows": sums.rows, **sums.metrics(of_role[0].target)}
    return summary


def metrics_document(model: dict[str, Any], target: str, results: Sequence[FileResult]) -> dict[str, Any]:
    """What stands in `metrics.json`. model: what was tested, `{"task_id": ...}` or `{"kind": "circuit"}`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": model,
        "target": target,
        "files": [result.to_json() for result in results],
        "overall": overall(results),
    }


def write_results(
    folder: Path,
    predictor: Predictor,
    files: Iterable[PreparedFile],
    *,
    target: str,
    model: dict[str, Any],
    csv: bool,
    on_file: Callable[[FileResult], None] = lambda result: None,
) -> dict[str, Any]:
    """Test on `files`, one in memory at a time: `folder/predictions/<key>.npz` (and .csv), then `folder/metrics.json`,
    whose content is returned. on_file: called after each file."""
    results = []
    for file in files:
        predicted = predictor(file)
        write_predictions(folder / "predictions", file, predicted, target, csv=csv)
        results.append(compare(file, predicted, target))
        on_file(results[-1])
    document = metrics_document(model, target, results)
    with written_whole(folder / METRICS) as path:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return document


def write_predictions(folder: Path, file: PreparedFile, predicted: np.ndarray, target: str, *, csv: bool) -> list[Path]:
    """Write the scored rows of `file` to `<key>.npz` and, when asked, `<key>.csv`; returns the paths.

    npz: time_s, target, predicted (n,) float64 in the target's unit, segment (n,) int64 counted from 0. csv: the same
    columns, target and prediction named by the quantity.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = scored_rows(file)
    segment = np.repeat(np.arange(len(file.segments)), [part.stop - part.scored_from for part in file.segments])
    columns = {
        "time_s": file.time_s[rows],
        "target": file.column(target)[rows],
        "predicted": predicted[rows],
        "segment": segment,
    }
    paths = [folder / f"{file.key}.npz"]
    with written_whole(paths[0]) as path, path.open("wb") as binary:
        np.savez(binary, allow_pickle=False, **columns)
    if csv:
        paths.append(folder / f"{file.key}.csv")
        header = f"time_s,{target},predicted_{target},segment"
        with written_whole(paths[1]) as path, path.open("w", encoding="utf-8", newline="\n") as text:
            np.savetxt(text, np.column_stack([*columns.values()]), "%.10g", delimiter=",", header=header, comments="")
    return paths
