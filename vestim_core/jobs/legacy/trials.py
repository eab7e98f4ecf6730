"""Trainings of the predecessor as trials of today: the same network, preparation, limits and filter. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vestim_core.jobs.legacy.columns import quantities
from vestim_core.jobs.legacy.former_job import FormerJob, FormerTask, sizes_of_architecture
from vestim_core.jobs.legacy.history import whole
from vestim_core.jobs.legacy.hyperparameters import read_hyperparameters
from vestim_core.jobs.legacy.preparation import (
    FormerPreparation,
    columns_made,
    filters_and_formulas,
    read_preparation,
)
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.job import Trial, spec_error
from vestim_core.spec.model import METHODS, ModelSpec, model_title
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.training import TrainingSpec

_MODEL: TypeAdapter[Any] = TypeAdapter(ModelSpec)
_TRAINING: TypeAdapter[Any] = TypeAdapter(TrainingSpec)
_FEATURES, _TARGET = ["SOC", "Current", "Temp"], "Voltage"
"""What the predecessor took when a file named no columns."""
MAX_WARM_UP_S = 36000.0
_LOOKBACK = 400
"""What the predecessor took when nothing said it."""
_LOOKBACK_IN_NAME = re.compile(r"_L(\d+)_")
_MOST_LOOKBACK = 100_000


@dataclass
class Translated:
    """One training. scale: least and greatest value of each input, and last of the target, in the order of the trial's
    signals; None where nothing was scaled. untestable: why its weights cannot be used, empty when they can."""

    task: FormerTask
    trial: Trial
    scale: list[tuple[float, float]] | None
    untestable: str = ""


@dataclass
class Translation:
    """All trainings of a job. columns: quantity to the name in the files. settings_notes: what of the settings has no
    counterpart, as `{key, sentence}`."""

    trainings: list[Translated] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    preparation: FormerPreparation = field(default_factory=FormerPreparation)
    sections: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    settings_notes: list[dict[str, str]] = field(default_factory=list)


def translate(job: FormerJob) -> Translation:
    """What a job of the predecessor is today; what cannot be taken over is noted."""
    filters, formulas = filters_and_formulas(job.preparation, job.filters)
    named = _columns_named(job, filters)
    names = quantities(named, columns_made(filters, formulas), job.ranges)
    found = Translation(columns={quantity: name for name, quantity in names.items()})
    found.preparation = read_preparation(job.preparation, job.filters, names, named)
    found.notes += found.preparation.notes
    for task in job.tasks:
        try:
            one = _translated(job, task, names, found)
        except VestimError as error:
            found.notes.append(f"training '{task.name}' is left out: {error.sentence}")
            continue
        found.trainings.append(one)
    found.sections = _sections(job, names, found)
    return found


def _columns_named(job: FormerJob, filters: list[Any]) -> list[str]:
    """Every column that the job names, inputs and target of its trainings first."""
    named: dict[str, None] = {}
    for settings in [*(job.settings_of(task) for task in job.tasks), job.settings]:
        named |= dict.fromkeys([*_features(settings), _target(settings)])
    named |= dict.fromkeys(str(one.get("column")) for one in filters)
    return list(named | dict.fromkeys(job.ranges))


def _features(settings: Mapping[str, Any]) -> list[str]:
    given = settings.get("FEATURE_COLUMNS")
    if isinstance(given, str):
        given = given.split(",")
    return [str(name).strip() for name in given] if isinstance(given, list) and given else _FEATURES


def _target(settings: Mapping[str, Any]) -> str:
    given = settings.get("TARGET_COLUMN")
    return given.strip() if isinstance(given, str) and given.strip() else _TARGET


def _translated(job: FormerJob, task: FormerTask, names: Mapping[str, str], found: Translation) -> Translated:
    settings = job.settings_of(task)
    features, target = _features(settings), _target(settings)
    signals = _valid(
        TypeAdapter(SignalsSpec),
        {"features": [names.get(name, name) for name in features], "target": names.get(target, target)},
        [],
    )
    kind, sizes = _network(task, settings)
    read = read_hyperparameters({**_unambiguous(settings, task, kind), "MODEL_TYPE": kind}, found.preparation.period_s)
    found.settings_notes = found.settings_notes or read["notes"]
    filtered = [f"filter of predictions: {n['sentence']}" for n in read["notes"] if n["key"] == "INFERENCE_FILTER_TYPE"]
    found.notes += [note for note in filtered if note not in found.notes]
    notes: list[str] = []
    model = {**_single(read["sections"].get("model", [{}])[0]), "kind": kind, "sizes": sizes}
    scale = _scale(job, [*features, target])
    if kind == "fnn":
        model["activation"] = _activation(task, settings, notes)
    if kind != "lstm" and scale:
        low, high = scale[-1]
        if low < high:
            model |= {"output_min": low, "output_max": low + (high - low)}
    training = _single(read["sections"].get("training", [{}])[0])
    checked = _valid(_MODEL, model, notes)
    repetition = whole(task.info.get("repetition"))
    trial = Trial(
        title=f"{model_title(checked)}, {task.name}"[:200],
        signals=signals,
        preparation=found.preparation.whole(
            _warm_up_rows(kind, task, settings, found.preparation.period_s), scaled=job.normalised
        ),
        model=checked,
        training=_valid(_TRAINING, {**training, "method": METHODS[kind][-1]}, notes),
        repetition=repetition if repetition and 1 <= repetition <= 10_000 else 1,
        seed=0,
    )
    found.notes += [f"training '{task.name}': {note}" for note in notes]
    missing = [name for name in (*features, target) if job.normalised and name not in job.ranges]
    untestable = f"the scaler's statistics do not tell the range of {', '.join(missing)}" if missing else ""
    return Translated(task, trial, scale, untestable)


def _network(task: FormerTask, settings: Mapping[str, Any]) -> tuple[str, list[int]]:
    """Kind and layer sizes: by the settings, else by the name of the folder. Layers of a recurrent network all had the
    first size."""
    named, by_name = sizes_of_architecture(task.architecture)
    metadata = task.info.get("model_metadata")
    said = [task.own_settings.get("MODEL_TYPE"), metadata.get("model_type") if isinstance(metadata, dict) else None]
    kinds = [str(one).strip().lower() for one in (*said, named, settings.get("MODEL_TYPE")) if one]
    kind = next((one for one in kinds if one in METHODS), "")
    if not kind:
        raise wrong_input(f"there is no model {', '.join(kinds) or 'named'} here")
    own = task.own_settings
    if kind == "fnn":
        sizes = _numbers(own.get("HIDDEN_LAYER_SIZES")) or _numbers(own.get("FNN_HIDDEN_LAYERS")) or by_name
        sizes = sizes or _numbers(settings.get("FNN_HIDDEN_LAYERS"))
    else:
        sizes = _numbers(own.get("RNN_LAYER_SIZES")) or _units(own) or by_name
        sizes = sizes or _numbers(settings.get("RNN_LAYER_SIZES")) or _units(settings)
        sizes = [sizes[0]] * len(sizes) if sizes else []
    if not sizes:
        raise wrong_input("nothing says how large its network is")
    return kind, sizes


def _activation(task: FormerTask, settings: Mapping[str, Any], notes: list[str]) -> str:
    """As the former program built it: by the training's own words, those of a search by its summary too, else ReLU,
    whatever its form said; what was said in vain is noted."""
    told = task.own_settings
    if task.architecture.lower().startswith("rank_"):
        told = {**task.summary_settings, **told}
    taken = str(told.get("FNN_ACTIVATION", "relu")).strip().lower()
    said = settings.get("FNN_ACTIVATION", taken)
    several = said if isinstance(said, list) else str(said).split(",")
    if taken not in {str(one).strip().lower() for one in several}:
        notes.append(f"its settings name the activation '{str(said)[:60]}'; {taken} is taken, with which it was built")
    return taken


def _units(settings: Mapping[str, Any]) -> list[int]:
    units, layers = _numbers(settings.get("HIDDEN_UNITS")), _numbers(settings.get("LAYERS"))
    return [units[0]] * (layers[0] if layers else 1) if units else []


def _numbers(value: Any, most: int = 4096) -> list[int]:
    """Whole numbers in a list or a text with commas; empty for whatever is none or a grid."""
    given = value if isinstance(value, list) else str(value).strip("[] ").split(",") if value is not None else []
    try:
        found = [int(float(str(one))) for one in given if str(one).strip()]
    except (ValueError, OverflowError):
        return []
    return found if all(1 <= one <= most for one in found) and len(found) <= 16 else []


def _unambiguous(settings: Mapping[str, Any], task: FormerTask, kind: str) -> dict[str, Any]:
    """The settings without those of the job that the training itself says in other words."""
    own = task.own_settings
    other = {
        "DROPOUT_PROB": f"{kind.upper()}_DROPOUT_PROB",
        "LR_PARAM": "LR_DROP_FACTOR",
        "LR_PERIOD": "LR_DROP_PERIOD",
    }
    hidden = {older for said, older in other.items() if said in own and older not in own}
    return {key: value for key, value in settings.items() if key not in hidden}


def _warm_up_rows(kind: str, task: FormerTask, settings: Mapping[str, Any], period_s: float) -> int:
    """How often the first row was repeated: by the settings, else by the folder's name, else as the former program took
    it."""
    if kind == "fnn":
        return 0
    in_name = _LOOKBACK_IN_NAME.search(task.name)
    for said in (settings.get("LOOKBACK"), in_name[1] if in_name else None):
        if rows := _numbers(str(said).partition(",")[0], most=_MOST_LOOKBACK):
            return min(rows[0], int(MAX_WARM_UP_S / period_s))
    return _LOOKBACK


def _scale(job: FormerJob, columns: list[str]) -> list[tuple[float, float]] | None:
    """The ranges that the columns were scaled by; None where they were not, or it is not known."""
    if not job.normalised or any(name not in job.ranges for name in columns):
        return None
    return [job.ranges[name] for name in columns]


def _single(section: Any) -> dict[str, Any]:
    """The section with the first value of each grid."""
    found = {}
    for name, value in section.items():
        if isinstance(value, list):
            value = value[0] if value and (name != "sizes" or isinstance(value[0], list)) else value
        found[name] = _single(value) if isinstance(value, dict) else value
    return found


def _valid(adapter: TypeAdapter[Any], document: dict[str, Any], notes: list[str]) -> Any:
    """`document` as the spec has it; a setting that it does not allow is left at its default, which is noted.

    Raises VestimError when nothing can be left out.
    """
    while True:
        try:
            return adapter.validate_python(document)
        except ValidationError as error:
            wrong = next((str(part) for line in error.errors() for part in line["loc"] if part in document), "")
            if not wrong or wrong in {"kind", "method", "sizes", "features", "target"}:
                raise spec_error(error) from None
            notes.append(f"{wrong} is left at its default ({spec_error(error).sentence})")
            document = {key: value for key, value in document.items() if key != wrong}


def _sections(job: FormerJob, names: Mapping[str, str], found: Translation) -> dict[str, Any]:
    """signals, preparation, model and training of the whole job: what its trainings have, else what its form said."""
    if found.trainings:
        trials = [one.trial for one in found.trainings]
        used = {method for trial in trials for method in METHODS[trial.model.kind]}
        return {
            "signals": trials[0].signals.model_dump(mode="json"),
            "preparation": [step.model_dump(mode="json") for step in trials[0].preparation],
            "model": _distinct([trial.model.model_dump(mode="json") for trial in trials]),
            "training": _distinct([t.training.model_dump(mode="json") for t in trials if t.training.method in used]),
        }
    steps = [step.model_dump(mode="json") for step in found.preparation.whole(0, scaled=job.normalised)]
    try:
        read = read_hyperparameters(job.settings, found.preparation.period_s)
    except VestimError:
        return {"preparation": steps}
    found.settings_notes = read["notes"]
    return {**read["sections"], "preparation": steps}


def _distinct(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for number, one in enumerate(documents) if one not in documents[:number]]
