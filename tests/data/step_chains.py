"""Steps of every kind, a table that all of them can process, and strategies that draw chains of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
from hypothesis import strategies as st
from pydantic import TypeAdapter

from vestim_core.data.table import Table
from vestim_core.spec.preparation import Normalize, PreRoll, Resample, Step
from vestim_core.spec.signals import SignalsSpec

STEP_KINDS: tuple[type[Any], ...] = get_args(get_args(Step)[0])
SIGNALS = SignalsSpec(features=["soc", "current_A"], target="voltage_V")
COLUMNS = ("soc", "current_A", "voltage_V", "temperature_degC")
FORMULAS = (
    "current_A * voltage_V - 0.5 * temperature_degC ** 2",
    "lag(voltage_V, 3) - shift(voltage_V, 0)",
    "moving_average(current_A, 4) + moving_average(current_A, 40)",
    "rolling_max(abs(current_A), 5) - rolling_max(current_A, 30)",
    "ema(current_A, 7) + lowpass(voltage_V, 0.05) + lowpass(voltage_V, 0.02, 3)",
    "noise(soc, 0.01 * abs(current_A)) + noise(0, 1)",
    "where(current_A > 0, sqrt(abs(current_A)), -(current_A <= -1)) + log(voltage_V) + clip(soc, 0.2, 0.8)",
    "ema(lag(rolling_max(current_A, 3), 2), 5) / maximum(voltage_V, 1)",
)

steps_of: TypeAdapter[list[Step]] = TypeAdapter(list[Step])


def irregular_table(rows: int = 80, seed: int = 0, gap_at: int | None = 50, **columns: np.ndarray) -> Table:
    """A file of irregular rows about 0.7 s apart, with a gap."""
    random = np.random.default_rng(seed)
    time_s = np.concatenate(([0.0], np.cumsum(random.uniform(0.05, 1.4, rows - 1))))
    if gap_at is not None:
        time_s[gap_at:] += 500.0
    values = {
        "soc": random.uniform(0.1, 0.9, rows),
        "current_A": random.normal(0, 3, rows),
        "voltage_V": random.uniform(3, 4, rows),
        "temperature_degC": random.uniform(10, 40, rows),
    }
    return Table(Path(f"s{seed}.csv"), f"s{seed}.csv", f"{seed:064d}", {"time_s": time_s, **values, **columns})


def complete_chain(*steps: Any, resample: Resample | None = None) -> list[Step]:
    """Complete a list of steps with resampling and normalization."""
    return [resample or Resample(period_s=1.0), *steps, Normalize()]


@st.composite
def chains(draw: st.DrawFn) -> list[Step]:
    """A valid list of steps; each new column may be read by later steps."""
    available_columns = list(COLUMNS)
    middle: list[dict[str, Any]] = []
    for index in range(draw(st.integers(0, 6))):
        kind = draw(
            st.sampled_from(
                ["butterworth", "ema", "moving_average", "savitzky_golay", "formula", "coulomb_soc", "augment"]
            )
        )
        column, output = draw(st.sampled_from(available_columns)), f"made_{index}"
        settings: dict[str, Any] = {
            "butterworth": {
                "cutoff_Hz": draw(st.floats(0.005, 0.2)),
                "order": draw(st.integers(1, 5)),
                "start": draw(st.sampled_from(["steady", "zero"])),
            },
            "ema": {"tau_s": draw(st.floats(0.1, 500))},
            "moving_average": {"window_s": draw(st.floats(2.0, 60))},
            "savitzky_golay": {"window_s": draw(st.floats(10, 60)), "polynomial": draw(st.integers(0, 3))},
            "formula": {"formula": draw(st.sampled_from(FORMULAS)), "seed": draw(st.integers(0, 9))},
            "coulomb_soc": {
                "capacity_Ah": draw(st.floats(0.1, 10)),
                "start_column": draw(st.sampled_from(["", "soc"])),
                "efficiency": draw(st.floats(0.9, 1)),
            },
            "augment": {
                "offset": draw(st.floats(0, 1)),
                "gain_percent": draw(st.floats(0, 5)),
                "noise": draw(st.floats(0, 0.1)),
                "noise_shape": draw(st.sampled_from(["gaussian", "uniform"])),
                "seed": draw(st.integers(0, 9)),
            },
        }[kind]
        if kind == "formula":
            middle.append({"step": kind, "output": output, **settings})
        elif kind == "augment":
            # voltage is never augmented, so that no formula takes the logarithm of a negative value
            middle.append({"step": kind, "column": "current_A" if column == "voltage_V" else column, **settings})
            continue
        else:
            middle.append({"step": kind, "column": column, "output": output, **settings})
        available_columns.append(output)
    if draw(st.booleans()):
        pre_roll = PreRoll(
            duration_s=draw(st.integers(0, 20)), rows=draw(st.sampled_from(["rest", "first"]))
        ).model_dump()
        middle.insert(draw(st.integers(0, len(middle))), pre_roll)
    resample = {
        "step": "resample",
        "period_s": draw(st.sampled_from([0.5, 0.7, 1.0, 2.0])),
        "max_gap_s": draw(st.sampled_from([10.0, 60.0])),
        "method": draw(st.sampled_from(["mean", "linear", "rows"])),
    }
    return steps_of.validate_python([resample, *middle, {"step": "normalize"}])
