"""What the predecessor did to a file before a network read it, as steps of today, in the order in which it did so:
resample, pad with rest, filter, compute, warm up with the first row, scale."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vestim_core.jobs.legacy.columns import renamed
from vestim_core.spec.columns import check_steps
from vestim_core.spec.job import spec_error
from vestim_core.spec.preparation import Normalise, PreRoll, Resample, Step

_STEP: TypeAdapter[Any] = TypeAdapter(Step)
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NEVER_S = 1e9
"""A pause that never comes: the predecessor took a file as one piece."""


@dataclass
class FormerPreparation:
    """Steps before warm-up and scaling. made: the columns that they make. notes: what could not be taken over."""

    period_s: float = 1.0
    steps: list[Any] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def whole(self, warm_up_rows: int, *, scaled: bool) -> list[Any]:
        """All steps of a model that is warmed up with so many repetitions of the first row."""
        warm_up = [PreRoll(duration_s=warm_up_rows * self.period_s, rows="first")] if warm_up_rows else []
        return [*self.steps, *warm_up, Normalise(method="min-max" if scaled else "none")]


def filters_and_formulas(document: Mapping[str, Any], filter_settings: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Records of filters and of formula columns; those of the form's own file where the preparation names no filter."""
    filters = [one for one in _list(document.get("applied_filters")) if isinstance(one, dict)]
    if not filters and "applied_filters" not in document:
        filters = [one for one in filter_settings if isinstance(one, dict)]
    return filters, [one for one in _list(document.get("created_columns")) if isinstance(one, dict)]


def columns_made(filters: Iterable[Mapping[str, Any]], formulas: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the columns that these records make."""
    made = [one.get("output_column_name") for one in filters] + [one.get("column_name") for one in formulas]
    return [name for name in made if isinstance(name, str) and name]


def read_preparation(
    document: Mapping[str, Any], filter_settings: Iterable[Any], names: Mapping[str, str], known: Iterable[str]
) -> FormerPreparation:
    """The steps of `augmentation_metadata.json`.

    names: the predecessor's column to today's quantity. known: every column that it named.
    """
    filters, formulas = filters_and_formulas(document, filter_settings)
    found = FormerPreparation(_period_s(document, filters))
    resampled = _dict(document.get("resampling")).get("applied") is True
    found.steps.append(Resample(method="mean" if resampled else "rows", period_s=found.period_s, max_gap_s=_NEVER_S))
    if resampled:
        found.notes.append(
            "files are resampled by held means here; the former program's grid begins one period earlier, and its "
            "values are means and interpolations of its own, so that predictions differ from its own"
        )
    _pad(found, _dict(document.get("padding")))
    for one in filters:
        _add(found, str(one.get("output_column_name")), _butterworth(one, names, found.period_s))
    for one in formulas:
        text = str(one.get("formula") or "")
        step = {"step": "formula", "output": one.get("column_name"), "formula": renamed(text, names, known)}
        if _add(found, str(one.get("column_name")), step) and "noise(" in text:
            found.notes.append(f"column '{one.get('column_name')}' holds noise, which is drawn anew here")
    return found


def _period_s(document: Mapping[str, Any], filters: Iterable[Mapping[str, Any]]) -> float:
    """The time between two rows: of the resampling, else of the first filter that tells, else 1 s."""
    resampling = _dict(document.get("resampling"))
    told = [resampling.get("frequency")] if resampling.get("applied") is True else []
    for said in [*told, *(one.get("sampling_rate") for one in filters)]:
        rate_Hz = _number(said)
        if rate_Hz and 1 / 3600 <= rate_Hz <= 1e5:
            return 1 / rate_Hz
    return 1.0


def _pad(found: FormerPreparation, padding: Mapping[str, Any]) -> None:
    rows = _number(padding.get("length"))
    if padding.get("applied") is True and rows:
        found.steps.append(PreRoll(duration_s=min(rows * found.period_s, 36000.0)))


def _butterworth(one: Mapping[str, Any], names: Mapping[str, str], period_s: float) -> dict[str, Any]:
    """A filter that gives the same values, whatever rate it took the file to have."""
    corner_Hz, rate_Hz = _number(one.get("corner_frequency")), _number(one.get("sampling_rate"))
    if corner_Hz and rate_Hz:
        corner_Hz = corner_Hz / (rate_Hz * period_s)
    column = str(one.get("column"))
    return {
        "step": "butterworth",
        "column": names.get(column, column),
        "output": one.get("output_column_name"),
        "cutoff_Hz": corner_Hz,
        "order": int(_number(one.get("filter_order")) or 1),
        "start": "zero",
    }


def _add(found: FormerPreparation, name: str, document: Mapping[str, Any]) -> bool:
    """Put one step behind the others, unless it cannot be carried out, which is noted."""
    try:
        step = _STEP.validate_python(document)
    except ValidationError as error:
        found.notes.append(f"column '{name}' cannot be made here: {spec_error(error).sentence}")
        return False
    problems = check_steps([*found.steps, step, Normalise()])
    if problems:
        found.notes.append(f"column '{name}' cannot be made here: {problems[0].sentence}")
        return False
    found.steps.append(step)
    found.made.append(name)
    return True


def _number(value: Any) -> float | None:
    """The first number in what is one or a text with one; None for none and for 0."""
    if isinstance(value, bool) or value is None:
        return None
    text = _NUMBER.search(str(value))
    return float(text[0]) or None if text else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
