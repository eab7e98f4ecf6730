"""Preparation presets: lists of steps for common needs, as data that clients show and let users edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vestim_core.spec.preparation import (
    Augment,
    Butterworth,
    CoulombSoc,
    Ema,
    Formula,
    MovingAverage,
    Normalize,
    PreRoll,
    Resample,
    SavitzkyGolay,
    Step,
    default_preparation,
)

_SENSOR_ERRORS: dict[str, dict[str, float]] = {
    "voltage_V": {"offset": 0.004},
    "current_A": {"offset": 0.1, "gain_percent": 1.0},
    "temperature_degC": {"offset": 5.0},
    "soc": {"offset": 0.01},
}
"""Typical errors of vehicle sensors and of the SOC estimate in a vehicle, in the column's unit or percent."""
_TIME_CONSTANTS_S = (5.0, 30.0, 150.0, 600.0)


@dataclass(frozen=True)
class PreparationPreset:
    """A preparation preset. name: id for files and commands. features: model inputs that the steps are made for."""

    name: str
    title: str
    description: str
    features: tuple[str, ...]
    steps: tuple[Step, ...]


def legacy_order(
    *,
    period_s: float = 1.0,
    filters: Sequence[Butterworth | Ema | MovingAverage | SavitzkyGolay] = (),
    formulas: Sequence[Formula | CoulombSoc] = (),
    noise: Sequence[Augment] = (),
    padding_s: float = 0.0,
) -> list[Step]:
    """Steps in the order of legacy jobs: resample, filters, formulas, training noise, rested padding, min-max."""
    padding = [PreRoll(duration_s=padding_s)] if padding_s else []
    return [Resample(period_s=period_s), *filters, *formulas, *noise, *padding, Normalize(method="min-max")]


def power_filters(fast_Hz: float = 0.02, slow_Hz: float = 0.002) -> list[Butterworth]:
    """The two filtered-power inputs of legacy feed-forward networks; the filters start from zero power."""
    return [
        Butterworth(column="power_W", output=f"power_W_{suffix}", cutoff_Hz=cutoff_Hz, order=2, start="zero")
        for suffix, cutoff_Hz in (("fast", fast_Hz), ("slow", slow_Hz))
    ]


def current_filters() -> list[Ema]:
    """Averages of the current over the last seconds to minutes, as memory for a feed-forward network."""
    return [Ema(column="current_A", output=f"current_A_{tau_s:g}s", tau_s=tau_s) for tau_s in _TIME_CONSTANTS_S]


def sensor_error_steps(columns: Sequence[str], seed: int = 0) -> list[Augment]:
    """Typical sensor errors for those of `columns` with known errors."""
    return [Augment(column=name, seed=seed, **_SENSOR_ERRORS[name]) for name in columns if name in _SENSOR_ERRORS]


def _presets() -> tuple[PreparationPreset, ...]:
    inputs = ("soc", "current_A", "temperature_degC")
    pre_roll = PreRoll()
    return (
        PreparationPreset(
            "plain",
            "Plain",
            "Even time grid, rested pre-roll and normalization: for networks that remember by themselves.",
            inputs,
            tuple(default_preparation()),
        ),
        PreparationPreset(
            "filtered_current",
            "Filtered current",
            "Four moving averages of the current beside it: gives a feed-forward network a memory.",
            (*inputs, *(step.output for step in current_filters())),
            (Resample(), *current_filters(), pre_roll, Normalize()),
        ),
        PreparationPreset(
            "sensor_errors",
            "Sensor errors",
            "Offsets and gain errors on the inputs of training files: for a model that has to live with real sensors.",
            inputs,
            (Resample(), *sensor_error_steps(inputs), pre_roll, Normalize()),
        ),
        PreparationPreset(
            "vestim",
            "As VEstim",
            "VEstim's order: resample, filters, formulas, noise, rested padding, min-max; add steps where they belong.",
            inputs,
            tuple(legacy_order(padding_s=pre_roll.duration_s)),
        ),
        PreparationPreset(
            "vestim_filtered_power",
            "As VEstim, filtered power",
            "VEstim's feed-forward networks: power through two low-pass filters. Power holds the voltage, so that a "
            "model of the voltage gets a hint of what it is to predict.",
            ("soc", "temperature_degC", "power_W_fast", "power_W_slow"),
            tuple(legacy_order(filters=power_filters(), padding_s=pre_roll.duration_s)),
        ),
    )


PREPARATION_PRESETS = _presets()
"""All preparation presets, in display order."""
