"""Legacy data preparation as steps of today, in the legacy order: resample, pad with rest, filter, compute, warm up
with the first row, scale."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vestim_core.jobs.legacy.legacy_columns import rename_columns_in_formula
from vestim_core.spec.job import to_vestim_error
from vestim_core.spec.preparation import Normalize, PreRoll, Resample, Step
from vestim_core.spec.step_columns import check_steps

_STEP: TypeAdapter[Any] = TypeAdapter(Step)
_NUMBER_PATTERN = re.compile(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NO_GAP_S = 1e9
"""Longer than any gap: PyBattML treated a file as one segment."""


@dataclass
class LegacyPreparation:
    """Steps before warm-up and scaling. derived_columns: columns that they create. notes: what could not be
    converted."""

    period_s: float = 1.0
    steps: list[Any] = field(default_factory=list)
    derived_columns: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def all_steps(self, warm_up_rows: int, *, is_scaled: bool) -> list[Any]:
        """All steps for a model that is warmed up with this number of repetitions of the first row."""
        warm_up = [PreRoll(duration_s=warm_up_rows * self.period_s, rows="first")] if warm_up_rows else []
        return [*self.steps, *warm_up, Normalize(method="min-max" if is_scaled else "none")]


def filters_and_formulas(document: Mapping[str, Any], filter_settings: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Records of filters and formula columns; filters come from the form's own file if the preparation lists none."""
    filters = [record for record in _list(document.get("applied_filters")) if isinstance(record, dict)]
    if not filters and "applied_filters" not in document:
        filters = [record for record in filter_settings if isinstance(record, dict)]
    return filters, [record for record in _list(document.get("created_columns")) if isinstance(record, dict)]


def derived_columns(filters: Iterable[Mapping[str, Any]], formulas: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the columns that these records create."""
    names = [record.get("output_column_name") for record in filters] + [
        record.get("column_name") for record in formulas
    ]
    return [name for name in names if isinstance(name, str) and name]


def read_preparation(
    document: Mapping[str, Any], filter_settings: Iterable[Any], names: Mapping[str, str], columns: Iterable[str]
) -> LegacyPreparation:
    """Convert an `augmentation_metadata.json` to steps.

    names: quantity of today by legacy column. known: every column that the job names.
    """
    filters, formulas = filters_and_formulas(document, filter_settings)
    preparation = LegacyPreparation(_period_s(document, filters))
    is_resampled = _dict(document.get("resampling")).get("applied") is True
    preparation.steps.append(
        Resample(method="mean" if is_resampled else "rows", period_s=preparation.period_s, max_gap_s=_NO_GAP_S)
    )
    if is_resampled:
        preparation.notes.append(
            "files are resampled by held means here; PyBattML's grid begins one period earlier, and its "
            "values are means and interpolations of its own, so that predictions differ from its own"
        )
    _append_padding(preparation, _dict(document.get("padding")))
    for record in filters:
        _append_step(
            preparation, str(record.get("output_column_name")), _butterworth(record, names, preparation.period_s)
        )
    for record in formulas:
        text = str(record.get("formula") or "")
        step = {
            "step": "formula",
            "output": record.get("column_name"),
            "formula": rename_columns_in_formula(text, names, columns),
        }
        if _append_step(preparation, str(record.get("column_name")), step) and "noise(" in text:
            preparation.notes.append(f"column '{record.get('column_name')}' holds noise, which is drawn anew here")
    return preparation


def _period_s(document: Mapping[str, Any], filters: Iterable[Mapping[str, Any]]) -> float:
    """Time between two rows: of the resampling, else of the first filter that has one, else 1 s."""
    resampling = _dict(document.get("resampling"))
    rates = [resampling.get("frequency")] if resampling.get("applied") is True else []
    for rate in [*rates, *(record.get("sampling_rate") for record in filters)]:
        rate_Hz = _first_number(rate)
        if rate_Hz and 1 / 3600 <= rate_Hz <= 1e5:
            return 1 / rate_Hz
    return 1.0


def _append_padding(preparation: LegacyPreparation, padding: Mapping[str, Any]) -> None:
    rows = _first_number(padding.get("length"))
    if padding.get("applied") is True and rows:
        preparation.steps.append(PreRoll(duration_s=min(rows * preparation.period_s, 36000.0)))


def _butterworth(record: Mapping[str, Any], names: Mapping[str, str], period_s: float) -> dict[str, Any]:
    """A filter with the same output, whatever sampling rate its legacy settings assumed."""
    corner_Hz, rate_Hz = _first_number(record.get("corner_frequency")), _first_number(record.get("sampling_rate"))
    if corner_Hz and rate_Hz:
        corner_Hz = corner_Hz / (rate_Hz * period_s)
    column = str(record.get("column"))
    return {
        "step": "butterworth",
        "column": names.get(column, column),
        "output": record.get("output_column_name"),
        "cutoff_Hz": corner_Hz,
        "order": int(_first_number(record.get("filter_order")) or 1),
        "start": "zero",
    }


def _append_step(preparation: LegacyPreparation, name: str, document: Mapping[str, Any]) -> bool:
    """Append a step; one that cannot be carried out is noted instead."""
    try:
        step = _STEP.validate_python(document)
    except ValidationError as error:
        preparation.notes.append(f"column '{name}' cannot be made here: {to_vestim_error(error).message}")
        return False
    problems = check_steps([*preparation.steps, step, Normalize()])
    if problems:
        preparation.notes.append(f"column '{name}' cannot be made here: {problems[0].message}")
        return False
    preparation.steps.append(step)
    preparation.derived_columns.append(name)
    return True


def _first_number(value: Any) -> float | None:
    """First number in the value; None if there is none or it is 0."""
    if isinstance(value, bool) or value is None:
        return None
    text = _NUMBER_PATTERN.search(str(value))
    return float(text[0]) or None if text else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
