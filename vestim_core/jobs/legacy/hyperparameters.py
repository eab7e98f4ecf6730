"""The predecessor's hyperparameter JSON as sections of a job document. A pure function of what the file holds.

Its values may be numbers or texts, texts may be grids (`16, 32`; `64,32;128` of architectures) or a search's range
(`[8, 64]`). Every key either becomes a setting or gets a note that says in one sentence why not; several do both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product
from typing import Any

from vestim_core.jobs.legacy.columns import QUANTITIES
from vestim_core.jobs.legacy.reading import Reading
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.model import METHODS

_OPTIMIZERS = {"adam": "adam", "adamw": "adamw", "sgd": "sgd", "rmsprop": "rmsprop"}
_SCHEDULES = {
    "steplr": "step",
    "reducelronplateau": "plateau",
    "cosineannealingwarmrestarts": "cosine-restarts",
    "cosineannealinglr": "cosine",
    "none": "constant",
    "": "constant",
}
_OF_SCHEDULES = {
    "step": {"LR_PARAM", "LR_DROP_FACTOR", "LR_PERIOD", "LR_DROP_PERIOD"},
    "plateau": {"PLATEAU_FACTOR", "PLATEAU_PATIENCE"},
    "cosine-restarts": {"COSINE_T0", "COSINE_T_MULT", "COSINE_ETA_MIN"},
    "cosine": {"COSINE_ETA_MIN"},
}
_EXPLOIT = {
    "EXPLOIT_REPETITIONS": "rounds",
    "EXPLOIT_EPOCHS": "epochs",
    "EXPLOIT_LR": "learning_rate",
    "FINAL_LR": "final_learning_rate",
}
_EXPLOIT_EPOCHS = 5  # what the former program took when its file did not say
_TIME_S = {"MAX_TRAIN_HOURS": 3600.0, "MAX_TRAIN_MINUTES": 60.0, "MAX_TRAIN_SECONDS": 1.0}
_OF_MODELS = {
    "fnn": {"FNN_HIDDEN_LAYERS", "HIDDEN_LAYER_SIZES", "FNN_DROPOUT_PROB", "FNN_ACTIVATION"},
    "lstm": {"RNN_LAYER_SIZES", "LAYERS", "HIDDEN_UNITS", "LOOKBACK", "LSTM_DROPOUT_PROB"},
    "gru": {"RNN_LAYER_SIZES", "LAYERS", "HIDDEN_UNITS", "LOOKBACK", "GRU_DROPOUT_PROB"},
}
_FILTERS = {
    "none": "none",
    "": "none",
    "moving average": "moving_average",
    "ema": "ema",
    "exponential moving average": "ema",
    "savitzky-golay": "savitzky_golay",
}
_OF_FILTERS = {
    "moving_average": {"INFERENCE_FILTER_WINDOW_SIZE"},
    "ema": {"INFERENCE_FILTER_ALPHA"},
    "savitzky_golay": {"INFERENCE_FILTER_WINDOW_SIZE", "INFERENCE_FILTER_POLYORDER"},
}
_FILTER_ROWS, _FILTER_ALPHA, _FILTER_POLYNOMIAL = 101, 0.1, 2  # what the former program took when its file did not say
_LOADER = "belongs to a way of loading data that is not used here: nothing is lost without it"
_DERIVED = "follows from other settings and is not needed"
_WHY_NOT = {
    "NUM_WORKERS": _LOADER,
    "PIN_MEMORY": _LOADER,
    "PREFETCH_FACTOR": _LOADER,
    "BATCH_SIZE": "what it counts depends on the kind of model, of which none is chosen that is here",
    "BATCH_TRAINING": "every training is in batches",
    "TRAINING_METHOD": "follows from the kind of model: recurrent ones by windows, feed-forward ones by rows",
    "SEQUENCE_SPLIT_METHOD": "files are never split: training and validation are files of their own",
    "TRAIN_VAL_SPLIT": "files are never split: training and validation are files of their own",
    "INPUT_SIZE": _DERIVED,
    "OUTPUT_SIZE": _DERIVED,
    "NUM_LEARNABLE_PARAMS": _DERIVED,
    "CURRENT_DEVICE": _DERIVED,
    "CURRENT_REPETITION": _DERIVED,
}
_UNKNOWN = "there is no such setting here: it is left out"


def read_hyperparameters(document: Mapping[str, Any], period_s: float = 1.0) -> dict[str, Any]:
    """sections: signals, model and training of a job document; notes: `{key, sentence}`, by key.

    period_s: the time between two rows, in which the file counts and a job does not.
    `VestimError` for a document that names no setting of the predecessor's.
    """
    reading = Reading(document)
    kinds = _kinds(reading)
    if not reading.values or not (reading.taken or set(reading.values) & set(_WHY_NOT)):
        raise wrong_input(
            "this is no hyperparameter file of PyBattML: it has none of MODEL_TYPE, MAX_EPOCHS, INITIAL_LR, ...",
            place="document",
        )
    sections: dict[str, Any] = {}
    if signals := _signals(reading):
        sections["signals"] = signals
    if kinds:
        output_filter = _output_filter(reading, period_s)
        sections["model"] = [{"kind": kind, **_model(reading, kind), **output_filter} for kind in kinds]
    common = _training(reading)
    methods = {("rows" if kind == "fnn" else "windows") for kind in kinds}
    sections["training"] = [{"method": method, **common, **_batches(reading, method)} for method in sorted(methods)]
    if not kinds:
        sections["training"] = common
    _explain_the_rest(reading, kinds, common.get("schedule", {}).get("kind", ""))
    notes = [{"key": key, "sentence": sentence} for key, sentence in sorted(reading.notes.items())]
    return {"sections": {name: part for name, part in sections.items() if part}, "notes": notes}


def _kinds(reading: Reading) -> list[str]:
    """The kinds of model that this version has; others are noted."""
    asked = [part.strip().lower() for part in (reading.text("MODEL_TYPE") or "").split(",") if part.strip()]
    for kind in asked:
        if kind not in METHODS:
            reading.note(
                "MODEL_TYPE", f"this version has no {kind.upper()}: choose one of {', '.join(METHODS).upper()}"
            )
    return [kind for kind in asked if kind in METHODS]


def _signals(reading: Reading) -> dict[str, Any]:
    signals: dict[str, Any] = {}
    columns = reading.values.get("FEATURE_COLUMNS")
    if columns is not None:
        reading.taken.add("FEATURE_COLUMNS")
        given = columns if isinstance(columns, list) else str(columns).split(",")
        signals["features"] = [_quantity(reading, "FEATURE_COLUMNS", str(name).strip()) for name in given]
    if target := reading.text("TARGET_COLUMN"):
        signals["target"] = _quantity(reading, "TARGET_COLUMN", target)
    return signals


def _quantity(reading: Reading, key: str, name: str) -> str:
    known = QUANTITIES.get(name.lower())
    if known is None:
        reading.note(key, f"'{name}' is no quantity known by name: the files must have it, or a formula or filter")
    return known or name


def _model(reading: Reading, kind: str) -> dict[str, Any]:
    model: dict[str, Any] = {}
    if kind == "fnn":
        model["sizes"] = reading.sizes("FNN_HIDDEN_LAYERS") or reading.sizes("HIDDEN_LAYER_SIZES")
        model["activation"] = _activation(reading)
    else:
        model["sizes"] = reading.sizes("RNN_LAYER_SIZES") or _layers_and_units(reading)
        if _several_widths(model["sizes"]):
            reading.note("RNN_LAYER_SIZES", "each layer has its own size here; the former program gave all the first's")
    for key in (f"{kind.upper()}_DROPOUT_PROB", "DROPOUT_PROB"):
        if model.get("dropout") is None:
            model["dropout"] = reading.number(key, float)
    model["layer_norm"] = _layer_norm(reading, kind)
    return {name: value for name, value in model.items() if value is not None}


def _output_filter(reading: Reading, period_s: float) -> dict[str, Any]:
    """The filter of predictions, for every kind of model; empty when the file speaks of none."""
    asked = reading.text("INFERENCE_FILTER_TYPE")
    kind = _FILTERS.get(asked.lower().replace("_", " ")) if asked is not None else "none"
    if kind is None:
        reading.note("INFERENCE_FILTER_TYPE", f"there is no filter '{asked}' here: predictions are not filtered")
    if kind is None or kind == "none":
        return {}
    found: dict[str, Any] = {"kind": kind}
    if kind == "ema":
        alpha = _first(reading.number("INFERENCE_FILTER_ALPHA", float), _FILTER_ALPHA)
        if not 0 < alpha < 1:
            reading.note("INFERENCE_FILTER_ALPHA", f"{alpha:g} is no share between 0 and 1: nothing is filtered")
            return {}
        found["tau_s"] = -period_s / math.log1p(-alpha)
    else:
        found["window_s"] = max(1, _first(reading.number("INFERENCE_FILTER_WINDOW_SIZE", int), _FILTER_ROWS)) * period_s
    if kind == "savitzky_golay":
        found["polynomial"] = _first(reading.number("INFERENCE_FILTER_POLYORDER", int), _FILTER_POLYNOMIAL)
    reading.note(
        "INFERENCE_FILTER_TYPE",
        f"rows are counted in seconds here: one every {period_s:g} s is taken, looking back only",
    )
    return {"output_filter": found}


def _first(value: Any, default: Any) -> Any:
    """One value of those that make a grid, which an output filter has not."""
    return default if value is None else value[0] if isinstance(value, list) else value


def _layer_norm(reading: Reading, kind: str) -> bool | None:
    """Of whatever key speaks of it, for this kind of model or for all."""
    spoken = [key for key in reading.values if "LAYERNORM" in key.upper().replace("_", "")]
    own = [key for key in spoken if key.upper().startswith(kind.upper())]
    common = [key for key in spoken if not key.upper().startswith(tuple(name.upper() for name in METHODS))]
    return next((switch for key in own + common if (switch := reading.switch(key)) is not None), None)


def _several_widths(sizes: list[Any] | None) -> bool:
    lists = sizes if sizes and isinstance(sizes[0], list) else [sizes or []]
    return any(len(set(one)) > 1 for one in lists)


def _layers_and_units(reading: Reading) -> list[Any] | None:
    """The older pair of keys: so many layers of so many units, each perhaps a grid."""
    layers, units = reading.number("LAYERS", int), reading.number("HIDDEN_UNITS", int)
    if units is None:
        return None
    pairs = product(
        units if isinstance(units, list) else [units], layers if isinstance(layers, list) else [layers or 1]
    )
    sizes = [[unit] * layer for unit, layer in pairs]
    return sizes[0] if len(sizes) == 1 else sizes


def _activation(reading: Reading) -> str | list[str] | None:
    given = [part.strip().lower() for part in (reading.text("FNN_ACTIVATION") or "").split(",") if part.strip()]
    for name in given:
        if name not in {"relu", "gelu", "tanh"}:
            reading.note("FNN_ACTIVATION", f"there is no '{name}' here: the default is taken")
            return None
    return given[0] if len(given) == 1 else given or None


def _training(reading: Reading) -> dict[str, Any]:
    """What both methods share."""
    training = {
        "max_epochs": reading.number("MAX_EPOCHS", int),
        "patience": _patience(reading),
        "optimizer": _optimizer(reading),
        "learning_rate": reading.number("INITIAL_LR", float),
        "weight_decay": reading.number("WEIGHT_DECAY", float),
        "schedule": _schedule(reading),
        "exploit": _exploit(reading),
        "time_budget_s": _time_budget(reading),
        "mixed_precision": reading.switch("USE_MIXED_PRECISION"),
        "seed": reading.number("SEED", int),
        "repetitions": reading.number("REPETITIONS", int),
        "device": _device(reading),
    }
    return {name: value for name, value in training.items() if value is not None}


def _patience(reading: Reading) -> Any:
    patience, every = reading.number("VALID_PATIENCE", int), reading.number("VALID_FREQUENCY", int)
    if isinstance(every, int) and every > 1:
        reading.note(
            "VALID_FREQUENCY", f"every epoch ends with a validation here, so patience counts {every} times more"
        )
        scale = every
    else:
        scale = 1
    return (
        [scale * one for one in patience] if isinstance(patience, list) else scale * patience if patience else patience
    )


def _optimizer(reading: Reading) -> str | list[str] | None:
    given = [part.strip() for part in (reading.text("OPTIMIZER_TYPE") or "").split(",") if part.strip()]
    known = [_OPTIMIZERS[name.lower()] for name in given if name.lower() in _OPTIMIZERS]
    if len(known) < len(given):
        reading.note("OPTIMIZER_TYPE", f"'{', '.join(given)}': only {', '.join(_OPTIMIZERS)} are there")
    return known[0] if len(known) == 1 else known or None


def _schedule(reading: Reading) -> dict[str, Any] | None:
    asked = reading.text("SCHEDULER_TYPE")
    if asked is None:
        asked = "StepLR" if set(reading.values) & _OF_SCHEDULES["step"] else None
    if asked is None:
        return None
    kind = _SCHEDULES.get(asked.lower())
    if kind is None:
        reading.note("SCHEDULER_TYPE", f"there is no schedule '{asked}' here: the default is taken")
        return None
    fields: dict[str, Any] = {}
    if kind == "step":
        factor, every = reading.number("LR_PARAM", float), reading.number("LR_PERIOD", int)
        fields["factor"] = factor if factor is not None else reading.number("LR_DROP_FACTOR", float)
        fields["every_epochs"] = every if every is not None else reading.number("LR_DROP_PERIOD", int)
    elif kind == "plateau":
        fields["factor"] = reading.number("PLATEAU_FACTOR", float)
        fields["patience_epochs"] = reading.number("PLATEAU_PATIENCE", int)
    else:
        fields["final_learning_rate"] = reading.number("COSINE_ETA_MIN", float) if "cosine" in kind else None
    if kind == "cosine-restarts":
        fields["first_epochs"] = reading.number("COSINE_T0", int)
        fields["length_factor"] = reading.number("COSINE_T_MULT", int)
    return {"kind": kind, **{name: value for name, value in fields.items() if value is not None}}


def _exploit(reading: Reading) -> dict[str, Any] | None:
    """The phase after patience runs out; None when the file does not speak of it or wants no repetition of it."""
    kinds = {"EXPLOIT_REPETITIONS": int, "EXPLOIT_EPOCHS": int}
    found = {_EXPLOIT[key]: reading.number(key, kinds.get(key, float)) for key in _EXPLOIT}
    given = {name: value for name, value in found.items() if value is not None}
    if not given or given.get("rounds") == 0:
        return None
    return {"epochs": _EXPLOIT_EPOCHS, **given}


def _time_budget(reading: Reading) -> float | None:
    """The time that a training may take; 0 and nothing mean no limit."""
    parts = {key: reading.number(key, float) for key in _TIME_S}
    total = reading.number("MAX_TRAINING_TIME_SECONDS", float)
    lists = [key for key, value in [*parts.items(), ("MAX_TRAINING_TIME_SECONDS", total)] if isinstance(value, list)]
    for key in lists:
        reading.note(key, "a grid of times has no counterpart here: a training has no limit in time")
    if lists:
        return None
    summed_s = sum(_TIME_S[key] * value for key, value in parts.items() if value)
    return summed_s or total or None


def _device(reading: Reading) -> str | None:
    asked = reading.text("DEVICE_SELECTION")
    if asked is None:
        return None
    return "cpu" if asked.lower() == "cpu" else "auto"


def _batches(reading: Reading, method: str) -> dict[str, Any]:
    """What belongs to one method: its batch, and how far back a recurrent network learns."""
    size = reading.number("BATCH_SIZE", int)
    if method == "rows":
        return {} if size is None else {"batch_rows": size}
    lookback = reading.number("LOOKBACK", int)
    found = (("batch_windows", size), ("lookback_steps", lookback))
    return {name: value for name, value in found if value is not None}


def _explain_the_rest(reading: Reading, kinds: list[str], schedule: str) -> None:
    """A note for every key that has become nothing."""
    for key in set(reading.values) - reading.taken:
        owners = [kind for kind, keys in _OF_MODELS.items() if key in keys]
        schedules = [kind for kind, keys in _OF_SCHEDULES.items() if key in keys]
        filters = [kind for kind, keys in _OF_FILTERS.items() if key in keys]
        if owners and not set(owners) & set(kinds):
            reading.note(
                key, f"belongs to {' and '.join(owners).upper()}, which the file does not choose or is not here"
            )
        elif schedules and schedule not in schedules:
            reading.note(key, f"belongs to the schedule '{schedules[0]}', which the file does not choose")
        elif filters:
            reading.note(key, f"belongs to the output filter '{filters[0]}', which the file does not choose")
        else:
            reading.note(key, _WHY_NOT.get(key, _UNKNOWN))
