"""Legacy tests: predictions with the true values, and the table of metrics computed from them.

The two kinds of legacy prediction file name their columns differently and define the error with opposite signs, so that
only truth and prediction are read; an error here is always prediction minus truth.
"""

from __future__ import annotations

import struct
import zipfile
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import isfinite, nan, sqrt
from operator import mul
from pathlib import Path
from typing import Any

from vestim_core.jobs.legacy.legacy_folder import LegacyFolder, UnreadableFile, table_rows
from vestim_core.spec.signals import error_scale

PREDICTIONS = "_predictions.csv"
MAX_PREDICTION_BYTES = 8 << 20
"""Total size of a job's predictions that are read, to bound an import's time; beyond it only the table's metrics."""
_MAX_SOC_FRACTION = 1.5
"""A state of charge above this is in percent."""


@dataclass(frozen=True)
class FilePrediction:
    """Predictions for one file.

    file: its name. time_s, target, predicted: of equal length, in canonical units; empty where only metrics are known.
    metrics: by name.
    """

    file: str
    metrics: dict[str, float]
    time_s: array[float]
    target: array[float]
    predicted: array[float]


def paths_within_limit(paths: Iterable[Path]) -> set[Path]:
    """The prediction files of a job that are read: in order, as long as their total size is within the limit."""
    remaining_bytes, selected = MAX_PREDICTION_BYTES, set()
    for path in paths:
        try:
            size = path.stat().st_size
        except OSError:
            size = 0  # reading it will report the error
        if size <= remaining_bytes:
            remaining_bytes -= size
            selected.add(path)
    return selected


def read_predictions(folder: LegacyFolder, path: Path, target: str) -> FilePrediction:
    """Read a `*_predictions.csv`. Raises UnreadableFile for one without truth and prediction."""
    text = folder.text(*path.relative_to(folder.root).parts, limit=MAX_PREDICTION_BYTES)
    rows = list(table_rows(text or ""))
    header = [name.strip() for name in rows[0]] if rows else []
    true_column, predicted_column = _column_index(header, "true"), _column_index(header, "predicted")
    if true_column is None or predicted_column is None:
        raise UnreadableFile(f"'{path}' has no columns of true and predicted values")
    times, truths, predictions = (_column_values(rows[1:], column) for column in (0, true_column, predicted_column))
    valid_rows = [row for row, prediction in enumerate(predictions) if isfinite(prediction)]
    if not valid_rows:
        raise UnreadableFile(f"'{path}' holds no row of numbers")
    if len(valid_rows) < len(predictions):  # incomplete lines
        times, truths, predictions = (
            array("d", [values[row] for row in valid_rows]) for values in (times, truths, predictions)
        )
    if not all(map(isfinite, times)):  # dates, or empty
        times = array("d", range(len(times)))
    elif header[0].lower().endswith("(h)"):
        times = array("d", [3600.0 * hours for hours in times])
    if target == "soc" and max((abs(truth) for truth in truths if isfinite(truth)), default=0.0) > _MAX_SOC_FRACTION:
        truths, predictions = (array("d", (value / 100 for value in values)) for values in (truths, predictions))
    name = f"{path.name.removesuffix(PREDICTIONS)}.csv"
    return FilePrediction(name, compute_metrics(truths, predictions, target), times, truths, predictions)


def compute_metrics(truths: Sequence[float], predictions: Sequence[float], target: str) -> dict[str, float]:
    """RMSE, MAE, largest error, R2 and bias over the rows with known truth, named and scaled for `target`."""
    known_truths = [truth for truth in truths if isfinite(truth)]
    errors = [prediction - truth for truth, prediction in zip(truths, predictions, strict=True) if isfinite(truth)]
    if not errors:
        return {}
    suffix, scale = error_scale(target)
    rows, mean = len(errors), sum(known_truths) / len(known_truths)
    squared_error = sum(map(mul, errors, errors))
    deviations = [truth - mean for truth in known_truths]
    variation = sum(map(mul, deviations, deviations))
    absolute_errors = list(map(abs, errors))
    metrics = {
        f"rmse{suffix}": scale * sqrt(squared_error / rows),
        f"mae{suffix}": scale * sum(absolute_errors) / rows,
        f"max{suffix}": scale * max(absolute_errors),
        f"bias{suffix}": scale * sum(errors) / rows,
    }
    return metrics | ({"r2": 1.0 - squared_error / variation} if variation > 0 else {})


def read_results_table(text: str, target: str) -> dict[str, list[FilePrediction]]:
    """Read a `test_results_summary_*.csv`: by the training's folder, one entry per file."""
    suffix, _ = error_scale(target)
    predictions: dict[str, list[FilePrediction]] = {}
    rows = table_rows(text)
    header = [name.strip() for name in next(rows, [])]
    for values in rows:
        row, metrics = dict(zip(header, values, strict=False)), {}
        for name, value in row.items():
            metric = _metric_name(name, suffix)
            value_as_float = _finite_or_none(value)
            if metric and value_as_float is not None:
                metrics[metric] = value_as_float
        task, file = (row.get("Task ID") or "").strip(), (row.get("File Name") or "").strip()
        if task and file and metrics:
            predictions.setdefault(task, []).append(FilePrediction(file, metrics, array("d"), array("d"), array("d")))
    return predictions


def metrics_document(
    model: Mapping[str, Any], target: str, predictions: Mapping[str, FilePrediction], role: str = "test"
) -> dict[str, Any]:
    """Content of the imported test's `metrics.json`. found: predictions by key of the file."""
    files = [
        {"file": prediction.file, "key": key, "role": role, "rows": len(prediction.time_s), **prediction.metrics}
        for key, prediction in predictions.items()
    ]
    has_all_rows = all(prediction.time_s for prediction in predictions.values())
    metrics = (
        _pooled_metrics(list(predictions.values()), target)
        if has_all_rows
        else _mean_metrics(list(predictions.values()))
    )
    rows = sum(len(prediction.time_s) for prediction in predictions.values())
    return {
        "schema_version": 2,
        "model": dict(model),
        "target": target,
        "files": files,
        "overall": {role: {"files": len(files), "rows": rows, **metrics}},
        "bins": {},
        "worst": [],
        "details": [],
    }


def predictions_npz(prediction: FilePrediction) -> bytes:
    """Predictions as every test stores them, `predictions/<key>.npz` (NumPy format, version 1.0)."""
    columns: dict[str, tuple[str, array[Any]]] = {
        "time_s": ("<f8", prediction.time_s),
        "target": ("<f8", prediction.target),
        "predicted": ("<f8", prediction.predicted),
        "segment": ("<i8", array("q", bytes(8 * len(prediction.time_s)))),
    }
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, (kind, values) in columns.items():
            header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({len(values)},), }}"
            header += " " * (-(len(header) + 11) % 64) + "\n"
            little_endian = array(values.typecode, values)
            if struct.pack("=h", 1) != struct.pack("<h", 1):
                little_endian.byteswap()
            magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
            archive.writestr(f"{name}.npy", magic + header.encode("latin-1") + little_endian.tobytes())
    return buffer.getvalue()


def _pooled_metrics(predictions: list[FilePrediction], target: str) -> dict[str, float]:
    if len(predictions) == 1:
        return predictions[0].metrics
    truths = [truth for prediction in predictions for truth in prediction.target]
    return compute_metrics(truths, [guess for prediction in predictions for guess in prediction.predicted], target)


def _mean_metrics(predictions: list[FilePrediction]) -> dict[str, float]:
    """Metrics without rows: each file counts equally; the largest error is the maximum of all."""
    names = (
        [name for name in predictions[0].metrics if all(name in prediction.metrics for prediction in predictions)]
        if predictions
        else []
    )
    values = {name: [prediction.metrics[name] for prediction in predictions] for name in names}
    return {
        name: max(file_values)
        if name.startswith("max")
        else sqrt(sum(value * value for value in file_values) / len(file_values))
        if name.startswith("rmse")
        else sum(file_values) / len(file_values)
        for name, file_values in values.items()
    }


def _column_index(header: list[str], prefix: str) -> int | None:
    return next((index for index, name in enumerate(header) if name.lower().startswith(prefix)), None)


def _metric_name(name: str, suffix: str) -> str:
    lowered = name.lower()
    if lowered.startswith("test rmse"):
        return f"rmse{suffix}"
    if lowered.startswith("test maxe"):
        return f"max{suffix}"
    return "r2" if lowered == "r2" else ""


def _column_values(rows: list[list[str]], column: int) -> array[float]:
    """The numbers of a column; NaN where there is none."""
    try:
        return array("d", [float(row[column]) for row in rows])
    except (ValueError, IndexError):
        return array("d", [_cell_value(row, column) for row in rows])


def _cell_value(row: list[str], column: int) -> float:
    try:
        return float(row[column])
    except (ValueError, IndexError):
        return nan


def _finite_or_none(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if isfinite(value) else None
