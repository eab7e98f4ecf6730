"""Job documents with half the batch, which need about half the memory. Pure.

Where a training section names no batch size, half the default of its method is written: the default depends on the
method, so a section for several methods becomes one per method, as in the spec.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, get_args

from vestim_core.spec.grid import parse_values
from vestim_core.spec.model import TRAINING_METHODS, LstmModel
from vestim_core.spec.training import AnyTraining, TrainingBase

_TRAINING_TYPES: dict[str, type[TrainingBase]] = {
    training_type.model_fields["method"].default: training_type for training_type in get_args(AnyTraining)
}
_METHOD_SETTINGS = {method: set(training_type.model_fields) for method, training_type in _TRAINING_TYPES.items()}
_ALL_SETTINGS = set().union(*_METHOD_SETTINGS.values())
_DEFAULT_KIND = LstmModel.model_fields["kind"].default  # of a job without models, and of a model without a kind


def with_half_batch(document: Mapping[str, Any]) -> dict[str, Any]:
    """The job document with half the batch in every training section."""
    halved_document = copy.deepcopy(dict(document))
    kinds = _model_kinds(halved_document.get("model"))
    sections = _as_list(halved_document.get("training") or {})
    halved_document["training"] = [part for section in sections for part in _half_batch_sections(section, kinds)]
    return halved_document


def _half_batch_sections(section: Any, kinds: list[str]) -> list[Any]:
    """The section with half its batch, split by method where it names no method or no batch size."""
    if not isinstance(section, Mapping):
        return [section]
    named_methods = _texts(section.get("method"))
    if named_methods and "batch_size" in section:
        return [{**section, "batch_size": _halved(section["batch_size"])}]
    methods = named_methods or _needed_methods(kinds, section)
    return [_half_batch_section(section, method) for method in methods]


def _half_batch_section(section: Mapping[str, Any], method: str) -> dict[str, Any]:
    """The section for one method, without settings that only other methods have."""
    if method not in _TRAINING_TYPES:
        return dict(section)
    settings = {
        name: value for name, value in section.items() if name in _METHOD_SETTINGS[method] or name not in _ALL_SETTINGS
    }
    batch_size = section.get("batch_size", _TRAINING_TYPES[method].model_fields["batch_size"].default)
    return {**settings, "method": method, "batch_size": _halved(batch_size)}


def _needed_methods(kinds: list[str], section: Mapping[str, Any]) -> list[str]:
    """For each kind of model the method that has most of the section's settings, as in the spec."""
    methods = (
        max(TRAINING_METHODS[kind], key=lambda method: len(_METHOD_SETTINGS[method].intersection(section)))
        for kind in kinds
    )
    return list(dict.fromkeys(methods))


def _model_kinds(models: Any) -> list[str]:
    """Known kinds of a document's models, without duplicates."""
    kinds = [
        kind
        for model in _as_list(models or {})
        for kind in _texts(model.get("kind", _DEFAULT_KIND) if isinstance(model, Mapping) else model)
    ]
    return [kind for kind in dict.fromkeys(kinds) if kind in TRAINING_METHODS] or [_DEFAULT_KIND]


def _halved(value: Any) -> Any:
    """Half of a batch size, or of each in a list; at least 1. Values that are no numbers stay as they are."""
    if isinstance(value, str):
        value = parse_values(value)
    if isinstance(value, list):
        return list(dict.fromkeys(map(_halved, value)))
    return max(int(value) // 2, 1) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _texts(value: Any) -> list[str]:
    """Words of a text with commas, or of a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
