"""Any of the predecessor's files of settings as sections of a job document: what its form saved, the best
configurations of a search, a list of filters, or what was done to the data. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vestim_core.jobs.legacy.columns import quantities
from vestim_core.jobs.legacy.hyperparameters import read_hyperparameters
from vestim_core.jobs.legacy.preparation import columns_made, filters_and_formulas, read_preparation
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.preparation import Normalise, PreRoll, Resample

_INSIDE = ("hyperparameters", "hyperparams", "best_params", "params", "config", "configuration")
"""Keys under which an export keeps the settings of one configuration."""
MAX_CONFIGURATIONS = 1_000
MAX_DEPTH = 4
Read = dict[str, Any]


def read_settings(document: Any) -> Read:
    """sections and notes, see `read_hyperparameters`. `VestimError` for what is none of the predecessor's files."""
    if _is_preparation(document):
        return _preparation(document)
    if isinstance(document, Mapping) and not _holds_several(document) and not _inside(document):
        return read_hyperparameters(document)
    found = [read for one in _configurations(document, 0) if (read := _readable(one))]
    if not found:
        raise wrong_input(
            "this is no hyperparameter file of PyBattML, nor a list of configurations or filters: it has none of "
            "MODEL_TYPE, MAX_EPOCHS, INITIAL_LR, ...",
            place="document",
        )
    return _together(found)


def _is_preparation(document: Any) -> bool:
    if isinstance(document, list):
        return bool(document) and all(isinstance(one, dict) and "corner_frequency" in one for one in document)
    return isinstance(document, Mapping) and ("applied_filters" in document or "created_columns" in document)


def _preparation(document: Any) -> Read:
    """Filters and formulas between the steps that every job has."""
    whole = {"applied_filters": document} if isinstance(document, list) else document
    filters, formulas = filters_and_formulas(whole, [])
    scaling = whole.get("normalization")
    normalised = scaling.get("normalized_columns") if isinstance(scaling, dict) else None
    named = [str(one.get("column")) for one in filters]
    named += [str(name) for name in normalised] if isinstance(normalised, list) else []
    names = quantities(named, columns_made(filters, formulas), {})
    found = read_preparation(whole, [], names, named)
    middle = [step for step in found.steps if not isinstance(step, Resample | PreRoll)]
    steps = [Resample(period_s=found.period_s), *middle, PreRoll(), Normalise(method="min-max")]
    notes = [{"key": "preparation", "sentence": note} for note in found.notes]
    return {"sections": {"preparation": [step.model_dump(mode="json") for step in steps]}, "notes": notes}


def _holds_several(document: Mapping[str, Any]) -> bool:
    return any(map(_is_list_of_tables, document.values()))


def _configurations(document: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """The settings of each configuration, in the file's order: those of the whole file below its own."""
    if depth > MAX_DEPTH:
        return
    if isinstance(document, list):
        for one in document[:MAX_CONFIGURATIONS]:
            yield from _configurations(one, depth + 1)
    elif isinstance(document, Mapping):
        common = {key: value for key, value in document.items() if key.isupper()}
        inside = _inside(document)
        several = [value for value in document.values() if _is_list_of_tables(value)]
        if inside:
            yield {**common, **inside[0]}
        elif several:
            yield from ({**common, **one} for one in _configurations(several[0], depth + 1))
        elif common:
            yield common


def _inside(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [document[key] for key in _INSIDE if isinstance(document.get(key), dict)]


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _readable(document: Mapping[str, Any]) -> Read | None:
    try:
        return read_hyperparameters(document)
    except VestimError:
        return None


def _together(found: list[Read]) -> Read:
    """All configurations as one job where its grids hold them and no other; else the first, which is the best."""
    first = found[0]
    if len(found) == 1:
        return first
    models, trainings = (_distinct(found, name) for name in ("model", "training"))
    alike = all(_others(one) == _others(first) for one in found)
    if alike and 1 in (len(models), len(trainings)):
        sections = {**first["sections"], "model": models, "training": trainings}
        sentence = f"the file's {len(found)} configurations are the models and trainings of one job"
        return {"sections": sections, "notes": [*first["notes"], {"key": "configurations", "sentence": sentence}]}
    sentence = f"the first of the file's {len(found)} configurations is taken: they differ in more than one section"
    return {**first, "notes": [*first["notes"], {"key": "configurations", "sentence": sentence}]}


def _others(read: Read) -> dict[str, Any]:
    return {name: section for name, section in read["sections"].items() if name not in ("model", "training")}


def _distinct(found: list[Read], name: str) -> list[Any]:
    """The different entries of a section of all configurations."""
    entries: list[Any] = []
    for one in found:
        section = one["sections"].get(name, [])
        entries += [entry for entry in (section if isinstance(section, list) else [section]) if entry not in entries]
    return entries
