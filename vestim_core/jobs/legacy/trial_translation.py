"""Legacy trainings as trials of today: the same network, preparation, limits and filter. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vestim_core.jobs.legacy.hyperparameter_files import read_hyperparameters
from vestim_core.jobs.legacy.job_reader import LegacyJob, LegacyTask, parse_architecture
from vestim_core.jobs.legacy.legacy_columns import map_quantities
from vestim_core.jobs.legacy.preparation_steps import (
    LegacyPreparation,
    derived_columns,
    filters_and_formulas,
    read_preparation,
)
from vestim_core.jobs.legacy.training_history import whole_number
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.job import Trial, to_vestim_error
from vestim_core.spec.model import TRAINING_METHODS, ModelSpec, model_title
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.training import TrainingSpec

_MODEL: TypeAdapter[Any] = TypeAdapter(ModelSpec)
_TRAINING: TypeAdapter[Any] = TypeAdapter(TrainingSpec)
_DEFAULT_FEATURES, _DEFAULT_TARGET = ["SOC", "Current", "Temp"], "Voltage"
"""PyBattML's default columns."""
MAX_WARM_UP_S = 36000.0  # ten hours; the limit of a pre-roll in the spec
_DEFAULT_LOOKBACK = 400  # rows; PyBattML's default
_LOOKBACK_PATTERN = re.compile(r"_L(\d+)_")
_MAX_LOOKBACK = 100_000  # rows; arbitrary: rejects values that are no lookback


@dataclass
class TranslatedTrial:
    """One training and its trial.

    scale: minimum and maximum of each input, and last of the target, in the order of the trial's signals; None where
    nothing was scaled. untestable_reason: why its weights cannot be used, empty when they can.
    """

    task: LegacyTask
    trial: Trial
    scale: list[tuple[float, float]] | None
    untestable_reason: str = ""


@dataclass
class JobTranslation:
    """All trainings of a job as trials.

    columns: column name in the files by quantity. settings_notes: settings without a counterpart, as `{key, sentence}`.
    """

    trials: list[TranslatedTrial] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    preparation: LegacyPreparation = field(default_factory=LegacyPreparation)
    sections: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    settings_notes: list[dict[str, str]] = field(default_factory=list)


def translate_job(job: LegacyJob) -> JobTranslation:
    """Translate a legacy job; what cannot be converted is noted."""
    filters, formulas = filters_and_formulas(job.preparation, job.filters)
    columns = _named_columns(job, filters)
    names = map_quantities(columns, derived_columns(filters, formulas), job.column_ranges)
    translation = JobTranslation(columns={quantity: name for name, quantity in names.items()})
    translation.preparation = read_preparation(job.preparation, job.filters, names, columns)
    translation.notes += translation.preparation.notes
    for task in job.tasks:
        try:
            trial = _translate_trial(job, task, names, translation)
        except VestimError as error:
            translation.notes.append(f"training '{task.name}' is left out: {error.message}")
            continue
        translation.trials.append(trial)
    translation.sections = _sections(job, names, translation)
    return translation


def _named_columns(job: LegacyJob, filters: list[Any]) -> list[str]:
    """Every column that the job names, inputs and target of its trainings first."""
    columns: dict[str, None] = {}
    for settings in [*(job.settings_of(task) for task in job.tasks), job.settings]:
        columns |= dict.fromkeys([*_feature_columns(settings), _target_column(settings)])
    columns |= dict.fromkeys(str(record.get("column")) for record in filters)
    return list(columns | dict.fromkeys(job.column_ranges))


def _feature_columns(settings: Mapping[str, Any]) -> list[str]:
    columns = settings.get("FEATURE_COLUMNS")
    if isinstance(columns, str):
        columns = columns.split(",")
    return [str(name).strip() for name in columns] if isinstance(columns, list) and columns else _DEFAULT_FEATURES


def _target_column(settings: Mapping[str, Any]) -> str:
    column = settings.get("TARGET_COLUMN")
    return column.strip() if isinstance(column, str) and column.strip() else _DEFAULT_TARGET


def _translate_trial(
    job: LegacyJob, task: LegacyTask, names: Mapping[str, str], translation: JobTranslation
) -> TranslatedTrial:
    settings = job.settings_of(task)
    features, target = _feature_columns(settings), _target_column(settings)
    signals = _validated(
        TypeAdapter(SignalsSpec),
        {"features": [names.get(name, name) for name in features], "target": names.get(target, target)},
        [],
    )
    kind, sizes = _kind_and_sizes(task, settings)
    reading = read_hyperparameters(
        {**_without_shadowed_settings(settings, task, kind), "MODEL_TYPE": kind}, translation.preparation.period_s
    )
    translation.settings_notes = translation.settings_notes or reading["notes"]
    filter_notes = [
        f"filter of predictions: {n['message']}" for n in reading["notes"] if n["key"] == "INFERENCE_FILTER_TYPE"
    ]
    translation.notes += [note for note in filter_notes if note not in translation.notes]
    notes: list[str] = []
    model = {**_first_of_grids(reading["sections"].get("model", [{}])[0]), "kind": kind, "sizes": sizes}
    scale = _scaling_ranges(job, [*features, target])
    if kind == "fnn":
        model["activation"] = _activation(task, settings, notes)
    if kind != "lstm" and scale:
        minimum, maximum = scale[-1]
        if minimum < maximum:
            model |= {"output_min": minimum, "output_max": minimum + (maximum - minimum)}
    training = _first_of_grids(reading["sections"].get("training", [{}])[0])
    checked_model = _validated(_MODEL, model, notes)
    repetition = whole_number(task.info.get("repetition"))
    trial = Trial(
        title=f"{model_title(checked_model)}, {task.name}"[:200],
        signals=signals,
        preparation=translation.preparation.all_steps(
            _warm_up_rows(kind, task, settings, translation.preparation.period_s), is_scaled=job.is_normalized
        ),
        model=checked_model,
        training=_validated(_TRAINING, {**training, "method": TRAINING_METHODS[kind][-1]}, notes),
        repetition=repetition if repetition and 1 <= repetition <= 10_000 else 1,
        seed=0,
    )
    translation.notes += [f"training '{task.name}': {note}" for note in notes]
    unscaled_columns = [name for name in (*features, target) if job.is_normalized and name not in job.column_ranges]
    untestable_reason = (
        f"the scaler's statistics do not tell the range of {', '.join(unscaled_columns)}" if unscaled_columns else ""
    )
    return TranslatedTrial(task, trial, scale, untestable_reason)


def _kind_and_sizes(task: LegacyTask, settings: Mapping[str, Any]) -> tuple[str, list[int]]:
    """Kind and layer sizes, from the settings, else from the folder's name.

    PyBattML gave all layers of a recurrent network the first size.
    """
    kind_in_name, sizes_in_name = parse_architecture(task.architecture)
    metadata = task.info.get("model_metadata")
    recorded_kinds = [
        task.task_info_settings.get("MODEL_TYPE"),
        metadata.get("model_type") if isinstance(metadata, dict) else None,
    ]
    kinds = [str(name).strip().lower() for name in (*recorded_kinds, kind_in_name, settings.get("MODEL_TYPE")) if name]
    kind = next((name for name in kinds if name in TRAINING_METHODS), "")
    if not kind:
        raise wrong_input(f"there is no model {', '.join(kinds) or 'named'} here")
    task_settings = task.task_info_settings
    if kind == "fnn":
        sizes = (
            _whole_numbers(task_settings.get("HIDDEN_LAYER_SIZES"))
            or _whole_numbers(task_settings.get("FNN_HIDDEN_LAYERS"))
            or sizes_in_name
        )
        sizes = sizes or _whole_numbers(settings.get("FNN_HIDDEN_LAYERS"))
    else:
        sizes = _whole_numbers(task_settings.get("RNN_LAYER_SIZES")) or _recurrent_sizes(task_settings) or sizes_in_name
        sizes = sizes or _whole_numbers(settings.get("RNN_LAYER_SIZES")) or _recurrent_sizes(settings)
        sizes = [sizes[0]] * len(sizes) if sizes else []
    if not sizes:
        raise wrong_input("nothing says how large its network is")
    return kind, sizes


def _activation(task: LegacyTask, settings: Mapping[str, Any], notes: list[str]) -> str:
    """The activation that PyBattML built the network with; a different one in the settings is noted.

    It comes from the training's own settings, for a search's trainings also from its summary, else it is ReLU, whatever
    the form said.
    """
    task_settings = task.task_info_settings
    if task.architecture.lower().startswith("rank_"):
        task_settings = {**task.summary_settings, **task_settings}
    built_activation = str(task_settings.get("FNN_ACTIVATION", "relu")).strip().lower()
    form_activation = settings.get("FNN_ACTIVATION", built_activation)
    form_activations = form_activation if isinstance(form_activation, list) else str(form_activation).split(",")
    if built_activation not in {str(name).strip().lower() for name in form_activations}:
        notes.append(
            f"its settings name the activation '{str(form_activation)[:60]}'; "
            f"{built_activation} is taken, with which it was built"
        )
    return built_activation


def _recurrent_sizes(settings: Mapping[str, Any]) -> list[int]:
    units, layers = _whole_numbers(settings.get("HIDDEN_UNITS")), _whole_numbers(settings.get("LAYERS"))
    return [units[0]] * (layers[0] if layers else 1) if units else []


def _whole_numbers(value: Any, maximum: int = 4096) -> list[int]:
    """Whole numbers in a list or a comma-separated text; empty for any other value and for a grid."""
    items = value if isinstance(value, list) else str(value).strip("[] ").split(",") if value is not None else []
    try:
        numbers = [int(float(str(item))) for item in items if str(item).strip()]
    except (ValueError, OverflowError):
        return []
    return numbers if all(1 <= item <= maximum for item in numbers) and len(numbers) <= 16 else []


def _without_shadowed_settings(settings: Mapping[str, Any], task: LegacyTask, kind: str) -> dict[str, Any]:
    """The settings without job settings that the training itself has under another key."""
    task_settings = task.task_info_settings
    older_key_by_key = {
        "DROPOUT_PROB": f"{kind.upper()}_DROPOUT_PROB",
        "LR_PARAM": "LR_DROP_FACTOR",
        "LR_PERIOD": "LR_DROP_PERIOD",
    }
    shadowed_keys = {
        older_key
        for key_in_task, older_key in older_key_by_key.items()
        if key_in_task in task_settings and older_key not in task_settings
    }
    return {key: value for key, value in settings.items() if key not in shadowed_keys}


def _warm_up_rows(kind: str, task: LegacyTask, settings: Mapping[str, Any], period_s: float) -> int:
    """Repetitions of the first row: from the settings, else from the folder's name, else PyBattML's default."""
    if kind == "fnn":
        return 0
    match = _LOOKBACK_PATTERN.search(task.name)
    for lookback in (settings.get("LOOKBACK"), match[1] if match else None):
        if rows := _whole_numbers(str(lookback).partition(",")[0], maximum=_MAX_LOOKBACK):
            return min(rows[0], int(MAX_WARM_UP_S / period_s))
    return _DEFAULT_LOOKBACK


def _scaling_ranges(job: LegacyJob, columns: list[str]) -> list[tuple[float, float]] | None:
    """Ranges that the columns were scaled by; None where they were not scaled or a range is unknown."""
    if not job.is_normalized or any(name not in job.column_ranges for name in columns):
        return None
    return [job.column_ranges[name] for name in columns]


def _first_of_grids(section: Any) -> dict[str, Any]:
    """The section with the first value of each grid."""
    values = {}
    for name, value in section.items():
        if isinstance(value, list):
            value = value[0] if value and (name != "sizes" or isinstance(value[0], list)) else value
        values[name] = _first_of_grids(value) if isinstance(value, dict) else value
    return values


def _validated(adapter: TypeAdapter[Any], document: dict[str, Any], notes: list[str]) -> Any:
    """Validate `job_document`; a setting that the spec does not allow is left at its default, which is noted.

    Raises VestimError when the invalid setting cannot be left out.
    """
    while True:
        try:
            return adapter.validate_python(document)
        except ValidationError as error:
            invalid_key = next((str(part) for line in error.errors() for part in line["loc"] if part in document), "")
            if not invalid_key or invalid_key in {"kind", "method", "sizes", "features", "target"}:
                raise to_vestim_error(error) from None
            notes.append(f"{invalid_key} is left at its default ({to_vestim_error(error).message})")
            document = {key: value for key, value in document.items() if key != invalid_key}


def _sections(job: LegacyJob, names: Mapping[str, str], translation: JobTranslation) -> dict[str, Any]:
    """signals, preparation, model and training of the whole job: from its trials, else from its form."""
    if translation.trials:
        trials = [translated.trial for translated in translation.trials]
        methods = {method for trial in trials for method in TRAINING_METHODS[trial.model.kind]}
        return {
            "signals": trials[0].signals.model_dump(mode="json"),
            "preparation": [step.model_dump(mode="json") for step in trials[0].preparation],
            "model": _distinct_documents([trial.model.model_dump(mode="json") for trial in trials]),
            "training": _distinct_documents(
                [t.training.model_dump(mode="json") for t in trials if t.training.method in methods]
            ),
        }
    steps = [step.model_dump(mode="json") for step in translation.preparation.all_steps(0, is_scaled=job.is_normalized)]
    try:
        reading = read_hyperparameters(job.settings, translation.preparation.period_s)
    except VestimError:
        return {"preparation": steps}
    translation.settings_notes = reading["notes"]
    return {**reading["sections"], "preparation": steps}


def _distinct_documents(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [document for index, document in enumerate(documents) if document not in documents[:index]]
