"""Any legacy settings file as sections of a job document: a form's settings, the best configurations of a search, a
list of filters, or a record of data preparation. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vestim_core.jobs.legacy.hyperparameter_files import read_hyperparameters
from vestim_core.jobs.legacy.legacy_columns import map_quantities
from vestim_core.jobs.legacy.preparation_steps import derived_columns, filters_and_formulas, read_preparation
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.preparation import Normalize, PreRoll, Resample

_CONFIGURATION_KEYS = ("hyperparameters", "hyperparams", "best_params", "params", "config", "configuration")
"""Keys under which an export stores the settings of one configuration."""
MAX_CONFIGURATIONS = 1_000  # arbitrary: bounds the time for a large search
MAX_DEPTH = 4  # levels of nesting that are searched for configurations; arbitrary
SettingsSections = dict[str, Any]


def read_settings(document: Any) -> SettingsSections:
    """sections and notes, see `read_hyperparameters`. `VestimError` for a file that is no legacy settings file."""
    if _is_preparation_file(document):
        return _read_preparation_file(document)
    if isinstance(document, Mapping) and not _has_configuration_list(document) and not _nested_configurations(document):
        return read_hyperparameters(document)
    configurations = [
        parsed for configuration in _configurations(document, 0) if (parsed := _read_or_none(configuration))
    ]
    if not configurations:
        raise wrong_input(
            "this is no hyperparameter file of PyBattML, nor a list of configurations or filters: it has none of "
            "MODEL_TYPE, MAX_EPOCHS, INITIAL_LR, ...",
            location="document",
        )
    return _combine(configurations)


def _is_preparation_file(document: Any) -> bool:
    if isinstance(document, list):
        return bool(document) and all(isinstance(record, dict) and "corner_frequency" in record for record in document)
    return isinstance(document, Mapping) and ("applied_filters" in document or "created_columns" in document)


def _read_preparation_file(document: Any) -> SettingsSections:
    """Filters and formulas between the steps that every job has."""
    record = {"applied_filters": document} if isinstance(document, list) else document
    filters, formulas = filters_and_formulas(record, [])
    scaling = record.get("normalization")
    normalized_columns = scaling.get("normalized_columns") if isinstance(scaling, dict) else None
    column_names = [str(filter_record.get("column")) for filter_record in filters]
    column_names += [str(name) for name in normalized_columns] if isinstance(normalized_columns, list) else []
    names = map_quantities(column_names, derived_columns(filters, formulas), {})
    preparation = read_preparation(record, [], names, column_names)
    middle_steps = [step for step in preparation.steps if not isinstance(step, Resample | PreRoll)]
    steps = [Resample(period_s=preparation.period_s), *middle_steps, PreRoll(), Normalize(method="min-max")]
    notes = [{"key": "preparation", "message": note} for note in preparation.notes]
    return {"sections": {"preparation": [step.model_dump(mode="json") for step in steps]}, "notes": notes}


def _has_configuration_list(document: Mapping[str, Any]) -> bool:
    return any(map(_is_list_of_tables, document.values()))


def _configurations(document: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Settings of each configuration in the file's order, on top of those of the whole file."""
    if depth > MAX_DEPTH:
        return
    if isinstance(document, list):
        for configuration in document[:MAX_CONFIGURATIONS]:
            yield from _configurations(configuration, depth + 1)
    elif isinstance(document, Mapping):
        common = {key: value for key, value in document.items() if key.isupper()}
        nested = _nested_configurations(document)
        lists = [value for value in document.values() if _is_list_of_tables(value)]
        if nested:
            yield {**common, **nested[0]}
        elif lists:
            yield from ({**common, **configuration} for configuration in _configurations(lists[0], depth + 1))
        elif common:
            yield common


def _nested_configurations(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [document[key] for key in _CONFIGURATION_KEYS if isinstance(document.get(key), dict)]


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _read_or_none(document: Mapping[str, Any]) -> SettingsSections | None:
    try:
        return read_hyperparameters(document)
    except VestimError:
        return None


def _combine(configurations: list[SettingsSections]) -> SettingsSections:
    """All configurations as one job if its grids describe exactly these; else the first one, which is the best."""
    first = configurations[0]
    if len(configurations) == 1:
        return first
    models, trainings = (_distinct_entries(configurations, name) for name in ("model", "training"))
    is_alike = all(_other_sections(parsed) == _other_sections(first) for parsed in configurations)
    if is_alike and 1 in (len(models), len(trainings)):
        sections = {**first["sections"], "model": models, "training": trainings}
        message = f"the file's {len(configurations)} configurations are the models and trainings of one job"
        return {"sections": sections, "notes": [*first["notes"], {"key": "configurations", "message": message}]}
    message = (
        f"the first of the file's {len(configurations)} configurations is taken: they differ in more than one section"
    )
    return {**first, "notes": [*first["notes"], {"key": "configurations", "message": message}]}


def _other_sections(parsed: SettingsSections) -> dict[str, Any]:
    return {name: section for name, section in parsed["sections"].items() if name not in ("model", "training")}


def _distinct_entries(configurations: list[SettingsSections], name: str) -> list[Any]:
    """Distinct entries of a section over all configurations."""
    entries: list[Any] = []
    for parsed in configurations:
        section = parsed["sections"].get(name, [])
        entries += [entry for entry in (section if isinstance(section, list) else [section]) if entry not in entries]
    return entries
