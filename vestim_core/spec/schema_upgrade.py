"""Documents of schema 1 and 2 in the spelling of schema 3: job files, registry records, journal lines and job folders.

Pure functions from plain values to plain values. A document that is already in today's spelling comes back equal, so
every reader may call them without knowing the version. Schema 3 gave each concept one word on every level; the tables
below are everything that changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SCHEMA_VERSION = 3
"""Of registry, job folder and job file."""

RENAMED_METHODS = {"streams": "tbptt"}
RENAMED_STEPS = {"normalise": "normalize"}
RENAMED_TASK_KINDS = {"retest": "evaluation"}
RENAMED_TRAINING_KEYS = {
    "tbptt": {"streams": "batch_size", "chunk_steps": "sequence_length", "chunks_per_stream": "sequences_per_draw"},
    "windows": {"batch_windows": "batch_size", "lookback_steps": "lookback"},
    "rows": {"batch_rows": "batch_size"},
}
"""Of each training method: earlier key to today's."""

_METHOD_ONLY_KEYS = {
    "tbptt": {*RENAMED_TRAINING_KEYS["tbptt"], "draws_per_epoch", "burn_in_steps"},
    "windows": {*RENAMED_TRAINING_KEYS["windows"], "stride_steps"},
    "rows": set(RENAMED_TRAINING_KEYS["rows"]),
}
"""Keys of schema 2 that belonged to one method alone: a section without `method` was given one by them."""

_METHODS_OF_KIND = {"lstm": ("tbptt", "windows"), "gru": ("tbptt", "windows"), "fnn": ("rows",)}
"""Training methods of each kind of model in schema 2, the default first."""


class ConflictingKeysError(ValueError):
    """A section names one setting twice, by its earlier and by its present key."""


@dataclass(frozen=True, slots=True)
class UpgradedJob:
    """A job document in today's spelling, and one sentence for each key or value that was renamed on the way."""

    document: dict[str, Any]
    notes: tuple[str, ...] = ()


def upgrade_job(document: Mapping[str, Any]) -> UpgradedJob:
    """Upgrade a job document, valid or not. Raises `ConflictingKeysError` where an earlier and a present key of one
    setting stand side by side."""
    notes: list[str] = []
    upgraded = dict(document)
    if upgraded.get("schema_version") in (1, 2):
        upgraded["schema_version"] = SCHEMA_VERSION
    if "preparation" in upgraded:
        upgraded["preparation"] = _upgrade_steps(upgraded["preparation"], notes)
    if "training" in upgraded:
        sections = upgraded["training"] if isinstance(upgraded["training"], list) else [upgraded["training"]]
        kinds = _model_kinds(upgraded.get("model"))
        parts = [part for section in sections for part in _upgrade_training(section, kinds, notes)]
        if parts != sections:
            upgraded["training"] = parts if len(parts) != 1 or isinstance(document["training"], list) else parts[0]
    return UpgradedJob(upgraded, tuple(dict.fromkeys(notes)))


def upgrade_draft(document: Mapping[str, Any]) -> UpgradedJob:
    """Upgrade a document that need not be valid; one that contradicts itself stays, and validation says so."""
    try:
        return upgrade_job(document)
    except ConflictingKeysError:
        return UpgradedJob(dict(document))


def upgrade_job_record(record: Mapping[str, Any], document_key: str = "spec") -> dict[str, Any]:
    """Upgrade a job's stored record or state file, whose job document stands under `document_key`."""
    document = record.get(document_key)
    document = upgrade_draft(document).document if isinstance(document, Mapping) else document
    record = {key: None if key == document_key else value for key, value in record.items()}
    return {key: document if key == document_key else value for key, value in upgrade_record(record).items()}


def upgrade_record(value: Any) -> Any:
    """Upgrade stored plain values of any kind: rows, task specs, findings, errors, events' data, and whatever holds
    them. Each is recognized by its shape, wherever it stands."""
    if isinstance(value, list):
        return [upgrade_record(item) for item in value]
    if not isinstance(value, dict):
        return value
    record = {key: upgrade_record(item) for key, item in value.items()}
    for key, renamed in (("step", RENAMED_STEPS), ("kind", RENAMED_TASK_KINDS)):
        if isinstance(record.get(key), str):
            record[key] = renamed.get(record[key], record[key])
    if isinstance(record.get("methods"), list):
        record["methods"] = [RENAMED_METHODS.get(method, method) for method in record["methods"]]
    if isinstance(record.get("training"), dict) and "method" in record["training"]:
        (record["training"],) = _upgrade_training(record["training"], [], [])
    if isinstance(record.get("retest"), dict):
        _rename(record["retest"], "trained", "training_task_ids")
    _rename(record, "retest", "evaluation")
    _rename(record, "sentence", "message")
    if record.get("kind") == "circuit":
        _rename(record, "doubts", "undetermined_elements")
    if {"code", "place"} <= record.keys():
        _rename(record, "place", "location")
    if isinstance(record.get("problems"), list):
        record["problems"] = [_upgrade_problem(problem) for problem in record["problems"]]
    if "reason" in record and ("state" in record or "intent" in record):
        _rename(record, "message", "activity")
        _rename(record, "reason", "message")
    return record


def upgrade_versioned(record: Any) -> Any:
    """Upgrade a record that carries a `schema_version` of an earlier schema; others come back as they are, at once."""
    if isinstance(record, dict) and record.get("schema_version", SCHEMA_VERSION) < SCHEMA_VERSION:
        return upgrade_record(record)
    return record


def upgrade_event(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Upgrade the data of an event of this kind."""
    record: dict[str, Any] = upgrade_record(dict(data))
    if kind == "message":
        _rename(record, "text", "message")
        _rename(record, "place", "location")
    return record


def _upgrade_problem(problem: Any) -> Any:
    if not isinstance(problem, dict):
        return problem
    record = dict(problem)
    _rename(record, "sentence", "message")
    _rename(record, "place", "location")
    return record


def _rename(record: dict[str, Any], earlier: str, present: str) -> None:
    """Give a key its present name in its old position; absent keys stay absent."""
    if earlier in record and present not in record:
        items = [(present if key == earlier else key, value) for key, value in record.items()]
        record.clear()
        record.update(items)


def _upgrade_steps(steps: Any, notes: list[str]) -> Any:
    """Steps of a preparation, of several ones, or whatever else stands there."""
    if isinstance(steps, list):
        return [_upgrade_steps(step, notes) for step in steps]
    step = steps.get("step") if isinstance(steps, Mapping) else None
    if not isinstance(step, str) or step not in RENAMED_STEPS:
        return steps
    present = RENAMED_STEPS[step]
    notes.append(f"the preparation step '{step}' is called '{present}' now")
    return {**steps, "step": present}


def _upgrade_training(section: Any, kinds: list[str], notes: list[str]) -> list[Any]:
    """A training section as one section per method where earlier keys tied it to methods, else as it is."""
    if not isinstance(section, Mapping):
        return [section]
    methods = section.get("method")
    if isinstance(methods, str) and "," in methods:
        methods = [part.strip() for part in methods.split(",")]
    if isinstance(methods, str):
        return [_upgrade_section(section, _present_method(methods, notes), notes)]
    earlier = {key for keys in RENAMED_TRAINING_KEYS.values() for key in keys}.intersection(section)
    if isinstance(methods, list):
        present = [_present_method(method, notes) if isinstance(method, str) else method for method in methods]
        if not earlier:
            return [section if present == methods else {**section, "method": present}]
    elif earlier:
        present = list(dict.fromkeys(_method_in_schema_2(kind, section) for kind in kinds if kind in _METHODS_OF_KIND))
    else:
        return [section]
    return [_upgrade_section(_keys_of_method(section, method), method, notes) for method in present or ["tbptt"]]


def _upgrade_section(section: Mapping[str, Any], method: str, notes: list[str]) -> dict[str, Any]:
    renamed = RENAMED_TRAINING_KEYS.get(method, {})
    upgraded: dict[str, Any] = {}
    for key, value in section.items():
        present = renamed.get(key, key)
        if present != key:
            if present in section:
                raise ConflictingKeysError(
                    f"training.{key} is the earlier name of training.{present}, and both are given: keep {present}"
                )
            notes.append(f"the setting '{key}' is called '{present}' now")
        upgraded[present] = value
    return {**upgraded, "method": method} if upgraded.get("method") != method else upgraded


def _keys_of_method(section: Mapping[str, Any], method: str) -> dict[str, Any]:
    """The section without keys of schema 2 that other methods alone had."""
    foreign = {key for other, keys in _METHOD_ONLY_KEYS.items() if other != method for key in keys}
    return {key: value for key, value in section.items() if key not in foreign and key != "method"}


def _present_method(method: str, notes: list[str]) -> str:
    present = RENAMED_METHODS.get(method, method)
    if present != method:
        notes.append(f"the training method '{method}' is called '{present}' now")
    return present


def _method_in_schema_2(kind: str, section: Mapping[str, Any]) -> str:
    """The method that a section without one stood for with models of this kind: that which had most of its keys."""
    return max(_METHODS_OF_KIND[kind], key=lambda method: len(_METHOD_ONLY_KEYS[method].intersection(section)))


def _model_kinds(models: Any) -> list[str]:
    """Kinds of the models of a document, in order; LSTM where it names none."""
    kinds: list[str] = []
    for model in models if isinstance(models, list) else [models]:
        if isinstance(model, list):
            kinds += _model_kinds(model)
            continue
        kind = model.get("kind", "lstm") if isinstance(model, Mapping) else "lstm"
        kinds += [part for part in (kind if isinstance(kind, list) else [kind]) if isinstance(part, str)]
    return list(dict.fromkeys(kinds))
