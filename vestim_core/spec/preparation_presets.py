"""Presets of the preparation: whole lists of steps for common needs, as data that a client shows and lets change."""

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
    Normalise,
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
"""Usual errors of a vehicle's sensors, and of the SOC that is told to it."""
_TIME_CONSTANTS_S = (5.0, 30.0, 150.0, 600.0)


@dataclass(frozen=True)
class Preset:
    """name: for files and commands. description: what it is for. features: the inputs that go with it."""

    name: str
    title: str
    description: str
    features: tuple[str, ...]
    steps: tuple[Step, ...]


def predecessor_order(
    *,
    period_s: float = 1.0,
    filters: Sequence[Butterworth | Ema | MovingAverage | SavitzkyGolay] = (),
    formulas: Sequence[Formula | CoulombSoc] = (),
    noise: Sequence[Augment] = (),
    padding_s: float = 0.0,
) -> list[Step]:
    """Steps in the order of VEstim's jobs: resample, filters, formulas, training noise, rested padding, min-max."""
    padding = [PreRoll(duration_s=padding_s)] if padding_s else []
    return [Resample(period_s=period_s), *filters, *formulas, *noise, *padding, Normalise(method="min-max")]


def filtered_power(fast_Hz: float = 0.02, slow_Hz: float = 0.002) -> list[Butterworth]:
    """VEstim's two filtered-power inputs for feed-forward networks; its filters start as if there had been no power."""
    return [
        Butterworth(column="power_W", output=f"power_W_{word}", cutoff_Hz=cutoff_Hz, order=2, start="zero")
        for word, cutoff_Hz in (("fast", fast_Hz), ("slow", slow_Hz))
    ]


def filtered_current() -> list[Ema]:
    """What the current was over the last seconds and minutes, which a feed-forward network cannot remember itself."""
    return [Ema(column="current_A", output=f"current_A_{tau_s:g}s", tau_s=tau_s) for tau_s in _TIME_CONSTANTS_S]


def sensor_errors(columns: Sequence[str], seed: int = 0) -> list[Augment]:
    """Usual sensor errors on those of `columns` for which they are known."""
    return [Augment(column=name, seed=seed, **_SENSOR_ERRORS[name]) for name in columns if name in _SENSOR_ERRORS]


def _presets() -> tuple[Preset, ...]:
    inputs = ("soc", "current_A", "temperature_degC")
    rested = PreRoll()
    return (
        Preset(
            "plain",
            "Plain",
            "Even time grid, rested pre-roll and normalisation: for networks that remember by themselves.",
            inputs,
            tuple(default_preparation()),
        ),
        Preset(
            "filtered_current",
            "Filtered current",
            "Four moving averages of the current beside it: gives a feed-forward network a memory.",
            (*inputs, *(step.output for step in filtered_current())),
            (Resample(), *filtered_current(), rested, Normalise()),
        ),
        Preset(
            "sensor_errors",
            "Sensor errors",
            "Offsets and gain errors on the inputs of training files: for a model that has to live with real sensors.",
            inputs,
            (Resample(), *sensor_errors(inputs), rested, Normalise()),
        ),
        Preset(
            "vestim",
            "As VEstim",
            "VEstim's order: resample, filters, formulas, noise, rested padding, min-max; add steps where they belong.",
            inputs,
            tuple(predecessor_order(padding_s=rested.duration_s)),
        ),
        Preset(
            "vestim_filtered_power",
            "As VEstim, filtered power",
            "VEstim's feed-forward networks: power through two low-pass filters. Power holds the voltage, so that a "
            "model of the voltage gets a hint of what it is to predict.",
            ("soc", "temperature_degC", "power_W_fast", "power_W_slow"),
            tuple(predecessor_order(filters=filtered_power(), padding_s=rested.duration_s)),
        ),
    )


PRESETS = _presets()
"""In the order in which they are offered."""
