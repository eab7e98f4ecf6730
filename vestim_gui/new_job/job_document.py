"""Job documents of the form. Pure functions from documents to documents.

Values are plain, and unknown keys are kept. `expand_document` reads also documents in the spelling of earlier versions
and adds the sections that the form shows; `finish_document` returns what is started, saved to a file or compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_core.spec.job import JobSpec
from vestim_core.spec.model import TRAINING_METHODS
from vestim_core.spec.preparation import default_preparation
from vestim_core.spec.schema_upgrade import upgrade_draft
from vestim_gui.new_job.field_values import parse_texts, selected_tags
from vestim_gui.new_job.form_schema import FieldSchema, section_schema

Document = dict[str, Any]
JOB_SCHEMA = section_schema(JobSpec)
JOB_FIELDS: dict[str, FieldSchema] = {field.name: field for field in JOB_SCHEMA.fields}
_METHOD_FIELDS = {member.tag: {field.name for field in member.fields} for member in JOB_FIELDS["training"].members}
"""Names of the settings of each training method."""
ROLES = ("train", "validation", "test")
MAX_LOCAL_COMBINATIONS = 300
"""Documents with more combinations than this are checked by the daemon only."""


def expand_document(document: Mapping[str, Any]) -> Document:
    """The document in today's spelling with steps, models and trainings as lists, and default ones if it has none."""
    document = upgrade_draft(document).document
    expanded = {name: value for name, value in document.items() if name != "schema_version"}
    expanded["preparation"] = document.get("preparation", [{"step": step.step} for step in default_preparation()])
    models = document.get("model", [{"kind": "lstm"}])
    expanded["model"] = models if isinstance(models, list) else [models]
    expanded["training"] = match_training(expanded["model"], document.get("training", []))
    return expanded


def model_kinds(models: Any) -> list[str]:
    """Known kinds of the models, without duplicates."""
    items = models if isinstance(models, list) else [models]
    kinds = [
        kind for item in items if isinstance(item, Mapping | str) for kind in selected_tags(item, JOB_FIELDS["model"])
    ]
    return [kind for kind in dict.fromkeys(kinds) if kind in TRAINING_METHODS]


def match_training(models: Any, sections: Any) -> Any:
    """Training sections that match the models, plus a default for each kind of model without one.

    Settings without a method apply to every method that has them. A value that is no list of sections is returned as
    is.
    """
    section_list = sections if isinstance(sections, list) else [sections]
    kinds = model_kinds(models)
    if not kinds or not all(isinstance(section, Mapping) for section in section_list):
        return sections
    wanted_methods = {method for kind in kinds for method in TRAINING_METHODS[kind]}
    tag = JOB_FIELDS["training"].tag_name
    methods_by_section = [
        selected_tags(section, JOB_FIELDS["training"]) if tag in section else [] for section in section_list
    ]
    matched = [
        dict(section)
        for section, section_methods in zip(section_list, methods_by_section, strict=True)
        if wanted_methods.intersection(section_methods)
    ]
    covered = {method for section_methods in methods_by_section for method in section_methods}
    common = {name: value for section in section_list if tag not in section for name, value in section.items()}
    for kind in kinds:
        if not covered.intersection(TRAINING_METHODS[kind]):
            method = _method_for(kind, common)
            covered.add(method)
            matched.append({tag: method, **_method_settings(common, method)})
    return matched


def _method_for(kind: str, settings: Mapping[str, Any]) -> str:
    """Training method of a kind of model: the one that has most of the settings, else the default; as in the spec."""
    return max(TRAINING_METHODS[kind], key=lambda method: len(_METHOD_FIELDS[method].intersection(settings)))


def _method_settings(settings: Mapping[str, Any], method: str) -> Document:
    """Settings that the method has, and those that no method has."""
    known_names = set().union(*_METHOD_FIELDS.values())
    return {
        name: value for name, value in settings.items() if name in _METHOD_FIELDS[method] or name not in known_names
    }


def finish_document(document: Mapping[str, Any]) -> Document:
    """The document with parsed numbers and lists and without empty sections."""
    parsed = {
        name: parse_texts(value, JOB_FIELDS[name]) if name in JOB_FIELDS else value for name, value in document.items()
    }
    return {name: value for name, value in parsed.items() if value != {}}


def apply_preset(document: Mapping[str, Any], sections: Mapping[str, Any]) -> Document:
    """The document with a preset's settings; name and data are kept."""
    kept_settings = {
        name: value for name, value in document.items() if name not in ("training", "model", "preparation")
    }
    return expand_document({**kept_settings, **sections})


def estimate_combinations(document: Mapping[str, Any]) -> int:
    """Approximate number of combinations of the document's lists; quick, and never much too low."""
    return _product(document.get(name) for name in ("signals", "preparation", "model", "training"))


def _product(values: Any) -> int:
    total = 1
    for value in values:
        total *= _value_count(value)
    return int(total)


def _value_count(value: Any) -> int:
    if isinstance(value, str):
        return value.count(",") + value.count(";") + 1
    if isinstance(value, Mapping):
        return _product(value.values())
    if isinstance(value, list):
        return max(len(value), 1) * _product(item for item in value if isinstance(item, Mapping | list))
    return 1
