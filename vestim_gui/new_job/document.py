"""A job document as the form holds it. Pure functions from documents to documents.

Plain values only; whatever the form does not know stays in it. `opened` gives a document the sections that the form
shows; `finished` gives what is started, saved to a file or compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_core.spec.job import JobSpec
from vestim_core.spec.model import METHODS
from vestim_core.spec.preparation import default_preparation
from vestim_gui.new_job.shape import FieldShape, section_shape
from vestim_gui.new_job.values import cleaned, tags_of

Document = dict[str, Any]
SPEC = section_shape(JobSpec)
FIELDS: dict[str, FieldShape] = {field.name: field for field in SPEC.fields}
ROLES = ("train", "validation", "test")
LARGE = 300
"""A document that makes more combinations than this is checked by the service alone."""


def opened(document: Mapping[str, Any]) -> Document:
    """The document with steps, models and trainings as lists, and their usual ones where it has none."""
    made = {name: value for name, value in document.items() if name != "schema_version"}
    made["preparation"] = document.get("preparation", [{"step": step.step} for step in default_preparation()])
    models = document.get("model", [{"kind": "lstm"}])
    made["model"] = models if isinstance(models, list) else [models]
    made["training"] = training_for(made["model"], document.get("training", []))
    return made


def kinds_of(models: Any) -> list[str]:
    """The kinds of these models that there are, each once."""
    items = models if isinstance(models, list) else [models]
    kinds = [kind for item in items if isinstance(item, Mapping | str) for kind in tags_of(item, FIELDS["model"])]
    return [kind for kind in dict.fromkeys(kinds) if kind in METHODS]


def training_for(models: Any, sections: Any) -> Any:
    """The training sections that fit the models, and a usual one for each kind of model that none of them fits.

    Settings that name no method count for every method that has them. What is no list of sections stays as it is.
    """
    given = sections if isinstance(sections, list) else [sections]
    kinds = kinds_of(models)
    if not kinds or not all(isinstance(one, Mapping) for one in given):
        return sections
    wanted = {method for kind in kinds for method in METHODS[kind]}
    tag = FIELDS["training"].tag_name
    methods = [tags_of(one, FIELDS["training"]) if tag in one else [] for one in given]
    made = [dict(one) for one, own in zip(given, methods, strict=True) if wanted.intersection(own)]
    covered = {method for own in methods for method in own}
    common = {name: value for one in given if tag not in one for name, value in one.items()}
    for kind in kinds:
        if not covered.intersection(METHODS[kind]):
            method = METHODS[kind][0]
            covered.add(method)
            made.append({tag: method, **_fitting(common, method)})
    return made


def _fitting(settings: Mapping[str, Any], method: str) -> Document:
    """Settings that a method has, and those that none has."""
    fields = {member.tag: {field.name for field in member.fields} for member in FIELDS["training"].members}
    known = set().union(*fields.values())
    return {name: value for name, value in settings.items() if name in fields[method] or name not in known}


def finished(document: Mapping[str, Any]) -> Document:
    """The document without texts that stand for numbers and lists, and without empty sections."""
    made = {name: cleaned(value, FIELDS[name]) if name in FIELDS else value for name, value in document.items()}
    return {name: value for name, value in made.items() if value != {}}


def with_preset(document: Mapping[str, Any], sections: Mapping[str, Any]) -> Document:
    """The document with a preset's settings; name and data stay."""
    kept = {name: value for name, value in document.items() if name not in ("training", "model", "preparation")}
    return opened({**kept, **sections})


def combinations(document: Mapping[str, Any]) -> int:
    """About how many combinations the lists in a document make, quickly; never too few by much."""
    return _product(document.get(name) for name in ("signals", "preparation", "model", "training"))


def _product(values: Any) -> int:
    total = 1
    for value in values:
        total *= _several(value)
    return int(total)


def _several(value: Any) -> int:
    if isinstance(value, str):
        return value.count(",") + value.count(";") + 1
    if isinstance(value, Mapping):
        return _product(value.values())
    if isinstance(value, list):
        return max(len(value), 1) * _product(item for item in value if isinstance(item, Mapping | list))
    return 1
