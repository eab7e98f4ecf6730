"""The predecessor's own tests: predictions beside the truth, and the table of figures that it made of them.

Its two kinds of prediction file name their columns differently and have the error with opposite signs, so that only
truth and prediction are read; an error here is always prediction minus truth.
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

from vestim_core.jobs.legacy.files import FormerFolder, Unreadable, table_rows
from vestim_core.spec.signals import error_scale

PREDICTIONS = "_predictions.csv"
MAX_PREDICTION_BYTES = 8 << 20
"""More predictions than these of one job are not read, only their figures in the table."""
_MOST_SOC = 1.5
"""A state of charge above this is in percent."""


@dataclass(frozen=True)
class Predicted:
    """What was predicted of one file. file: its name. time_s, target, predicted: of one length, in canonical units;
    empty where only figures are known. figures: by the metric's name."""

    file: str
    figures: dict[str, float]
    time_s: array[float]
    target: array[float]
    predicted: array[float]


def within_limit(paths: Iterable[Path]) -> set[Path]:
    """Those of a job's predictions that are read: in order, as many as are not too large together."""
    left, taken = MAX_PREDICTION_BYTES, set()
    for path in paths:
        try:
            size = path.stat().st_size
        except OSError:
            size = 0  # reading it will say why
        if size <= left:
            left -= size
            taken.add(path)
    return taken


def read_predictions(folder: FormerFolder, path: Path, target: str) -> Predicted:
    """A `*_predictions.csv`. Raises Unreadable for one without truth and prediction."""
    text = folder.text(*path.relative_to(folder.root).parts, limit=MAX_PREDICTION_BYTES)
    rows = list(table_rows(text or ""))
    header = [name.strip() for name in rows[0]] if rows else []
    true, predicted = _column(header, "true"), _column(header, "predicted")
    if true is None or predicted is None:
        raise Unreadable(f"'{path}' has no columns of true and predicted values")
    times, truths, guesses = (_values(rows[1:], column) for column in (0, true, predicted))
    known = [row for row, guess in enumerate(guesses) if isfinite(guess)]
    if not known:
        raise Unreadable(f"'{path}' holds no row of numbers")
    if len(known) < len(guesses):  # lines that break off
        times, truths, guesses = (array("d", [values[row] for row in known]) for values in (times, truths, guesses))
    if not all(map(isfinite, times)):  # dates, or nothing
        times = array("d", range(len(times)))
    elif header[0].lower().endswith("(h)"):
        times = array("d", [3600.0 * hours for hours in times])
    if target == "soc" and max((abs(one) for one in truths if isfinite(one)), default=0.0) > _MOST_SOC:
        truths, guesses = (array("d", (value / 100 for value in values)) for values in (truths, guesses))
    name = f"{path.name.removesuffix(PREDICTIONS)}.csv"
    return Predicted(name, figures_of(truths, guesses, target), times, truths, guesses)


def figures_of(truths: Sequence[float], guesses: Sequence[float], target: str) -> dict[str, float]:
    """RMSE, MAE, largest error, R2 and bias over the rows whose truth is known, named and scaled by `target`."""
    known = [truth for truth in truths if isfinite(truth)]
    errors = [guess - truth for truth, guess in zip(truths, guesses, strict=True) if isfinite(truth)]
    if not errors:
        return {}
    suffix, scale = error_scale(target)
    rows, mean = len(errors), sum(known) / len(known)
    squares = sum(map(mul, errors, errors))
    apart = [truth - mean for truth in known]
    spread = sum(map(mul, apart, apart))
    sizes = list(map(abs, errors))
    figures = {
        f"rmse{suffix}": scale * sqrt(squares / rows),
        f"mae{suffix}": scale * sum(sizes) / rows,
        f"max{suffix}": scale * max(sizes),
        f"bias{suffix}": scale * sum(errors) / rows,
    }
    return figures | ({"r2": 1.0 - squares / spread} if spread > 0 else {})


def read_table(text: str, target: str) -> dict[str, list[Predicted]]:
    """The table of a `test_results_summary_*.csv`: by the task's folder, one entry a file."""
    suffix, _ = error_scale(target)
    found: dict[str, list[Predicted]] = {}
    rows = table_rows(text)
    header = [name.strip() for name in next(rows, [])]
    for values in rows:
        row, figures = dict(zip(header, values, strict=False)), {}
        for name, value in row.items():
            metric = _metric(name, suffix)
            number = _number(value)
            if metric and number is not None:
                figures[metric] = number
        task, file = (row.get("Task ID") or "").strip(), (row.get("File Name") or "").strip()
        if task and file and figures:
            found.setdefault(task, []).append(Predicted(file, figures, array("d"), array("d"), array("d")))
    return found


def metrics_document(
    model: Mapping[str, Any], target: str, found: Mapping[str, Predicted], role: str = "test"
) -> dict[str, Any]:
    """What stands in `metrics.json` of the imported test. found: by the key of the file."""
    files = [
        {"file": one.file, "key": key, "role": role, "rows": len(one.time_s), **one.figures}
        for key, one in found.items()
    ]
    whole = all(one.time_s for one in found.values())
    together = _together(list(found.values()), target) if whole else _mean_figures(list(found.values()))
    rows = sum(len(one.time_s) for one in found.values())
    return {
        "schema_version": 2,
        "model": dict(model),
        "target": target,
        "files": files,
        "overall": {role: {"files": len(files), "rows": rows, **together}},
        "bins": {},
        "worst": [],
        "details": [],
    }


def npz(one: Predicted) -> bytes:
    """The predictions as every test leaves them, `predictions/<key>.npz` (numpy's format, version 1.0)."""
    columns: dict[str, tuple[str, array[Any]]] = {
        "time_s": ("<f8", one.time_s),
        "target": ("<f8", one.target),
        "predicted": ("<f8", one.predicted),
        "segment": ("<i8", array("q", bytes(8 * len(one.time_s)))),
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, (kind, values) in columns.items():
            head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({len(values)},), }}"
            head += " " * (-(len(head) + 11) % 64) + "\n"
            little = array(values.typecode, values)
            if struct.pack("=h", 1) != struct.pack("<h", 1):
                little.byteswap()
            magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head))
            archive.writestr(f"{name}.npy", magic + head.encode("latin-1") + little.tobytes())
    return packed.getvalue()


def _together(found: list[Predicted], target: str) -> dict[str, float]:
    if len(found) == 1:
        return found[0].figures
    truths = [truth for one in found for truth in one.target]
    return figures_of(truths, [guess for one in found for guess in one.predicted], target)


def _mean_figures(found: list[Predicted]) -> dict[str, float]:
    """Where the rows are not known, each file counts alike; the largest error is the largest of all."""
    names = [name for name in found[0].figures if all(name in one.figures for one in found)] if found else []
    values = {name: [one.figures[name] for one in found] for name in names}
    return {
        name: max(several)
        if name.startswith("max")
        else sqrt(sum(value * value for value in several) / len(several))
        if name.startswith("rmse")
        else sum(several) / len(several)
        for name, several in values.items()
    }


def _column(header: list[str], word: str) -> int | None:
    return next((place for place, name in enumerate(header) if name.lower().startswith(word)), None)


def _metric(name: str, suffix: str) -> str:
    low = name.lower()
    if low.startswith("test rmse"):
        return f"rmse{suffix}"
    if low.startswith("test maxe"):
        return f"max{suffix}"
    return "r2" if low == "r2" else ""


def _values(rows: list[list[str]], column: int) -> array[float]:
    """The numbers of a column; NaN where there is none."""
    try:
        return array("d", [float(row[column]) for row in rows])
    except (ValueError, IndexError):
        return array("d", [_value(row, column) for row in rows])


def _value(row: list[str], column: int) -> float:
    try:
        return float(row[column])
    except (ValueError, IndexError):
        return nan


def _number(text: Any) -> float | None:
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) else None
