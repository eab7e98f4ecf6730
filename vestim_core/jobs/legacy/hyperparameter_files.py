"""Legacy hyperparameter JSON as sections of a job document. A pure function of the file's content.

Values may be numbers or texts, texts may be grids (`16, 32`; `64,32;128` for architectures) or the range of a search
(`[8, 64]`). Every key becomes a setting or gets a note that says why not; several do both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product
from typing import Any

from vestim_core.jobs.legacy.legacy_columns import QUANTITIES
from vestim_core.jobs.legacy.settings_reader import SettingsReader
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.model import TRAINING_METHODS

_OPTIMIZERS = {"adam": "adam", "adamw": "adamw", "sgd": "sgd", "rmsprop": "rmsprop"}
_SCHEDULES = {
    "steplr": "step",
    "reducelronplateau": "plateau",
    "cosineannealingwarmrestarts": "cosine-restarts",
    "cosineannealinglr": "cosine",
    "none": "constant",
    "": "constant",
}
_SCHEDULE_KEYS = {
    "step": {"LR_PARAM", "LR_DROP_FACTOR", "LR_PERIOD", "LR_DROP_PERIOD"},
    "plateau": {"PLATEAU_FACTOR", "PLATEAU_PATIENCE"},
    "cosine-restarts": {"COSINE_T0", "COSINE_T_MULT", "COSINE_ETA_MIN"},
    "cosine": {"COSINE_ETA_MIN"},
}
_EXPLOIT_FIELDS = {
    "EXPLOIT_REPETITIONS": "rounds",
    "EXPLOIT_EPOCHS": "epochs",
    "EXPLOIT_LR": "learning_rate",
    "FINAL_LR": "final_learning_rate",
}
_EXPLOIT_EPOCHS = 5  # PyBattML's default
_SECONDS_BY_KEY = {"MAX_TRAIN_HOURS": 3600.0, "MAX_TRAIN_MINUTES": 60.0, "MAX_TRAIN_SECONDS": 1.0}
_MODEL_KEYS = {
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
_FILTER_KEYS = {
    "moving_average": {"INFERENCE_FILTER_WINDOW_SIZE"},
    "ema": {"INFERENCE_FILTER_ALPHA"},
    "savitzky_golay": {"INFERENCE_FILTER_WINDOW_SIZE", "INFERENCE_FILTER_POLYORDER"},
}
_FILTER_ROWS, _FILTER_ALPHA, _FILTER_POLYNOMIAL = 101, 0.1, 2  # PyBattML's defaults
_DATA_LOADER_NOTE = "belongs to a way of loading data that is not used here: nothing is lost without it"
_DERIVED_NOTE = "follows from other settings and is not needed"
_NOTE_BY_UNUSED_KEY = {
    "NUM_WORKERS": _DATA_LOADER_NOTE,
    "PIN_MEMORY": _DATA_LOADER_NOTE,
    "PREFETCH_FACTOR": _DATA_LOADER_NOTE,
    "BATCH_SIZE": "what it counts depends on the kind of model, of which none is chosen that is here",
    "BATCH_TRAINING": "every training is in batches",
    "TRAINING_METHOD": "follows from the kind of model: recurrent ones by windows, feed-forward ones by rows",
    "SEQUENCE_SPLIT_METHOD": "files are never split: training and validation are files of their own",
    "TRAIN_VAL_SPLIT": "files are never split: training and validation are files of their own",
    "INPUT_SIZE": _DERIVED_NOTE,
    "OUTPUT_SIZE": _DERIVED_NOTE,
    "NUM_LEARNABLE_PARAMS": _DERIVED_NOTE,
    "CURRENT_DEVICE": _DERIVED_NOTE,
    "CURRENT_REPETITION": _DERIVED_NOTE,
}
_UNKNOWN_NOTE = "there is no such setting here: it is left out"


def read_hyperparameters(document: Mapping[str, Any], period_s: float = 1.0) -> dict[str, Any]:
    """sections: signals, model and training of a job document; notes: `{key, sentence}`, by key.

    period_s: time between two rows; legacy files count rows where a job counts seconds. `VestimError` for a document
    without any legacy setting.
    """
    reader = SettingsReader(document)
    model_kinds = _model_kinds(reader)
    if not reader.values or not (reader.used_keys or set(reader.values) & set(_NOTE_BY_UNUSED_KEY)):
        raise wrong_input(
            "this is no hyperparameter file of PyBattML: it has none of MODEL_TYPE, MAX_EPOCHS, INITIAL_LR, ...",
            location="document",
        )
    sections: dict[str, Any] = {}
    if signals := _read_signals(reader):
        sections["signals"] = signals
    if model_kinds:
        output_filter = _output_filter(reader, period_s)
        sections["model"] = [{"kind": kind, **_read_model(reader, kind), **output_filter} for kind in model_kinds]
    common = _read_training(reader)
    methods = {("rows" if kind == "fnn" else "windows") for kind in model_kinds}
    sections["training"] = [
        {"method": method, **common, **_batch_settings(reader, method)} for method in sorted(methods)
    ]
    if not model_kinds:
        sections["training"] = common
    _note_unused_keys(reader, model_kinds, common.get("schedule", {}).get("kind", ""))
    notes = [{"key": key, "message": sentence} for key, sentence in sorted(reader.notes.items())]
    return {"sections": {name: section for name, section in sections.items() if section}, "notes": notes}


def _model_kinds(reader: SettingsReader) -> list[str]:
    """Kinds of model that this version has; others are noted."""
    names = [part.strip().lower() for part in (reader.read_text("MODEL_TYPE") or "").split(",") if part.strip()]
    for kind in names:
        if kind not in TRAINING_METHODS:
            reader.add_note(
                "MODEL_TYPE", f"this version has no {kind.upper()}: choose one of {', '.join(TRAINING_METHODS).upper()}"
            )
    return [kind for kind in names if kind in TRAINING_METHODS]


def _read_signals(reader: SettingsReader) -> dict[str, Any]:
    signals: dict[str, Any] = {}
    columns = reader.values.get("FEATURE_COLUMNS")
    if columns is not None:
        reader.used_keys.add("FEATURE_COLUMNS")
        names = columns if isinstance(columns, list) else str(columns).split(",")
        signals["features"] = [_quantity_or_name(reader, "FEATURE_COLUMNS", str(name).strip()) for name in names]
    if target := reader.read_text("TARGET_COLUMN"):
        signals["target"] = _quantity_or_name(reader, "TARGET_COLUMN", target)
    return signals


def _quantity_or_name(reader: SettingsReader, key: str, name: str) -> str:
    quantity = QUANTITIES.get(name.lower())
    if quantity is None:
        reader.add_note(key, f"'{name}' is no quantity known by name: the files must have it, or a formula or filter")
    return quantity or name


def _read_model(reader: SettingsReader, kind: str) -> dict[str, Any]:
    model: dict[str, Any] = {}
    if kind == "fnn":
        model["sizes"] = reader.read_sizes("FNN_HIDDEN_LAYERS") or reader.read_sizes("HIDDEN_LAYER_SIZES")
        model["activation"] = _activation(reader)
    else:
        model["sizes"] = reader.read_sizes("RNN_LAYER_SIZES") or _layers_and_units(reader)
        if _has_different_widths(model["sizes"]):
            reader.add_note(
                "RNN_LAYER_SIZES", "each layer has its own size here; PyBattML gave all layers the size of the first"
            )
    for key in (f"{kind.upper()}_DROPOUT_PROB", "DROPOUT_PROB"):
        if model.get("dropout") is None:
            model["dropout"] = reader.read_number(key, float)
    model["layer_norm"] = _layer_norm(reader, kind)
    return {name: value for name, value in model.items() if value is not None}


def _output_filter(reader: SettingsReader, period_s: float) -> dict[str, Any]:
    """The filter of predictions, for every kind of model; empty when the file has none."""
    filter_name = reader.read_text("INFERENCE_FILTER_TYPE")
    kind = _FILTERS.get(filter_name.lower().replace("_", " ")) if filter_name is not None else "none"
    if kind is None:
        reader.add_note(
            "INFERENCE_FILTER_TYPE", f"there is no filter '{filter_name}' here: predictions are not filtered"
        )
    if kind is None or kind == "none":
        return {}
    output_filter: dict[str, Any] = {"kind": kind}
    if kind == "ema":
        alpha = _first_value(reader.read_number("INFERENCE_FILTER_ALPHA", float), _FILTER_ALPHA)
        if not 0 < alpha < 1:
            reader.add_note("INFERENCE_FILTER_ALPHA", f"{alpha:g} is no share between 0 and 1: nothing is filtered")
            return {}
        output_filter["tau_s"] = -period_s / math.log1p(-alpha)
    else:
        output_filter["window_s"] = (
            max(1, _first_value(reader.read_number("INFERENCE_FILTER_WINDOW_SIZE", int), _FILTER_ROWS)) * period_s
        )
    if kind == "savitzky_golay":
        output_filter["polynomial"] = _first_value(
            reader.read_number("INFERENCE_FILTER_POLYORDER", int), _FILTER_POLYNOMIAL
        )
    reader.add_note(
        "INFERENCE_FILTER_TYPE",
        f"rows are counted in seconds here: one every {period_s:g} s is taken, looking back only",
    )
    return {"output_filter": output_filter}


def _first_value(value: Any, default: Any) -> Any:
    """First value of a grid, since an output filter has no grids."""
    return default if value is None else value[0] if isinstance(value, list) else value


def _layer_norm(reader: SettingsReader, kind: str) -> bool | None:
    """Layer normalization from any key about it, for this kind of model or for all."""
    keys = [key for key in reader.values if "LAYERNORM" in key.upper().replace("_", "")]
    kind_keys = [key for key in keys if key.upper().startswith(kind.upper())]
    common_keys = [key for key in keys if not key.upper().startswith(tuple(name.upper() for name in TRAINING_METHODS))]
    return next(
        (is_enabled for key in kind_keys + common_keys if (is_enabled := reader.read_flag(key)) is not None), None
    )


def _has_different_widths(sizes: list[Any] | None) -> bool:
    lists = sizes if sizes and isinstance(sizes[0], list) else [sizes or []]
    return any(len(set(layer_sizes)) > 1 for layer_sizes in lists)


def _layers_and_units(reader: SettingsReader) -> list[Any] | None:
    """Sizes from the older pair of keys, number of layers and units per layer, each possibly a grid."""
    layers, units = reader.read_number("LAYERS", int), reader.read_number("HIDDEN_UNITS", int)
    if units is None:
        return None
    pairs = product(
        units if isinstance(units, list) else [units], layers if isinstance(layers, list) else [layers or 1]
    )
    sizes = [[unit] * layer for unit, layer in pairs]
    return sizes[0] if len(sizes) == 1 else sizes


def _activation(reader: SettingsReader) -> str | list[str] | None:
    names = [part.strip().lower() for part in (reader.read_text("FNN_ACTIVATION") or "").split(",") if part.strip()]
    for name in names:
        if name not in {"relu", "gelu", "tanh"}:
            reader.add_note("FNN_ACTIVATION", f"there is no '{name}' here: the default is taken")
            return None
    return names[0] if len(names) == 1 else names or None


def _read_training(reader: SettingsReader) -> dict[str, Any]:
    """Settings that both methods share."""
    training = {
        "max_epochs": reader.read_number("MAX_EPOCHS", int),
        "patience": _patience(reader),
        "optimizer": _optimizer(reader),
        "learning_rate": reader.read_number("INITIAL_LR", float),
        "weight_decay": reader.read_number("WEIGHT_DECAY", float),
        "schedule": _schedule(reader),
        "exploit": _exploit(reader),
        "time_budget_s": _time_budget(reader),
        "mixed_precision": reader.read_flag("USE_MIXED_PRECISION"),
        "seed": reader.read_number("SEED", int),
        "repetitions": reader.read_number("REPETITIONS", int),
        "device": _device(reader),
    }
    return {name: value for name, value in training.items() if value is not None}


def _patience(reader: SettingsReader) -> Any:
    patience, validation_interval = (
        reader.read_number("VALID_PATIENCE", int),
        reader.read_number("VALID_FREQUENCY", int),
    )
    if isinstance(validation_interval, int) and validation_interval > 1:
        reader.add_note(
            "VALID_FREQUENCY",
            f"every epoch ends with a validation here, so patience counts {validation_interval} times more",
        )
        scale = validation_interval
    else:
        scale = 1
    return (
        [scale * epochs for epochs in patience]
        if isinstance(patience, list)
        else scale * patience
        if patience
        else patience
    )


def _optimizer(reader: SettingsReader) -> str | list[str] | None:
    names = [part.strip() for part in (reader.read_text("OPTIMIZER_TYPE") or "").split(",") if part.strip()]
    optimizers = [_OPTIMIZERS[name.lower()] for name in names if name.lower() in _OPTIMIZERS]
    if len(optimizers) < len(names):
        reader.add_note("OPTIMIZER_TYPE", f"'{', '.join(names)}': only {', '.join(_OPTIMIZERS)} are there")
    return optimizers[0] if len(optimizers) == 1 else optimizers or None


def _schedule(reader: SettingsReader) -> dict[str, Any] | None:
    schedule_name = reader.read_text("SCHEDULER_TYPE")
    if schedule_name is None:
        schedule_name = "StepLR" if set(reader.values) & _SCHEDULE_KEYS["step"] else None
    if schedule_name is None:
        return None
    kind = _SCHEDULES.get(schedule_name.lower())
    if kind is None:
        reader.add_note("SCHEDULER_TYPE", f"there is no schedule '{schedule_name}' here: the default is taken")
        return None
    fields: dict[str, Any] = {}
    if kind == "step":
        factor, interval_epochs = reader.read_number("LR_PARAM", float), reader.read_number("LR_PERIOD", int)
        fields["factor"] = factor if factor is not None else reader.read_number("LR_DROP_FACTOR", float)
        fields["every_epochs"] = (
            interval_epochs if interval_epochs is not None else reader.read_number("LR_DROP_PERIOD", int)
        )
    elif kind == "plateau":
        fields["factor"] = reader.read_number("PLATEAU_FACTOR", float)
        fields["patience_epochs"] = reader.read_number("PLATEAU_PATIENCE", int)
    else:
        fields["final_learning_rate"] = reader.read_number("COSINE_ETA_MIN", float) if "cosine" in kind else None
    if kind == "cosine-restarts":
        fields["first_epochs"] = reader.read_number("COSINE_T0", int)
        fields["length_factor"] = reader.read_number("COSINE_T_MULT", int)
    return {"kind": kind, **{name: value for name, value in fields.items() if value is not None}}


def _exploit(reader: SettingsReader) -> dict[str, Any] | None:
    """The phase after patience runs out; None when the file has none or zero rounds of it."""
    kinds = {"EXPLOIT_REPETITIONS": int, "EXPLOIT_EPOCHS": int}
    fields = {_EXPLOIT_FIELDS[key]: reader.read_number(key, kinds.get(key, float)) for key in _EXPLOIT_FIELDS}
    settings = {name: value for name, value in fields.items() if value is not None}
    if not settings or settings.get("rounds") == 0:
        return None
    return {"epochs": _EXPLOIT_EPOCHS, **settings}


def _time_budget(reader: SettingsReader) -> float | None:
    """Time limit of a training; 0 and a missing value mean none."""
    parts = {key: reader.read_number(key, float) for key in _SECONDS_BY_KEY}
    total = reader.read_number("MAX_TRAINING_TIME_SECONDS", float)
    grid_keys = [
        key for key, value in [*parts.items(), ("MAX_TRAINING_TIME_SECONDS", total)] if isinstance(value, list)
    ]
    for key in grid_keys:
        reader.add_note(key, "a grid of times has no counterpart here: a training has no limit in time")
    if grid_keys:
        return None
    total_s = sum(_SECONDS_BY_KEY[key] * value for key, value in parts.items() if value)
    return total_s or total or None


def _device(reader: SettingsReader) -> str | None:
    selection = reader.read_text("DEVICE_SELECTION")
    if selection is None:
        return None
    return "cpu" if selection.lower() == "cpu" else "auto"


def _batch_settings(reader: SettingsReader, method: str) -> dict[str, Any]:
    """Settings of one method: its batch size and the lookback of a recurrent network."""
    batch_size = reader.read_number("BATCH_SIZE", int)
    if method == "rows":
        return {} if batch_size is None else {"batch_size": batch_size}
    lookback = reader.read_number("LOOKBACK", int)
    settings = (("batch_size", batch_size), ("lookback", lookback))
    return {name: value for name, value in settings if value is not None}


def _note_unused_keys(reader: SettingsReader, kinds: list[str], schedule: str) -> None:
    """Note every key that has become no setting."""
    for key in set(reader.values) - reader.used_keys:
        owners = [kind for kind, keys in _MODEL_KEYS.items() if key in keys]
        schedules = [kind for kind, keys in _SCHEDULE_KEYS.items() if key in keys]
        filters = [kind for kind, keys in _FILTER_KEYS.items() if key in keys]
        if owners and not set(owners) & set(kinds):
            reader.add_note(
                key, f"belongs to {' and '.join(owners).upper()}, which the file does not choose or is not here"
            )
        elif schedules and schedule not in schedules:
            reader.add_note(key, f"belongs to the schedule '{schedules[0]}', which the file does not choose")
        elif filters:
            reader.add_note(key, f"belongs to the output filter '{filters[0]}', which the file does not choose")
        else:
            reader.add_note(key, _NOTE_BY_UNUSED_KEY.get(key, _UNKNOWN_NOTE))
