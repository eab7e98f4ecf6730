"""Results of a test: errors and predictions of every file, and `metrics.json` that summarizes them.

Only scored rows are compared and written; rested pre-roll is part of no figure. A file whose target is unknown, in some
rows or in all, has predictions nevertheless.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vestim_core.data.prepared_set import PreparedFile
from vestim_core.evaluation.comparison import Comparison, compared_rows, scored_rows
from vestim_core.evaluation.conformal import Band, band_report, calibrate_band
from vestim_core.evaluation.envelope import envelope_violations
from vestim_core.evaluation.metrics import ErrorSums, pool_sums
from vestim_core.models.atomic_files import atomic_write
from vestim_core.spec.data import Role

__all__ = [
    "FileResult",
    "ResultWriter",
    "compare",
    "evaluate",
    "examine",
    "metrics_by_role",
    "metrics_summary",
    "scored_rows",
    "write_results",
]

SCHEMA_VERSION = 2
"""Of `metrics.json`. Version 1 had only `files` and `metrics_by_role`, with fewer metrics; readers accept both."""
METRICS_FILE = "metrics.json"
MAX_WORST = 10  # stretches listed for all files: as many as a person looks at; arbitrary, 5 to 50 works
MAX_LISTED_FILES = 300  # in one event: bounds its size; arbitrary, 100 to 1000 works

Predictor = Callable[[PreparedFile], np.ndarray]
"""Maps a file to predictions (n,) for every row, float64 in the target's unit."""


@dataclass(frozen=True)
class FileResult:
    """Errors of one file over its compared rows.

    comparison: present when the file was examined, not only summed. violations: rows outside the training range,
    see `envelope_violations`; None when the envelope is unknown.
    """

    key: str
    name: str
    role: Role
    target: str
    sums: ErrorSums
    comparison: Comparison | None = None
    violations: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values: file, role, rows and the metrics by name."""
        return {
            "file": self.name,
            "key": self.key,
            "role": self.role,
            "rows": self.sums.rows,
            **self.sums.metrics(self.target),
            **(self.comparison.distribution_metrics(self.target) if self.comparison else {}),
            **(self.violations or {}),
        }


def evaluate(predictor: Predictor, files: Iterable[PreparedFile], target: str) -> list[FileResult]:
    """Errors of `predictor` on each file. target: the predicted column."""
    return [compare(file, predictor(file), target) for file in files]


def compare(file: PreparedFile, predicted: np.ndarray, target: str) -> FileResult:
    """Errors of predictions (n,) for every row of `file`, summed over its compared rows."""
    rows = compared_rows(file, target)
    return FileResult(file.key, file.name, file.role, target, ErrorSums.of(file.column(target)[rows], predicted[rows]))


def examine(file: PreparedFile, predicted: np.ndarray, target: str) -> FileResult:
    """`compare` with percentiles, bins, curves and worst stretches."""
    comparison = Comparison.of(file, predicted, target)
    sums = ErrorSums.of_errors(comparison.target_physical, comparison.error)
    return FileResult(file.key, file.name, file.role, target, sums, comparison)


def metrics_by_role(results: Sequence[FileResult]) -> dict[str, dict[str, Any]]:
    """Files, rows and metrics of each role, over all its rows as if they were one file."""
    summary: dict[str, dict[str, Any]] = {}
    for role, role_results in _by_role(results).items():
        sums, target = pool_sums(result.sums for result in role_results), role_results[0].target
        comparison = _pool_comparisons(role_results)
        distribution = comparison.distribution_metrics(target) if comparison else {}
        summary[role] = {"files": len(role_results), "rows": sums.rows, **sums.metrics(target), **distribution}
    return summary


def metrics_document(
    model: dict[str, Any], target: str, results: Sequence[FileResult], band: Band | None = None
) -> dict[str, Any]:
    """The content of `metrics.json`. model: the tested model, `{"task_id": ...}` or `{"kind": "circuit"}`.

    bins: by role, then by column. band: the parameter `band`, else the band of the validation files, with its coverage
    of the test files; None without either. worst: the worst stretches of all files, worst first. details: bins and
    curves of each file. A figure that is not finite is None.
    """
    examined = [(result, result.comparison) for result in results if result.comparison]
    stretches = [stretch for _, comparison in examined for stretch in comparison.detail["worst"]]
    stretches.sort(key=lambda stretch: -next(value for name, value in stretch.items() if name.startswith("rmse")))
    pooled_by_role = {role: _pool_comparisons(group) for role, group in _by_role(results).items()}
    by_role = {role: [entry for result, entry in examined if result.role == role] for role in pooled_by_role}
    band = band or calibrate_band(by_role.get("validation", []))
    document = {
        "schema_version": SCHEMA_VERSION,
        "model": model,
        "target": target,
        "files": [result.to_json() for result in results],
        "overall": metrics_by_role(results),
        "bins": {role: comparison.bins(target) for role, comparison in pooled_by_role.items() if comparison},
        "band": band_report(band, by_role.get("test", []), target) if band else None,
        "worst": stretches[:MAX_WORST],
        "details": [{"key": result.key, "bins": entry.bins(target), **entry.detail} for result, entry in examined],
    }
    json_document: dict[str, Any] = _json_value(document)
    return json_document


def metrics_summary(document: dict[str, Any]) -> dict[str, Any]:
    """The part of `metrics.json` that fits into one event.

    Model, target, the first `MAX_LISTED_FILES` files, overall, and the band without its bins.
    """
    summary = {name: document[name] for name in ("schema_version", "model", "target", "overall")}
    if document["band"]:
        summary["band"] = {name: value for name, value in document["band"].items() if name != "bins"}
    return {**summary, "files": document["files"][:MAX_LISTED_FILES]}


class ResultWriter:
    """The results of one model in `folder`: `predictions/<key>.npz` (and .csv) of each file, then `metrics.json`."""

    def __init__(
        self,
        folder: Path,
        *,
        target: str,
        model: dict[str, Any],
        csv: bool,
        envelope: Mapping[str, Any] | None = None,
        band: Band | None = None,
    ) -> None:
        """envelope: of the model, when known. band: calibrated beforehand; None: from the validation files."""
        self._folder, self._target, self._model, self._csv = folder, target, model, csv
        self._envelope, self._band = envelope, band
        self._results: list[FileResult] = []

    def add(self, file: PreparedFile, predicted: np.ndarray, std: np.ndarray | None = None) -> FileResult:
        """Write the predictions (n,) of a file and keep its errors. std: standard deviation (n,) of an ensemble."""
        write_predictions(self._folder / "predictions", file, predicted, self._target, csv=self._csv, std=std)
        result = examine(file, predicted, self._target)
        if self._envelope:
            result = replace(result, violations=envelope_violations(file, self._envelope))
        self._results.append(result)
        return result

    def finish(self, **extra: Any) -> dict[str, Any]:
        """Write `metrics.json` and return its content. extra: further entries."""
        document = metrics_document(self._model, self._target, self._results, self._band) | extra
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        self._folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(self._folder / METRICS_FILE) as path:
            path.write_text(text, encoding="utf-8")
        return document


def write_results(
    folder: Path,
    predictor: Predictor,
    files: Iterable[PreparedFile],
    *,
    target: str,
    model: dict[str, Any],
    csv: bool,
    envelope: Mapping[str, Any] | None = None,
    on_file: Callable[[FileResult], None] = lambda result: None,
) -> dict[str, Any]:
    """Test on `files`, one in memory at a time; returns the content of `metrics.json`.

    envelope: see `ResultWriter`. on_file: called after each file.
    """
    writer = ResultWriter(folder, target=target, model=model, csv=csv, envelope=envelope)
    for file in files:
        on_file(writer.add(file, predictor(file)))
    return writer.finish()


def write_predictions(
    folder: Path,
    file: PreparedFile,
    predicted: np.ndarray,
    target: str,
    *,
    csv: bool,
    std: np.ndarray | None = None,
) -> list[Path]:
    """Write the scored rows of `file` to `<key>.npz` and, with `csv`, to `<key>.csv`; returns the paths.

    npz: time_s, target, predicted and, if present, std, (n,) float64 in the target's unit; segment, (n,) int64 from 0.
    csv: the same columns, with target, prediction and std named by the quantity.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = scored_rows(file)
    segment = np.repeat(np.arange(len(file.segments)), [part.stop - part.scored_from for part in file.segments])
    columns = {
        "time_s": file.time_s[rows],
        "target": file.column(target)[rows],
        "predicted": predicted[rows],
        **({} if std is None else {"std": std[rows]}),
        "segment": segment,
    }
    paths = [folder / f"{file.key}.npz"]
    with atomic_write(paths[0]) as path, path.open("wb") as binary:
        np.savez(binary, allow_pickle=False, **columns)
    if csv:
        paths.append(folder / f"{file.key}.csv")
        header = f"time_s,{target},predicted_{target},{'' if std is None else f'std_{target},'}segment"
        with atomic_write(paths[1]) as path, path.open("w", encoding="utf-8", newline="\n") as text:
            np.savetxt(text, np.column_stack([*columns.values()]), "%.10g", delimiter=",", header=header, comments="")
    return paths


def _by_role(results: Sequence[FileResult]) -> dict[Role, list[FileResult]]:
    roles = dict.fromkeys(result.role for result in results)
    return {role: [result for result in results if result.role == role] for role in roles}


def _pool_comparisons(results: Sequence[FileResult]) -> Comparison | None:
    parts = [result.comparison for result in results if result.comparison]
    return Comparison.pool(parts) if len(parts) == len(results) else None


def _json_value(value: Any) -> Any:
    """Replace every number that JSON cannot hold by None."""
    match value:
        case dict():
            return {key: _json_value(item) for key, item in value.items()}
        case list():
            return [_json_value(item) for item in value]
        case float() if not math.isfinite(value):
            return None
    return value
