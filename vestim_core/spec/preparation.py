"""Preparation steps from a file's rows to a model's inputs. Each kind of step is one class, listed in the union `Step`.

`spec.columns` defines which columns a step reads and adds and validates lists of steps; `spec.preparation_presets`
holds presets of lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from vestim_core.spec.formula import MAX_FORMULA_LENGTH, parse_formula
from vestim_core.spec.section import Section, unit

MAX_COLUMN_NAME_LENGTH = 200  # characters of a column name; arbitrary, bounds messages and tables
_NON_CAUSAL_KEYS = ("center", "centre", "centered", "centred", "zero_phase", "both_ways", "forward_backward")


def _check_formula(text: str) -> str:
    parse_formula(text)
    return text


def _output_field(name: str, description: str = "Name of the filtered column.") -> Any:
    return Field(name, min_length=1, max_length=MAX_COLUMN_NAME_LENGTH, title="New column", description=description)


FormulaText = Annotated[str, AfterValidator(_check_formula)]


class Resample(Section):
    """Resample a file to an even time grid: the value at time t is the mean of the held signal over (t - period, t].

    This averages when downsampling, holds when upsampling, treats all columns the same and needs no row after t.
    Interpolation between rows would need the row after t, so `linear` interpolates with a delay of one row. `rows`
    keeps every row unchanged.
    """

    step: Literal["resample"] = "resample"
    period_s: float = Field(
        1.0,
        gt=0,
        le=3600,
        title="Sample time",
        description="Time between two rows after resampling.",
        json_schema_extra=unit("s"),
    )
    max_gap_s: float = Field(
        60.0,
        gt=0,
        title="Longest gap",
        description="A longer pause between two rows splits the file into segments; it is never bridged.",
        json_schema_extra=unit("s"),
    )
    method: Literal["mean", "linear", "rows"] = Field(
        "mean",
        title="Method",
        description="mean: averages down, holds up, no delay; linear: straight lines between rows, delayed by one row "
        "of the file; rows: each row as it is, for files that have one every sample time.",
    )


class _RepeatableStep(Section):
    """A step that may occur several times. A setting of another kind in it is an error, not a leftover of a grid."""

    rejects_foreign_settings: ClassVar[bool] = True


class _CausalFilterStep(_RepeatableStep):
    """A causal filter of one column into a new column; its state is carried along a segment."""

    column: str = Field(
        "current_A",
        min_length=1,
        max_length=MAX_COLUMN_NAME_LENGTH,
        title="Column",
        description="Column that is filtered.",
    )

    @model_validator(mode="before")
    @classmethod
    def _reject_non_causal_keys(cls, document: Any) -> Any:
        non_causal_keys = [key for key in _NON_CAUSAL_KEYS if isinstance(document, Mapping) and document.get(key)]
        if non_causal_keys:
            raise ValueError(
                f"'{non_causal_keys[0]}' looks ahead: it would need rows that come later, which a battery management "
                f"system does not have; filters here look back only"
            )
        return document


class Butterworth(_CausalFilterStep):
    """Butterworth low-pass filter, run forward only."""

    step: Literal["butterworth"] = "butterworth"
    output: str = _output_field("current_A_butterworth")
    cutoff_Hz: float = Field(
        0.01,
        gt=0,
        le=1e6,
        title="Corner frequency",
        description="Where the filter halves the power; below half the sample rate.",
        json_schema_extra=unit("Hz"),
    )
    order: int = Field(2, ge=1, le=8, title="Order", description="Steepness: 6 dB an octave for each order.")
    start: Literal["steady", "zero"] = Field(
        "steady",
        title="Start",
        description="steady: as if the first value had been there for ever; zero: as if nothing had been.",
    )


class Ema(_CausalFilterStep):
    """Exponential moving average, i.e. a first-order lag."""

    step: Literal["ema"] = "ema"
    output: str = _output_field("current_A_ema")
    tau_s: float = Field(
        30.0,
        gt=0,
        le=1e9,
        title="Time constant",
        description="After this time a step has been followed by 63 %.",
        json_schema_extra=unit("s"),
    )


class MovingAverage(_CausalFilterStep):
    """Mean over a window that ends at the current row; shorter at the start of a segment."""

    step: Literal["moving_average"] = "moving_average"
    output: str = _output_field("current_A_average")
    window_s: float = Field(
        60.0, gt=0, le=1e8, title="Window", description="Length of the window.", json_schema_extra=unit("s")
    )


class SavitzkyGolay(_CausalFilterStep):
    """Polynomial fitted to a window that ends at the current row and evaluated at that row, hence causal."""

    step: Literal["savitzky_golay"] = "savitzky_golay"
    output: str = _output_field("current_A_smooth")
    window_s: float = Field(
        60.0, gt=0, le=1e8, title="Window", description="Length of the window.", json_schema_extra=unit("s")
    )
    polynomial: int = Field(
        2, ge=0, le=6, title="Polynomial order", description="Order of the polynomial that is fitted."
    )


class Formula(_RepeatableStep):
    """A new column from a formula of columns in the same row and earlier rows."""

    step: Literal["formula"] = "formula"
    output: str = _output_field("formula", "Name of the computed column.")
    formula: FormulaText = Field(
        "current_A * voltage_V",
        max_length=MAX_FORMULA_LENGTH,
        title="Formula",
        description="Columns, numbers, + - * / **, comparisons, and functions such as abs, sqrt, where, lag(x, n), "
        "moving_average(x, n), rolling_max(x, n), ema(x, seconds), lowpass(x, hertz), noise(mean, std).",
    )
    seed: int = Field(
        0, ge=0, le=2**32 - 1, title="Seed", description="Another seed gives the formula's noise other values."
    )


class CoulombSoc(_RepeatableStep):
    """State of charge by coulomb counting. The count does not change over a gap in the file."""

    step: Literal["coulomb_soc"] = "coulomb_soc"
    column: str = Field(
        "current_A",
        min_length=1,
        max_length=MAX_COLUMN_NAME_LENGTH,
        title="Current",
        description="Column with the current in A, positive when charging.",
    )
    output: str = _output_field("soc", "Name of the counted SOC.")
    capacity_Ah: float = Field(
        4.5,
        gt=0,
        le=1e6,
        title="Capacity",
        description="Charge from SOC 0 to SOC 1.",
        json_schema_extra=unit("Ah"),
    )
    initial_soc: float = Field(
        1.0,
        ge=0,
        le=1,
        title="SOC at start",
        description="SOC in the first row of every file, unless a column gives it.",
        json_schema_extra=unit("1"),
    )
    start_column: str = Field(
        "",
        max_length=MAX_COLUMN_NAME_LENGTH,
        title="SOC at start from",
        description="Column whose value in the first row of each segment starts the count; empty: SOC at start.",
    )
    efficiency: float = Field(
        1.0,
        gt=0,
        le=1,
        title="Charge efficiency",
        description="Share of the charging current that stays in the cell.",
        json_schema_extra=unit("1"),
    )


class Augment(_RepeatableStep):
    """Sensor errors added to one column of training files only, drawn once per file from the seed and recorded.

    value = column * (1 + gain) + offset + noise, rounded to the quantum. On `soc` the offset shifts the label.
    """

    step: Literal["augment"] = "augment"
    column: str = Field(
        "current_A",
        min_length=1,
        max_length=MAX_COLUMN_NAME_LENGTH,
        title="Column",
        description="Column that the sensor measures.",
    )
    offset: float = Field(
        0.0,
        ge=0,
        title="Offset",
        description="Each training file is shifted by a value between minus and plus this, in the column's unit.",
    )
    gain_percent: float = Field(
        0.0,
        ge=0,
        le=100,
        title="Gain error",
        description="Each training file is scaled by a factor off by at most this.",
        json_schema_extra=unit("%"),
    )
    noise: float = Field(
        0.0, ge=0, title="Noise", description="Standard deviation of white noise, in the column's unit."
    )
    noise_shape: Literal["gaussian", "uniform"] = Field(
        "gaussian", title="Shape of the noise", description="Distribution of the white noise."
    )
    quantum: float = Field(
        0.0, ge=0, title="Resolution", description="Smallest step of the converter, in the column's unit; 0: none."
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, title="Seed", description="Another seed gives other errors.")


class PreRoll(Section):
    """Prepend rows to each segment so that a recurrent model starts from a settled state.

    Rest rows have zero current and otherwise the first row's values, processed by the earlier steps. Prepended rows are
    never scored.
    """

    step: Literal["pre_roll"] = "pre_roll"
    duration_s: float = Field(
        100.0,
        ge=0,
        le=36000,
        title="Rested pre-roll",
        description="Length of the rest put before each segment.",
        json_schema_extra=unit("s"),
    )
    rows: Literal["rest", "first"] = Field(
        "rest",
        title="Rows of the pre-roll",
        description="rest: rows without current; first: the first row again and again, as it is.",
    )


class Normalize(Section):
    """Scale features and target. The scaling is fitted on training files only, saved, and applied everywhere."""

    step: Literal["normalize"] = "normalize"
    method: Literal["min-max", "z-score", "none"] = Field(
        "z-score",
        title="Normalization",
        description="min-max: to 0..1 of the training range; z-score: mean 0, deviation 1; none: as it is.",
    )


AnyColumnStep = Butterworth | Ema | MovingAverage | SavitzkyGolay | Formula | CoulombSoc
"""Steps that add one new column, row by row."""

Step = Annotated[
    Resample | Butterworth | Ema | MovingAverage | SavitzkyGolay | Formula | CoulombSoc | Augment | PreRoll | Normalize,
    Field(discriminator="step"),
]


def default_preparation() -> list[Step]:
    """Return the steps of a job whose spec names none."""
    return [Resample(), PreRoll(), Normalize()]
